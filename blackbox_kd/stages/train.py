"""train: fine-tunes the student on the dataset, and nothing else."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from blackbox_kd.config.train import SERVED, Served
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_rows, write_json, write_rows
from blackbox_kd.records import Example, Json, Record, conversation
from blackbox_kd.run import (
    STUDENT,
    TRAIN_ROWS,
    TRAINING_LOG,
    TRAINING_RESULT,
    VALIDATION_ROWS,
    Counts,
    Progress,
    RunDir,
    require,
)
from blackbox_kd.stages.stage import Stage
from blackbox_kd.student.source import path_of

if TYPE_CHECKING:
    from blackbox_kd.student.train import TrainResult

KEPT_EVERY = 5  # steps
PACE = ("save_every_steps",)


def main(run: RunDir, config: Config) -> Counts:
    """Train on dataset/train.jsonl; writes the student's folder, training.jsonl and training.json.

    Raises `InputError` without rows, and `UsageError` for a student or settings that cannot work.
    """
    examples, validation = dataset(run, config)
    result = train_in(run.path, run, config, examples, validation, seed_of(config), "train")
    counts: Counts = {"rows": result.rows, "left_out_overlong": result.rows_overlong}
    return counts | {"steps": result.steps, "tokens": result.tokens}


def dataset(run: RunDir, config: Config) -> tuple[list[Example], list[Example]]:
    """The rows to train on and those to validate with; raises `InputError` without any to train on."""
    examples = with_system(require(run / TRAIN_ROWS, "filter"), config.train.system)
    if not examples:
        raise InputError(f"{run / TRAIN_ROWS}: no rows to train on", "Loosen a filter, or make more prompts.")
    return examples, with_system(run / VALIDATION_ROWS, config.train.system)


def train_in(
    folder: Path,
    run: RunDir,
    config: Config,
    examples: Sequence[Example],
    validation: Sequence[Example],
    seed: int,
    label: str,
) -> "TrainResult":
    """Train into a folder: the student, training.jsonl, and training.json, which is there once all is whole.

    A training that was cut off goes on from the folder's checkpoints. Raises what `fit` raises.
    """
    from blackbox_kd.student.load import remove
    from blackbox_kd.student.train import TrainLog, fit

    log = Log(folder / TRAINING_LOG, run.progress, label)

    def on_log(one: TrainLog) -> None:
        log.add(one.step, one.loss, one.steps, one.tokens_per_second)

    chosen = msgspec.structs.replace(config.train, student=student_spec(config, run))
    work = folder / "checkpoints"
    result = fit(examples, validation, chosen, seed, folder / STUDENT, work, on_log)
    log.finish(result.resumed_from_step)
    served = Served(system=config.train.system, template_args=config.train.template_args)
    write_json(folder / STUDENT / SERVED, served)
    if result.note:
        run.progress.note(f"{label}: {result.note}")
    write_json(folder / TRAINING_RESULT, result)
    remove(work)  # last: whatever ends this process before goes on from there
    return result


def seed_of(config: Config) -> int:
    """The seed of a training: `[train] seed`, else the run's."""
    return config.seed if config.train.seed is None else config.train.seed


class Step(Record, frozen=True, kw_only=True):
    """One optimizer step: loss in nats a label token."""

    step: int
    loss: float


class Log:
    """The steps of a training, kept on disk as they come, so that a resumed one has its first part too."""

    def __init__(self, path: Path, progress: Progress, label: str) -> None:
        self.path, self.progress, self.label = path, progress, label
        self.steps: list[Step] = []
        self.beside = path.with_name(f"{path.name}.partial")
        self.before = list(read_rows(self.beside, Step)) if self.beside.exists() else []

    def add(self, step: int, loss: float, of: int, tokens_per_second: float) -> None:
        """Keep and show one step."""
        if not self.steps:
            self.progress.start(self.label, of)
        done = self.steps[-1].step if self.steps else 0
        self.steps.append(Step(step=step, loss=loss))
        self.progress.advance(f"loss {loss:.3f}, {tokens_per_second:.0f} tokens/s", step - done)
        if step % KEPT_EVERY == 0:
            write_rows(self.beside, self.whole())

    def whole(self) -> list[Step]:
        """The steps of an earlier process up to where this one began, then this one's."""
        first = self.steps[0].step if self.steps else 1
        return [one for one in self.before if one.step < first] + self.steps

    def finish(self, resumed_from_step: int | None) -> None:
        """Write the log."""
        self.progress.finish()
        write_rows(self.path, self.whole() if resumed_from_step else self.steps)
        self.beside.unlink(missing_ok=True)


def student_spec(config: Config, run: RunDir) -> str:
    """The student as the loader wants it: a path of the user's starts at bbkd.toml's folder."""
    beside = run.root / config.train.student
    return str(beside) if beside.exists() else config.train.student


def student_files(config: Config, run: RunDir) -> list[Path]:
    """The student's folder or .gguf file, if it is one of the user's."""
    path = path_of(student_spec(config, run))
    return [path] if path else []


def with_system(path: Path, system: str) -> list[Example]:
    """The rows of a file, each with the student's system prompt."""
    rows = read_rows(path, Example)
    return [msgspec.structs.replace(one, prompt=conversation(one.prompt, system)) for one in rows]


def recorded(config: Config) -> dict[str, Json]:
    """Versions of what trains, and what changes its pace alone."""
    import importlib.metadata

    versions: dict[str, Json] = {name: importlib.metadata.version(name) for name in ("torch", "transformers", "trl")}
    return versions | {name: getattr(config.train, name) for name in PACE}


def settings(config: Config) -> dict[str, object]:
    """`[train]` but for what changes its pace alone, and the seed that counts."""
    free = (*PACE, "seed")
    decisive = {name: value for name, value in msgspec.structs.asdict(config.train).items() if name not in free}
    return {"train": decisive, "seed": seed_of(config)}


STAGE = Stage(
    name="train",
    settings=settings,
    reads=lambda run, config: [run / TRAIN_ROWS, run / VALIDATION_ROWS, *student_files(config, run)],
    writes=(STUDENT, TRAINING_LOG, TRAINING_RESULT),
    main=main,
    recorded=recorded,
)
