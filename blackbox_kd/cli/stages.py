"""`bbkd prompts|query|generate|filter|train|evaluate|report|run`."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from blackbox_kd.cli.options import ConfigOption, JsonOption, QuietOption, RunOption, SetOption, open_run, show_json
from blackbox_kd.errors import RowFailures, UsageError

if TYPE_CHECKING:
    from blackbox_kd.config.whole import Config
    from blackbox_kd.run import RunDir

STAGES = ("prompts", "query", "filter", "train", "evaluate", "report")
HELP = {
    "prompts": "collect prompts, mark family and split (free)",
    "query": "ask the teacher what the ledger does not hold (paid)",
    "filter": "make the dataset, with a reason for every rejection (free)",
    "train": "fine-tune the student",
    "evaluate": "measure base, student and teacher on the held-out prompts (free)",
    "report": "write report.html and report.md",
    "generate": "prompts and query: the everyday command (paid)",
    "run": "all stages, skipping what is up to date (paid)",
}


class Chosen(NamedTuple):
    """What every stage command is told."""

    run: Path | None
    config: Path | None
    sets: list[str] | None
    as_json: bool
    quiet: bool


def execute(command: str, names: tuple[str, ...], chosen: Chosen) -> None:
    """Run stages in order under the run's lock; rows that failed for good end it with exit code 3, after the last."""
    from blackbox_kd.stages.stage import Outcome
    from blackbox_kd.stages.stage import execute as execute_stage

    directory, loaded = open_run(chosen.config, chosen.run, chosen.sets, chosen.quiet)
    outcomes: list[Outcome] = []
    with directory.locked():
        imported = directory.manifest_path("import").exists()
        if command == "run":
            first_look(directory, loaded.config)
        for name in names:
            if imported and name in ("prompts", "query"):
                directory.progress.note(f"{name}: not run, the completions were imported")
                continue
            stage = importlib.import_module(f"blackbox_kd.stages.{name}").STAGE
            outcomes.append(execute_stage(stage, directory, loaded.config))
    failed = sum(outcome.failed for outcome in outcomes)
    result = {one.stage: {"ran": one.ran, "reasons": one.reasons, "counts": one.counts} for one in outcomes}
    if failed:
        fix = f"They are listed in {directory / 'failures.jsonl'}."
        raise RowFailures(f"finished, and {failed} rows failed for good", fix, result)
    if chosen.as_json:
        show_json(command, result)


def first_look(directory: "RunDir", config: "Config") -> None:
    """Find what would stop a later stage before an earlier one costs anything; raises `UsageError`."""
    from blackbox_kd.stages.checking import problems

    if found := problems(config, directory, prompts=False):
        raise UsageError("\n  ".join(found), "Correct this first: nothing was asked or changed.")


def add_to(app: typer.Typer) -> None:
    """Register a command for each stage and for their chains."""
    for name in STAGES:
        add(app, name, (name,))
    add(app, "generate", ("prompts", "query"))
    add(app, "run", STAGES)


def add(app: typer.Typer, command: str, names: tuple[str, ...]) -> None:
    """Register one command that runs the named stages."""

    def body(
        run: RunOption = None,
        config: ConfigOption = None,
        sets: SetOption = None,
        as_json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        execute(command, names, Chosen(run, config, sets, as_json, quiet))

    app.command(command, help=HELP[command])(body)
