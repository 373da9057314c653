"""`bbkd ledger stats|verify|export|merge|prune` and `bbkd explain`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blackbox_kd.cli.options import (
    ConfigOption,
    JsonOption,
    RunOption,
    SetOption,
    find_config,
    load_config,
    open_run,
    say,
    show_json,
)
from blackbox_kd.errors import UsageError

if TYPE_CHECKING:
    from blackbox_kd.stages.explaining import Explained
    from blackbox_kd.teachers.target import Price

SHOWN = 120  # characters of the words that a verdict rests on
LedgerOption = Annotated[
    Path | None,
    typer.Option("--ledger", help="the file [default: BBKD_LEDGER, else .bbkd/ledger.sqlite3 beside bbkd.toml]"),
]
ledger = typer.Typer(
    help="Look into the ledger of paid replies, check it, move it, make it smaller.", no_args_is_help=True
)


def place(chosen: Path | None, run: Path | None, config: Path | None) -> Path:
    """The ledger's path; bbkd.toml itself need not be there."""
    from blackbox_kd.stages.buying import ledger_path

    return chosen or ledger_path(find_config(config, run).parent)


def warn(text: str) -> None:
    """A warning on stderr, harmless on a terminal."""
    from blackbox_kd.text import safe

    sys.stderr.write(safe(f"warning: {text}\n"))


def prices(run: Path | None, config: Path | None) -> "dict[str, Price]":
    """The prices in force by teacher; none without a bbkd.toml."""
    from blackbox_kd.stages.targets import price_in_force

    if not find_config(config, run).is_file():
        return {}
    loaded = load_config(config, run, None)
    found = {teacher.model: price_in_force(teacher, loaded.root) for teacher in loaded.config.teacher}
    return {label: price for label, price in found.items() if price is not None}


