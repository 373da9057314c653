"""Two students' answers to the same items, found by content and scored again against one set of references.

Neither new ids nor changed references can then make a difference between two runs.
"""

from collections.abc import Sequence
from typing import NamedTuple

from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import digest, read_rows
from blackbox_kd.measures import Reference
from blackbox_kd.records import Item, Prediction, Prompt
from blackbox_kd.report.words import counted
from blackbox_kd.run import ITEMS, PREDICTIONS, PROMPTS, RunDir, require
from blackbox_kd.stages.content import content_key
from blackbox_kd.stages.evaluating.scoring import Scorer

OTHERS = ("evaluate.student", "evaluate.completions")


class Pair(NamedTuple):
    """Two answers to one item, which is the new run's."""

    item: Item
    new: Prediction
    old: Prediction


class Paired(NamedTuple):
    """What two runs have in common, in the order of the keys; ids are the new run's."""

    pairs: list[Pair]
    unpaired_new: int
    unpaired_old: int
    trained_on: int  # pairs left out
    notes: tuple[str, ...]


class Row(NamedTuple):
    """Two scores of one item."""

    new: float
    old: float
    item: Item


def paired(run: RunDir, baseline: RunDir | None) -> Paired:
    """The run's student beside the baseline's; without a baseline, beside the run's teacher.

    Items whose prompts one of the runs trains on are left out. Raises `InputError` where an evaluation is missing or
    out of date, or no item is shared.
    """
    finished(run, own=True)
    if baseline is not None:
        finished(baseline, own=False)
    new = answers(run, "student")
    old = answers(run, "teacher") if baseline is None else answers(baseline, "student")
    shared = set(new) & set(old)
    if not shared:
        where = f"{run.path}: student and teacher" if baseline is None else f"{run.path} and {baseline.path}"
        fix = "Both have to be evaluated on the same held-out prompts: gold, or a registry of splits, keeps them."
        raise InputError(f"{where} share no item", fix)
    runs = [one for one in (run, baseline) if one is not None]
    both = sorted(key for key in shared if len(new[key]) == len(old[key]) == 1)
    leaked, unknown = trained_on(runs, set(both))
    notes = [f"{one.path}: measured was {other}, not the run's own student" for one in runs if (other := foreign(one))]
    if twice := len(shared) - len(both):
        notes.append(f"{counted(twice, 'prompt')} left out: asked twice in a run, so which answers to pair is open")
    pairs = [Pair(*new[key][0], old[key][0][1]) for key in both if key not in leaked]
    return Paired(pairs, len(new) - len(shared), len(old) - len(shared), len(leaked), (*notes, *unknown))


def foreign(run: RunDir) -> str:
    """What was measured in place of the run's own student; "" where it was that."""
    was = run.manifest("evaluate")
    return "" if was is None else next((str(was.settings[key]) for key in OTHERS if was.settings.get(key)), "")


def finished(run: RunDir, own: bool) -> None:
    """Raise `InputError` if the evaluation of the run is not whole, or what it measured has changed since.

    Of a baseline, eval/ alone may have been kept: without a manifest, so that one of another stage tells of a run that
    is being evaluated, or whose evaluation was stopped.
    """
    was = run.manifest("evaluate")
    if was is None and (own or any(run.manifest_path("evaluate").parent.glob("*.json"))):
        raise InputError(f"{run.path}: evaluate has not finished", f"Run `bbkd evaluate --run {run.path}` first.")
    files = {} if was is None else {**(was.reads if own else {}), **was.writes}
    for name, then in files.items():
        if (run / name).exists() and digest(run / name) != then:
            raise InputError(
                f"{run / name} has changed since it was evaluated", f"Run `bbkd evaluate --run {run.path}` again."
            )


def answers(run: RunDir, model: str) -> dict[str, list[tuple[Item, Prediction]]]:
    """A model's answers by their item's key, the retention set aside: several where a content was asked twice."""
    items = {one.id: one for one in read_rows(require(run / ITEMS, "evaluate"), Item) if not one.retention}
    found: dict[str, list[tuple[Item, Prediction]]] = {}
    for made in read_rows(require(run / PREDICTIONS, "evaluate"), Prediction):
        if made.model == model and (item := items.get(made.prompt_id)) is not None:
            found.setdefault(item.key, []).append((item, made))
    return found


def trained_on(runs: Sequence[RunDir], keys: set[str]) -> tuple[set[str], tuple[str, ...]]:
    """Those of the keys whose prompts a run may train on, and the runs of which that is not known."""
    leaked: set[str] = set()
    notes = []
    for run in runs:
        if (run / PROMPTS).exists():
            prompts = read_rows(run / PROMPTS, Prompt)
            leaked |= {key for one in prompts if one.split == "train" and (key := content_key(one.messages)) in keys}
        else:
            notes.append(f"whether {run.path} trained on these items is not known: it has no {PROMPTS}")
    return leaked, tuple(notes)


def rescored(run: RunDir, pairs: Sequence[Pair], scorer: Scorer) -> tuple[Reference, list[Row]]:
    """Both answers of each pair scored against the same text: gold where the run has any, else its teacher's answer.

    A pair without one is left out; a metric that needs no reference looks at the answers alone.
    """
    if not scorer.needs_reference:
        return "none", [Row(scorer.score(one.new.text, ""), scorer.score(one.old.text, ""), one.item) for one in pairs]
    gold = gold_of(pairs)
    right = gold if gold or not scorer.reference_is_answer else teacher_of(run)
    rows = [
        Row(scorer.score(one.new.text, text), scorer.score(one.old.text, text), one.item)
        for one in pairs
        if (text := right.get(one.item.id)) is not None
    ]
    return "gold" if gold else "teacher", rows


def gold_of(pairs: Sequence[Pair]) -> dict[str, str]:
    """The references of the new run's items, by prompt id."""
    return {one.item.id: one.item.reference for one in pairs if one.item.reference is not None}


def teacher_of(run: RunDir) -> dict[str, str]:
    """The teacher's answers of a run, by prompt id."""
    made = read_rows(run / PREDICTIONS, Prediction)
    return {one.prompt_id: one.text for one in made if one.model == "teacher"}
