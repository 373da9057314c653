"""Runs a stage if it is stale, says why, and writes its manifest last."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from blackbox_kd import __version__
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import digest, sweep
from blackbox_kd.records import Json
from blackbox_kd.run import (
    ABSENT,
    COMPLETIONS,
    FACTS,
    ITEMS,
    METRICS,
    PREDICTIONS,
    PROMPTS,
    REJECTED,
    SCORES,
    STUDENT,
    TRAIN_ROWS,
    TRAINING_RESULT,
    VALIDATION_ROWS,
    VERDICTS,
    Counts,
    Manifest,
    RunDir,
    flatten,
    now,
    reasons,
)

WRITERS: dict[str, tuple[str, ...]] = {  # who writes a file: any one of these must have finished before it is read
    PROMPTS: ("prompts", "import"),
    COMPLETIONS: ("query", "import"),
    TRAIN_ROWS: ("filter",),
    VALIDATION_ROWS: ("filter",),
    SCORES: ("judge",),
    REJECTED: ("filter",),
    VERDICTS: ("filter",),
    STUDENT: ("train",),
    TRAINING_RESULT: ("train",),
    FACTS: ("evaluate",),
    ITEMS: ("evaluate",),
    PREDICTIONS: ("evaluate",),
    METRICS: ("evaluate",),
}


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage: which settings and files decide whether it is stale, what it writes, and what it does."""

    name: str
    settings: Callable[[Config], Mapping[str, object]]  # named settings; nested ones are flattened to dotted keys
    reads: Callable[[RunDir, Config], list[Path]]
    writes: tuple[str, ...]
    main: Callable[[RunDir, Config], Counts]
    recorded: Callable[[Config], dict[str, Json]] = lambda config: {}
    wanted: Callable[[RunDir, Config], tuple[str, ...]] = (
        lambda run, config: ()
    )  # reasons that no file or setting tells


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a stage; `failed` rows failed for good."""

    stage: str
    ran: bool
    reasons: tuple[str, ...]
    counts: Counts

    @property
    def failed(self) -> int:
        """Rows that failed for good in this very execution."""
        return int(self.counts.get("failed", 0)) if self.ran else 0


def stale(stage: Stage, run: RunDir, config: Config) -> tuple[str, ...]:
    """Why the stage has to run; empty if what it wrote still stands."""
    found = reasons(run.manifest(stage.name), run, settings_of(stage, config), read_digests(stage, run, config))
    return found + stage.wanted(run, config)


def execute(stage: Stage, run: RunDir, config: Config) -> Outcome:
    """Run a stale stage under the lock that the caller holds; its errors pass through.

    After an error the old manifest stands if the stage had not touched its files, else there is none.
    """
    why = stale(stage, run, config)
    old = run.manifest(stage.name)
    if not why and old is not None:
        run.progress.note(f"{stage.name}: up to date")
        return Outcome(stage=stage.name, ran=False, reasons=(), counts=old.counts)
    allowed(stage, run, config)
    for reason in why:
        run.progress.note(f"{stage.name}: {reason}")
    for path in (*(run / name for name in stage.writes), run.manifest_path(stage.name)):
        sweep(path)
    with unfinished(run, old, stage.name):
        reads, started = read_digests(stage, run, config), now()
        counts = stage.main(run, config)
    written = [name for name in stage.writes if (run / name).exists()]
    manifest = Manifest(
        stage=stage.name,
        settings=settings_of(stage, config),
        reads=reads,
        writes={name: digest(run / name) for name in written},
        counts=counts,
        recorded={"bbkd": __version__, **stage.recorded(config)},
        started=started,
        finished=now(),
    )
    run.finish(manifest)
    run.progress.note(f"{stage.name}: {', '.join(f'{name} {value:,}' for name, value in counts.items())}")
    return Outcome(stage=stage.name, ran=True, reasons=why, counts=counts)


def allowed(stage: Stage, run: RunDir, config: Config) -> None:
    """Raise `InputError` if a stage before this one has not finished, or a file that is read would be overwritten."""
    writes = {(run / name).resolve() for name in stage.writes}
    for path in stage.reads(run, config):
        if path.resolve() in writes:
            raise InputError(
                f"{stage.name} reads {path} and would overwrite it",
                f"Use a run directory of its own: --run {run.path / 'runs' / 'main'}",
            )
        writer = WRITERS.get(run.name_of(path)) if path.is_relative_to(run.path) else None
        if writer and not any(run.manifest_path(name).exists() for name in writer):
            command = "generate" if writer[0] == "query" else writer[0]
            raise InputError(f"{path}: {writer[0]} has not finished writing it", f"Run `bbkd {command}` first.")


@contextmanager
def unfinished(run: RunDir, old: Manifest | None, name: str) -> Iterator[None]:
    """Take the manifest away while a stage works; put it back if the stage fails before it changes a file."""
    path = run.manifest_path(name)
    aside = path.with_suffix(".previous")
    if old is None:
        aside.unlink(missing_ok=True)  # of a process that was killed: its files may be torn
        yield
        return
    path.replace(aside)
    with ExitStack() as failed:
        failed.callback(restore, run, old, aside)
        yield
        failed.pop_all()
    aside.unlink()


def restore(run: RunDir, old: Manifest, aside: Path) -> None:
    """Put a manifest back if all that it says was written still stands, else drop it."""
    if all(digest(run / file) == was for file, was in old.writes.items()):
        aside.replace(run.manifest_path(old.stage))
    else:
        aside.unlink()


def settings_of(stage: Stage, config: Config) -> dict[str, Json]:
    """The settings that decide, as dotted keys."""
    return {key: value for name, item in stage.settings(config).items() for key, value in flatten(item, name).items()}


def read_digests(stage: Stage, run: RunDir, config: Config) -> dict[str, str]:
    """Name and sha256 of every file that the stage reads."""
    return {run.name_of(path): digest(path) if path.exists() else ABSENT for path in stage.reads(run, config)}
