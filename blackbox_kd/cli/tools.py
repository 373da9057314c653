"""`bbkd try`, `bbkd teacher-diff` and `bbkd import`."""

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


def attempt(
    count: Annotated[int, typer.Argument(min=1, help="how many prompts to ask")] = 3,
    run: RunOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Buy a few answers, show them with their cost, and estimate the whole (paid; kept in the ledger)."""
    import msgspec

    from blackbox_kd.stages import prompts, stage
    from blackbox_kd.stages.trying import attempt as buy_some

    directory, loaded = open_run(config, run, sets, quiet)
    with directory.locked():
        if directory.manifest_path("import").exists():
            raise UsageError("this run's completions were imported: there is nothing to buy", "Use another --run.")
        stage.execute(prompts.STAGE, directory, loaded.config)
        tried = buy_some(directory, loaded.config, count)
    if as_json:
        show_json("try", msgspec.to_builtins(tried))
        return
    for one in tried.completions:
        say(f"prompt     {one.messages[-1].content}")
        say(f"answer     {one.text}")
        used, cost = one.usage, "unknown" if one.cost_usd is None else f"{one.cost_usd:.6f} USD"
        say(f"           {one.finish_reason}, {used.prompt_tokens} + {used.completion_tokens} tokens, {cost}\n")
    cost = "unknown: no price for this model" if tried.cost_usd is None else f"about {tried.cost_usd:.4f} USD"
    say(f"all {tried.rows:,} rows: about {tried.prompt_tokens:,} + {tried.completion_tokens:,} tokens, cost {cost}")
    say(f"{tried.held:,} of them are in the ledger already; {tried.failures} of these {count} failed")


def differ(
    old: Annotated[str, typer.Argument(help="provider/model, such as the [teacher] of now")],
    new: Annotated[str, typer.Argument(help="provider/model that may replace it")],
    count: Annotated[int, typer.Option("-n", min=1, help="prompts to ask both")] = 300,
    run: RunOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare two teachers on the same prompts before an upgrade (paid, where the ledger does not hold the answers)."""
    import msgspec

    from blackbox_kd.stages.differing import compare

    directory, loaded = open_run(config, run, sets, quiet)
    with directory.locked():
        found = compare(directory, loaded.config, old, new, count)
    if as_json:
        show_json("teacher-diff", msgspec.to_builtins(found))
        return
    low, high = found.agreement_interval.low, found.agreement_interval.high
    say(f"{found.n:,} prompts answered by both, {found.unanswered} not")
    say(f"agreement  {found.agreement:.1%} ({low:.1%} to {high:.1%})")
    if found.change is not None:
        span = found.change_interval
        between = f" ({span.low:+.1%} to {span.high:+.1%})" if span else ""
        say(f"accuracy   {found.old.accuracy:.1%} -> {found.new.accuracy:.1%}: {found.change:+.1%}{between}")
        say(f"           McNemar p {found.mcnemar_p:.2g}; so many prompts can show {found.detectable:.1%}")
    for one in (found.old, found.new):
        cost = "cost unknown" if one.cost_usd is None else f"{one.cost_usd:.4f} USD"
        say(f"{one.model}: served as {', '.join(one.served)}; refused {one.refused:.1%}, cut {one.cut:.1%}")
        say(f"           {one.completion_tokens:.0f} tokens an answer, {cost}")
    if found.differ:
        say(f"answered differently, among others: {', '.join(found.differ)} (see `bbkd explain ID`)")


def bring_in(
    file: Annotated[Path, typer.Argument(help="rows of prompt or messages, completion, and optionally model ...")],
    run: RunOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Start a run from completions that you hold already, in place of prompts and query (free)."""
    from blackbox_kd.stages.importing import stage
    from blackbox_kd.stages.stage import execute

    directory, loaded = open_run(config, run, sets, quiet)
    with directory.locked():
        outcome = execute(stage(file), directory, loaded.config)
    if as_json:
        show_json("import", {"ran": outcome.ran, "counts": outcome.counts})
    else:
        say(f"next: bbkd run --run {directory.path}")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("try")(attempt)
    app.command("teacher-diff")(differ)
    app.command("import")(bring_in)
