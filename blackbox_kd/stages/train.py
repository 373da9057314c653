"""train: fine-tunes the student on the dataset, and nothing else."""

from pathlib import Path

import msgspec

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_rows, write_json, write_rows
from blackbox_kd.records import Example, Json, conversation
from blackbox_kd.run import STUDENT, TRAIN_ROWS, TRAINING_LOG, TRAINING_RESULT, VALIDATION_ROWS, Counts, RunDir, require
from blackbox_kd.stages.stage import Stage


def main(run: RunDir, config: Config) -> Counts:
    """Train on dataset/train.jsonl; writes the student's folder, training.jsonl and training.json.

    Raises `InputError` without rows, and `UsageError` for a student or settings that cannot work.
    """
    from blackbox_kd.student.train import TrainLog, fit

    examples = with_system(require(run / TRAIN_ROWS, "filter"), config.train.system)
    validation = with_system(run / VALIDATION_ROWS, config.train.system)
    if not examples:
        raise InputError(f"{run / TRAIN_ROWS}: no rows to train on", "Loosen a filter, or make more prompts.")
    log: list[TrainLog] = []

    def on_log(one: TrainLog) -> None:
        if not log:
            run.progress.start("train", one.steps)
        status = f"loss {one.loss:.3f}, {one.tokens_per_second:.0f} tokens/s"
        run.progress.advance(status, one.step - (log[-1].step if log else 0))
        log.append(one)

    settings = msgspec.structs.replace(config.train, student=student_spec(config, run))
    result = fit(examples, validation, settings, config.seed, run / STUDENT, run.path / "checkpoints", on_log)
    run.progress.finish()
    write_rows(run / TRAINING_LOG, log)
    write_json(run / TRAINING_RESULT, result)
    counts: Counts = {"rows": result.rows, "left_out_overlong": result.rows_overlong}
    return counts | {"steps": result.steps, "tokens": result.tokens}


def student_spec(config: Config, run: RunDir) -> str:
    """The student as the loader wants it: a path of the user's starts at bbkd.toml's folder."""
    beside = run.root / config.train.student
    return str(beside) if beside.exists() else config.train.student


def with_system(path: Path, system: str) -> list[Example]:
    """The rows of a file, each with the student's system prompt."""
    rows = read_rows(path, Example)
    return [msgspec.structs.replace(one, prompt=conversation(one.prompt, system)) for one in rows]


def recorded(config: Config) -> dict[str, Json]:
    """Versions of what trains."""
    import importlib.metadata

    return {name: importlib.metadata.version(name) for name in ("torch", "transformers", "trl")}


STAGE = Stage(
    name="train",
    settings=lambda config: {"train": config.train, "seed": config.seed},
    reads=lambda run, config: [run / TRAIN_ROWS, run / VALIDATION_ROWS],
    writes=(STUDENT, TRAINING_LOG, TRAINING_RESULT),
    main=main,
    recorded=recorded,
)
