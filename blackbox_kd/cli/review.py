"""`bbkd review`: completions go out to people as a CSV; `[scoring] review` reads it back."""

from pathlib import Path
from typing import Annotated

import typer

from blackbox_kd.cli.options import (
    ConfigOption,
    JsonOption,
    QuietOption,
    RunOption,
    SetOption,
    open_run,
    say,
    show_json,
)
from blackbox_kd.errors import UsageError


def review(
    file: Annotated[Path, typer.Argument(help="the CSV to write; one with verdicts in it is never overwritten")],
    count: Annotated[int, typer.Option("--count", min=1, help="how many completions")] = 100,
    reason: Annotated[str | None, typer.Option("--reason", help="only those rejected for it: rule:reason")] = None,
    run: RunOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write completions into a CSV for people to judge and to correct (free)."""
    from blackbox_kd.stages.scoring.sheets import write_review

    if file.suffix.lower() != ".csv":
        raise UsageError(f"{file}: a review sheet is a .csv", "bbkd review review.csv --count 100")
    directory, loaded = open_run(config, run, sets, quiet)
    rows = write_review(directory, file, count, reason or "")
    if as_json:
        show_json("review", {"file": str(file), "rows": rows})
        return
    path = file.absolute()
    name = path.relative_to(loaded.root.absolute()) if path.is_relative_to(loaded.root.absolute()) else path
    say(f"{rows} completions in {file}: write keep or reject into `verdict`, a better answer into `correction`")
    say(f'then: [scoring] review = "{name.as_posix()}" in bbkd.toml, `bbkd judge`, `bbkd filter`')


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("review")(review)
