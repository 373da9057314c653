"""What a student was made with, from the manifests: bbkd.toml may have changed since."""

import msgspec

from blackbox_kd import __version__
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_rows
from blackbox_kd.records import Completion
from blackbox_kd.run import COMPLETIONS, TRAIN_ROWS, Manifest, RunDir, require
from blackbox_kd.teachers.terms import Notice, Terms

BEFORE = ("prompts", "import", "query", "filter", "train", "evaluate")
SIMULATED = "simulated"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """How the student came to be; `warnings` name stages that did not build on each other's last files."""

    manifests: dict[str, Manifest]
    date: str  # of the last stage: 2026-11-30
    seed: int
    foreign: bool  # another student was evaluated than the run's own
    student: str
    system: str
    version: str  # of bbkd, when it trained
    dataset_sha256: str
    teachers: tuple[str, ...]
    simulated: bool
    task: str
    terms: str
    notices: tuple[str, ...]  # what the terms of teachers and models say, as it was shown
    duties: tuple[str, ...]  # of whoever distributes the student
    warnings: tuple[str, ...]


def made(run: RunDir) -> Made:
    """Read the manifests; raises `InputError` naming the stage that has not finished."""
    manifests = finished(run)
    foreign = is_foreign(manifests["evaluate"])
    train = manifests["evaluate" if foreign else "train"]  # what the student was asked with
    paid = manifests.get("query")
    names = sorted(replied(run, foreign))
    labels = [label for label, _ in names]
    real = {label for label, model in names if not is_simulated(label, model) and not label.startswith("imported/")}
    terms = msgspec.convert(paid.recorded.get("terms", {}) if paid else {}, dict[str, Terms])
    told = msgspec.convert(paid.recorded.get("notices", {}) if paid else {}, dict[str, tuple[Notice, ...]])
    needed = {label for label, found in told.items() if any(one.needs_ack for one in found)} if told else real
    unread = ("No acknowledgement of the teacher's terms is recorded.",) if needed & real - terms.keys() else ()
    notices = list(dict.fromkeys(one for found in told.values() for one in found))
    seed = train.settings.get("seed")
    return Made(
        manifests=manifests,
        date=max(one.finished for one in manifests.values())[:10],
        seed=seed if isinstance(seed, int) else 0,
        foreign=foreign,
        student=str(train.settings.get("train.student", "")),
        system=str(train.settings.get("train.system", "")),
        version=str(train.recorded.get("bbkd", __version__)),
        dataset_sha256=train.reads.get(TRAIN_ROWS, ""),
        teachers=tuple(f"{label} (served as {model or 'unnamed'})" for label, model in names),
        simulated=any(is_simulated(label, model) for label, model in names),
        task=next((label.partition("/")[2] for label in labels if label.startswith(f"{SIMULATED}/")), ""),
        terms="; ".join(f"{model}: {one.ack} ({one.basis})" for model, one in terms.items()),
        notices=tuple(one.text for one in notices),
        duties=tuple(one.duty for one in notices if one.duty),
        warnings=(*outdated(manifests), *unread),
    )


def is_foreign(evaluated: Manifest) -> bool:
    """Whether `[evaluate]` named another student than the run's own, or its answers in a file."""
    return any(evaluated.settings.get(f"evaluate.{key}") for key in ("student", "completions"))


def replied(run: RunDir, foreign: bool) -> set[tuple[str, str]]:
    """(teacher, model as served) of all completions; a run that evaluates logged answers may have none."""
    if foreign and not (run / COMPLETIONS).exists():
        return set()
    rows = read_rows(require(run / COMPLETIONS, "generate"), Completion)
    return {(one.teacher, one.served_model) for one in rows}


def is_simulated(label: str, served_model: str) -> bool:
    """Whether a program stood in for the teacher: ours, or a `bbkd simulate` that was asked as any server is."""
    return label.startswith(f"{SIMULATED}/") or served_model.startswith(SIMULATED)


def finished(run: RunDir) -> dict[str, Manifest]:
    """The manifests that stand behind a student, by stage; imported completions take the place of prompts and query.

    Behind another student than the run's own only its evaluation has to stand. Raises `InputError` naming the first
    stage that has not finished.
    """
    found = {name: one for name in BEFORE if (one := run.manifest(name)) is not None}
    first = ("import",) if "import" in found else ("prompts", "query")
    needed = (*first, "filter", "train", "evaluate")
    evaluated = found.get("evaluate")
    wanted = ("evaluate",) if evaluated is not None and is_foreign(evaluated) else needed
    for name in wanted:
        if name not in found:
            raise InputError(f"{name} has not finished: {run.manifest_path(name)} is missing", f"Run `bbkd {name}`.")
    return {name: found[name] for name in needed if name in found}


def outdated(manifests: dict[str, Manifest]) -> tuple[str, ...]:
    """A warning for each file of which a stage used another version than its writer left last, and for each setting of
    the student with which it was evaluated but not trained.
    """
    wrote = {file: (name, sha256) for name, one in manifests.items() for file, sha256 in one.writes.items()}
    found = [
        f"{name} used another {file} than {wrote[file][0]} wrote last: run `bbkd run`."
        for name, one in manifests.items()
        for file, sha256 in one.reads.items()
        if file in wrote and wrote[file][1] != sha256
    ]
    if "train" not in manifests or is_foreign(manifests["evaluate"]):
        return tuple(found)
    trained, evaluated = manifests["train"].settings, manifests["evaluate"].settings
    found += [
        f"evaluate used another {key} than train: run `bbkd run`."
        for key, value in evaluated.items()
        if key in trained and key.startswith("train.") and trained[key] != value
    ]
    return tuple(found)