@ledger.command("stats")
def show_stats(
    chosen: LedgerOption = None, run: RunOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Count requests, attempts, tokens and money, by teacher (free; reads only)."""
    import msgspec

    from blackbox_kd.stages.ledgering import stats

    found = stats(place(chosen, run, config), prices(run, config), warn)
    if as_json:
        show_json("ledger stats", msgspec.to_builtins(found))
        return
    say(f"{found.path}: {found.size:,} bytes, {found.first or 'empty'} to {found.last or 'now'}")
    say(f"{found.ambiguous:,} attempts perhaps paid, {found.given_up:,} requests given up")
    say(f"{found.open_batches} batches open")
    for label, one in sorted(found.teachers.items()):
        states = ", ".join(f"{count:,} {state}" for state, count in sorted(one.attempts.items()))
        cost = "unknown" if one.cost_usd is None else f"{one.cost_usd:.4f} USD"
        say(f"{label}: {one.requests:,} requests; attempts: {states or 'none'}; {one.batch_replies:,} in batches")
        say(f"  {one.prompt_tokens:,} + {one.completion_tokens:,} tokens, cost {cost}, {one.unreadable} unreadable")
        for model, count in sorted(one.served_models.items()):
            say(f"  served as {model}: {count:,}")


@ledger.command("verify")
def verify_it(
    chosen: LedgerOption = None,
    whole: Annotated[bool, typer.Option("--full", help="check indexes and constraints too (slower)")] = False,
    run: RunOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that the file is whole and each reply readable; exit code 8 if it is damaged (free; reads only)."""
    import msgspec

    from blackbox_kd.stages.ledgering import verify

    found = verify(place(chosen, run, config), whole, warn)
    if as_json:
        show_json("ledger verify", msgspec.to_builtins(found))
        return
    say(f"{found.path}: whole")
    say(f"{found.requests:,} requests, {found.attempts:,} attempts, {found.replies:,} replies")
    say(f"{found.ambiguous:,} attempts perhaps paid")
    if found.unreadable:
        say(f"{found.unreadable:,} replies hold nothing that can be read: {', '.join(found.keys)}")


@ledger.command("export")
def export_it(
    to: Annotated[Path | None, typer.Argument(help="the file [default: stdout]")] = None,
    chosen: LedgerOption = None,
    run: RunOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write every paid reply as a line of JSON, for `bbkd ledger merge` on another machine (free; reads only)."""
    from blackbox_kd.jsonl import atomic
    from blackbox_kd.stages.ledgering import export

    path = place(chosen, run, config)
    if to is None:
        if as_json:
            raise UsageError("--json and the lines cannot share stdout", "Name a file: bbkd ledger export FILE --json")
        export(path, sys.stdout.buffer, warn)
        return
    if to.exists() and path.exists() and to.samefile(path):
        raise UsageError(f"{to} is the ledger itself", "Name another file.")
    with atomic(to) as out:
        count = export(path, out, warn)
    if as_json:
        show_json("ledger export", {"file": str(to), "replies": count})
    else:
        say(f"{count:,} replies written to {to}")


@ledger.command("merge")
def merge_it(
    others: Annotated[list[Path], typer.Argument(help="ledgers, or files of `bbkd ledger export`")],
    chosen: LedgerOption = None,
    group: Annotated[bool, typer.Option("--group", help="the ledger's files are for the group too")] = False,
    run: RunOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the replies of other machines in; doing it twice changes nothing (free)."""
    import msgspec

    from blackbox_kd.stages.ledgering import bring

    found = bring(place(chosen, run, config), others, group, warn)
    if as_json:
        show_json("ledger merge", msgspec.to_builtins(found))
        return
    for name, one in found.items():
        new = f"{one.replies:,} replies, {one.ambiguous:,} perhaps paid, {one.errors:,} errors"
        say(f"{name}: new: {new}; {one.known:,} attempts were known")


@ledger.command("prune")
def prune_it(
    errors: Annotated[bool, typer.Option("--errors", help="bodies of failed attempts")] = False,
    superseded: Annotated[bool, typer.Option("--superseded", help="replies that a longer one replaced")] = False,
    replies: Annotated[bool, typer.Option("--replies", help="replies in force: they would be bought again")] = False,
    days: Annotated[
        float | None, typer.Option("--older-than", min=0, help="only what was sent so many days ago")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="drop it; else it is only listed")] = False,
    chosen: LedgerOption = None,
    run: RunOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List, and with --yes drop, what takes room; a dropped reply counts no longer towards a budget (free)."""
    import msgspec

    from blackbox_kd.stages.ledgering import before_ms, prune
    from blackbox_kd.teachers.ledger.pruning import Kinds

    kinds = Kinds(errors, superseded, replies, before_ms(days))
    found = prune(place(chosen, run, config), kinds, yes, warn)
    if as_json:
        show_json("ledger prune", msgspec.to_builtins(found))
        return
    for part in found.parts:
        say(f"{part.kind}: {part.attempts:,} attempts, {part.size:,} bytes {'dropped' if found.done else 'to drop'}")
    say(f"the file has {found.size:,} bytes" if found.done else "nothing was changed; add --yes to drop it")


def explain(
    name: Annotated[str, typer.Argument(metavar="ID", help="a prompt's id, or prompt_id#sample")],
    run: RunOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all of one row: prompt, attempts, raw reply, verdicts, prediction, and why the ledger misses it (free)."""
    import msgspec

    from blackbox_kd.stages.explaining import explain as gathered

    directory, loaded = open_run(config, run, sets, quiet=False)
    found = gathered(directory, loaded.config, name)
    if as_json:
        show_json("explain", msgspec.to_builtins(found))
        return
    for turn in found.prompt.messages:
        say(f"{turn.role:<10} {turn.content}")
    say(f"row        {found.id}, {found.prompt.split}, family {found.prompt.family}")
    say_request(found)
    if found.completion is not None:
        one = found.completion
        say(f"completion {one.finish_reason}, served as {one.served_model}: {one.text}")
    if found.score is not None:
        told = ", ".join(f"{key} {value:g}" for key, value in found.score.scores.items())
        say(f"scores     {told or 'none'}")
        if found.score.correction is not None:
            say(f"correction {found.score.correction}")
    say(f"dataset    {found.kept or 'not in it'}")
    for verdict in found.verdicts:
        word = (
            f"{'passed' if verdict.kept else 'rejected':<10} {verdict.rule}{':' * (not verdict.kept)}{verdict.reason}"
        )
        twin = f", like {verdict.duplicate_of}" if verdict.duplicate_of else ""
        shown = f": {judged_text(found)[slice(*verdict.span)][:SHOWN]!r}" if verdict.span else ""
        say(f"{word} (value {verdict.value}, threshold {verdict.threshold}){twin}{shown}")
    for made in found.predictions:
        scores = ", ".join(f"{key} {value:g}" for key, value in made.scores.items())
        say(f"{made.model:<10} {made.text} ({scores or 'no scores'})")


def judged_text(found: "Explained") -> str:
    """The text that the filters saw."""
    if found.score is not None and found.score.correction is not None:
        return found.score.correction
    return found.completion.text if found.completion else ""


def say_request(found: "Explained") -> None:
    """Say what the ledger knows of the request."""
    if (request := found.request) is None:
        say("request    none: the completions of this run were imported")
        return
    say(f"request    {request.key} to {request.teacher}")
    say(f"ledger     {request.answer}: {request.why} ({request.ledger})")
    for one in request.attempts:
        code = f" {one.code}" if one.code else ""
        say(f"attempt    {one.state}{code}, status {one.status}, {one.size:,} bytes, {one.who}")
        say(f"           {one.sent} to {one.ended or 'now'}, at most {one.max_tokens:,} tokens")
    if request.reply is not None:
        say(f"reply      {request.reply}")
    if request.nearest is not None:
        held = "answered" if request.nearest.answered else "never answered"
        say(f"nearest    {request.nearest.key}, {held}; it differs in")
        for field in request.nearest.differences:
            say(f"           {field.path}: {field.held or 'absent'} -> {field.asked or 'absent'}")
        if request.nearest.more:
            say(f"           and {request.nearest.more} more")
    elif request.answer == "missing":
        say("nearest    none: the ledger holds no request")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(ledger, name="ledger")
    app.command("explain")(explain)
