"""`bbkd gate`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from blackbox_kd.errors import GateFailed, UsageError

if TYPE_CHECKING:
    from blackbox_kd.stages.evaluating.gating import Gated

BaselineOption = Annotated[
    Path | None, typer.Option("--baseline", help="run directory of the student of now [default: [gate] baseline]")
]
AgainstOption = Annotated[str | None, typer.Option("--against", help="teacher: the run's teacher as the baseline")]
MarginOption = Annotated[float | None, typer.Option("--margin", help="how much worse it may be, as a share: 0.03")]
MetricOption = Annotated[str | None, typer.Option("--metric", help="label of a metric [default: the headline]")]
AllowOption = Annotated[bool, typer.Option("--allow-cannot-tell", help="exit code 0 where it cannot tell")]


def gate(
    run: RunOption = None,
    baseline: BaselineOption = None,
    against: AgainstOption = None,
    margin: MarginOption = None,
    metric: MetricOption = None,
    allow_cannot_tell: AllowOption = False,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say whether the run's student keeps up with the last one: exit code 0, or 10 where it does not (free)."""
    from blackbox_kd.stages.evaluating.gating import gate as decide
    from blackbox_kd.stages.evaluating.gating import opponent

    if against not in (None, "teacher"):
        raise UsageError(f"--against {against}: only teacher", "Another run is named by --baseline.")
    flags = [] if margin is None else [f"gate.margin={margin}"]
    flags += [] if metric is None else [f"gate.metric={json.dumps(metric, ensure_ascii=False)}"]
    directory, loaded = open_run(config, run, [*(sets or []), *flags], quiet)
    found = decide(directory, loaded.config, opponent(directory, loaded.config, baseline, against is not None))
    for note in found.notes:
        directory.progress.note(f"gate: {note}")
    if not as_json:
        told(found)
    if found.verdict == "fail" or (found.verdict == "cannot tell" and not allow_cannot_tell):
        raise refusal(found)
    if as_json:
        show_json("gate", result_of(found))


def result_of(found: "Gated") -> dict[str, object]:
    """The gate's result as JSON shows it."""
    import msgspec

    return {**msgspec.to_builtins(found), "line": found.line}


def told(found: "Gated") -> None:
    """Say the comparison part by part, and then as one line."""
    from blackbox_kd.stages.evaluating.gating import figures

    say(f"new       {found.run}")
    say(f"against   {found.against}")
    slices = [(f"slice {one.name}", one) for one in found.slices]
    for name, one in [(one.name, one) for one in (found.whole, *found.guards)] + slices:
        why = f"; {one.reason}" if one.verdict == "cannot tell" else ""
        say(f"{name:<20} {one.verdict:<12} {figures(one)}, {one.n:,} items{why}")
    say(found.line)


def refusal(found: "Gated") -> GateFailed:
    """Why the new student may not replace the old one, and what can be done about it."""
    from blackbox_kd.stages.evaluating.gating import figures

    if found.verdict == "fail":
        worse = "; ".join(f"{one.name}: {figures(one)}" for one in found.failed)
        fix = "Keep the old student. `bbkd report` and `bbkd explain ID` show what the new one gets wrong."
        return GateFailed(
            f"gate failed: worse than {found.against} by more than the margin: {worse}", fix, result_of(found)
        )
    if found.needed is not None:
        more = f"About {found.needed:,} items would do for two equally good students. "
    else:  # many enough for these: it is the difference that is too near to the margin
        more = "More items may not help: it may be a little worse. " if found.whole.low is not None else ""
    fix = f"{more}Hold out more prompts, allow a wider --margin, or take the risk: --allow-cannot-tell."
    refused = GateFailed(f"gate: cannot tell: {found.whole.reason}", fix, result_of(found))
    refused.code = "cannot_tell"
    return refused


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("gate")(gate)
