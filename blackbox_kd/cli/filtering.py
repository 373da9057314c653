"""`bbkd filter` and `bbkd rejects`."""

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
from blackbox_kd.cli.stages import HELP, Chosen, execute
from blackbox_kd.errors import UsageError

WhatIfOption = Annotated[
    list[str] | None,
    typer.Option(
        "--what-if", help="a threshold to try on what was measured, like length.max_words=300; changes nothing"
    ),
]
WorkersOption = Annotated[int | None, typer.Option("--workers", min=1, help="processes; by default one a core")]
EngineOption = Annotated[str | None, typer.Option("--engine", help="local, or ray: a Ray cluster that is running")]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", help="a filter, or filter:reason; without it, the counts")
]
CountOption = Annotated[int, typer.Option("-n", "--count", min=1, help="how many to show")]


def filter_rows(
    run: RunOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    what_if: WhatIfOption = None,
    workers: WorkersOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the stage, or say what other thresholds would have done."""
    if what_if:
        if workers or engine:
            raise UsageError("--what-if reads no text: --workers and --engine mean nothing to it", "Leave them out.")
        try_thresholds(Chosen(run, config, sets, as_json, quiet), what_if)
        return
    more = [f"filter.workers={workers}"] if workers else []
    more += [f"filter.engine={engine}"] if engine else []
    execute("filter", ("filter",), Chosen(run, config, [*(sets or []), *more], as_json, quiet))


def try_thresholds(chosen: Chosen, changes: list[str]) -> None:
    """Show what other thresholds would keep and reject."""
    import msgspec

    from blackbox_kd.stages.filtering.whatif import lines_of, what_if

    directory, _ = open_run(chosen.config, chosen.run, chosen.sets, chosen.quiet)
    found = what_if(directory, changes)
    if chosen.as_json:
        show_json("filter", {"what_if": msgspec.to_builtins(found)})
        return
    for line in lines_of(found):
        say(line)


def rejects(
    run: RunOption = None,
    config: ConfigOption = None,
    reason: ReasonOption = None,
    count: CountOption = 20,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what was rejected, why, and the words that were the evidence (free)."""
    import msgspec

    from blackbox_kd.stages.filtering import rejects as rejecting

    directory, _ = open_run(config, run, None, quiet)
    if reason is None:
        counts = rejecting.reasons(directory)
        if as_json:
            show_json("rejects", {"reasons": counts})
            return
        for name, number in counts.items():
            say(f"{number:>9,}  {name}")
        say("Show some: --reason FILTER or --reason FILTER:REASON." if counts else "Nothing was rejected.")
        return
    found = rejecting.rejects(directory, reason, count)
    if as_json:
        show_json("rejects", {"rejected": msgspec.to_builtins(found)})
        return
    for line in rejecting.lines_of(found):
        say(line)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("filter", help=HELP["filter"])(filter_rows)
    app.command("rejects")(rejects)
