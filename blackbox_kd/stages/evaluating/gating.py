"""gate: may this run's student replace the one before? Non-inferiority, over all items and in every slice.

It reads, pays nothing and changes nothing.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from blackbox_kd.config.gate import Gate
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.jsonl import read_json
from blackbox_kd.measures import Measured, Reference, arm_of
from blackbox_kd.metrics import loops
from blackbox_kd.report.words import counted, inline, percent, points, points_span
from blackbox_kd.run import METRICS, RunDir, require
from blackbox_kd.stages.evaluating.pairing import Pair, Paired, Row, foreign, paired, rescored
from blackbox_kd.stages.evaluating.scoring import Scorer, scorers
from blackbox_kd.stats import items_to_pass, non_inferior

Verdict = Literal["pass", "fail", "cannot tell"]
ENOUGH = 0.8  # share of each run's items that should have a partner
LEVEL, POWER = 0.95, 0.8
NAMED = 6  # slices of one verdict that a line names


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """New minus old over all items, in one slice, or in how answers end; shares from 0 to 1.

    `low` and `high` are one-sided 95 % bounds; numbers are None where nothing could be compared.
    """

    name: str
    verdict: Verdict
    margin: float
    new: float | None = None
    old: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    families: int = 0
    reason: str = ""


class Gated(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate found; `needed` is how many items would do, None where more would not help."""

    verdict: Verdict
    metric: str
    reference: Reference  # what the answers were scored against
    run: str
    against: str  # the baseline's run directory, or `teacher`
    margin: float
    whole: Part
    slices: tuple[Part, ...]
    guards: tuple[Part, ...]  # answers that stop by themselves, and answers without a loop
    compared: int
    unpaired_new: int
    unpaired_old: int
    trained_on: int  # items left out, since one of the two runs trains on their prompts
    needed: int | None
    notes: tuple[str, ...]

    @property
    def line(self) -> str:
        """The result as one line of Markdown, for a pull request."""
        found = f"bbkd gate: **{self.verdict}** - {inline(self.metric)} {figures(self.whole)}"
        over = f"{found} over {counted(self.compared, 'item')}, margin {100 * self.margin:g} points; {self.parts}"
        return over if self.whole.verdict != "cannot tell" else f"{over}; {inline(self.whole.reason)}"

    @property
    def parts(self) -> str:
        """The slices by verdict, and what else failed."""
        verdicts: tuple[Verdict, ...] = ("fail", "cannot tell", "pass")
        named = {one: [part.name for part in self.slices if part.verdict == one] for one in verdicts}
        told = [f"{verdict}: {listed(names)}" for verdict, names in named.items() if names]
        ends = [f"{one.name} {one.verdict}" for one in self.guards if one.verdict != "pass"]
        return "; ".join([f"slices {', '.join(told)}" if told else "no slices", *ends])

    @property
    def failed(self) -> tuple[Part, ...]:
        """All that is worse than its margin allows."""
        return tuple(part for part in (self.whole, *self.slices, *self.guards) if part.verdict == "fail")


def opponent(run: RunDir, config: Config, baseline: Path | None, teacher: bool) -> RunDir | None:
    """The run to compare with, of the flag or else of bbkd.toml; None for the run's own teacher.

    Raises `UsageError` where there is none, or it is no other run.
    """
    if teacher and baseline is not None:
        raise UsageError("--baseline and --against teacher exclude each other", "Choose one.")
    if teacher:
        return None
    path = baseline or (run.root / config.gate.baseline if config.gate.baseline else None)
    if path is None:
        raise UsageError(
            "gate: nothing to compare with",
            'Name the last accepted run: --baseline RUN, or baseline = "RUN" under [gate]; or --against teacher.',
        )
    if not path.is_dir():
        raise UsageError(f"gate: {path}: no such run directory", "--baseline names the last accepted run's.")
    if path.resolve() == run.path.resolve():
        raise UsageError(f"gate: {path} is the run itself", "--run names the new run, --baseline the one before.")
    return RunDir(path, run.root)


def gate(run: RunDir, config: Config, baseline: RunDir | None) -> Gated:
    """Decide between the run's student and the baseline's; without a baseline, the run's teacher.

    Raises `InputError` where an evaluation is missing, out of date or of another metric, or no item is shared, and
    `UsageError` for a metric that bbkd.toml does not name.
    """
    metric, scorer = chosen(run, config, baseline)
    both = paired(run, baseline)
    reference, rows = rescored(run, both.pairs, scorer)
    whole, slices, guards = parts_of(rows, both.pairs, config.gate)
    return Gated(
        verdict=overall(whole, (*slices, *guards)),
        metric=metric,
        reference=reference,
        run=foreign(run) or str(run.path),
        against="teacher" if baseline is None else foreign(baseline) or str(baseline.path),
        margin=config.gate.margin,
        whole=whole,
        slices=slices,
        guards=guards,
        compared=len(rows),
        unpaired_new=both.unpaired_new,
        unpaired_old=both.unpaired_old,
        trained_on=both.trained_on,
        needed=needed(rows, config.gate) if whole.verdict == "cannot tell" else None,
        notes=tuple(notes(both, reference, len(rows), "teacher" if baseline is None else "baseline")),
    )


def chosen(run: RunDir, config: Config, baseline: RunDir | None) -> tuple[str, Scorer]:
    """The metric's label and scorer.

    Raises `UsageError` for one that bbkd.toml does not name, `InputError` if not both runs have measured it.
    """
    known = scorers(config.evaluate.metrics, run.root)
    name = config.gate.metric or next(iter(known))
    if name not in known:
        raise UsageError(f"gate.metric: {name} is none of [evaluate] metrics", f"Known: {', '.join(known)}.")
    sides = {str(one.path): measured(one) for one in (run, baseline) if one is not None}
    if any(name not in labels for labels in sides.values()):
        has = "; ".join(f"{path} has {', '.join(sorted(labels))}" for path, labels in sides.items())
        fix = "Evaluate both with the same [evaluate] metrics, or choose one that both have: --metric LABEL."
        raise InputError(f"gate: not measured by {name} in both runs: {has}", fix)
    return name, known[name]


def measured(run: RunDir) -> set[str]:
    """Labels of the metrics that a run's student was measured by."""
    found = read_json(require(run / METRICS, "evaluate"), Measured)
    student = arm_of(found, "student")
    return {found.metric, *(student.whole.metrics if student else ())}


def parts_of(rows: Sequence[Row], pairs: Sequence[Pair], told: Gate) -> tuple[Part, tuple[Part, ...], tuple[Part, ...]]:
    """The decisions over all items, in each slice, and on how the answers end."""
    whole = enough(part("all", rows, told.margin), told.min_items)
    slices = tuple(in_slices(rows, told.slice_margin or told.margin))
    return whole, slices, (part("stops", stops(pairs), told.margin), part("no loop", endings(pairs), told.margin))


def part(name: str, rows: Sequence[Row], margin: float) -> Part:
    """The decision over some rows."""
    if not rows:
        return Part(name=name, verdict="cannot tell", margin=margin, reason="nothing to compare")
    new, old = [one.new for one in rows], [one.old for one in rows]
    found = non_inferior(new, old, [one.item.family for one in rows], margin, LEVEL)
    return Part(
        name=name,
        verdict=found.verdict,
        margin=margin,
        new=sum(new) / len(new),
        old=sum(old) / len(old),
        difference=found.difference,
        low=found.low,
        high=found.high,
        n=found.n,
        families=found.families,
        reason=found.reason,
    )


def enough(whole: Part, least: int) -> Part:
    """The decision, unless it rests on fewer items than the gate asks for."""
    if whole.n >= least or whole.verdict == "fail":
        return whole
    reason = f"{whole.n} items were compared, and [gate] min_items is {least}"
    return msgspec.structs.replace(whole, verdict="cannot tell", reason=reason)


def in_slices(rows: Sequence[Row], margin: float) -> Iterable[Part]:
    """The decision in each slice of the new run; one that holds all items tells nothing more."""
    for name in sorted({name for one in rows for name in one.item.slices}):
        members = [one for one in rows if name in one.item.slices]
        if len(members) < len(rows):
            yield part(name, members, margin)


def stops(pairs: Iterable[Pair]) -> list[Row]:
    """Whether the answers ended by themselves, where that is known of both."""
    known = [one for one in pairs if "unknown" not in (one.new.finish_reason, one.old.finish_reason)]
    return [
        Row(float(one.new.finish_reason == "stop"), float(one.old.finish_reason == "stop"), one.item) for one in known
    ]


def endings(pairs: Iterable[Pair]) -> list[Row]:
    """Whether the answers ended without a loop."""
    return [Row(float(not loops.loops(one.new.text)), float(not loops.loops(one.old.text)), one.item) for one in pairs]


def overall(whole: Part, others: Iterable[Part]) -> Verdict:
    """Fail if anything fails; else what the whole says: a slice that cannot tell is told, and stops nobody."""
    return "fail" if any(one.verdict == "fail" for one in others) else whole.verdict


def needed(rows: Sequence[Row], told: Gate) -> int | None:
    """Items with which two equally good students, as different as these, pass with 80 % power.

    None where so many were compared already, or their spread is not known.
    """
    new, old = [one.new for one in rows], [one.old for one in rows]
    found = items_to_pass(new, old, [one.item.family for one in rows], told.margin, LEVEL, POWER)
    items = max(told.min_items, found or 0)
    return items if found is not None and items > len(rows) else None


def notes(both: Paired, reference: Reference, compared: int, other: str) -> Iterable[str]:
    """What a reader has to know of the items."""
    pairs = len(both.pairs) + both.trained_on
    for unpaired, name in ((both.unpaired_new, "new run"), (both.unpaired_old, other)):
        if pairs < ENOUGH * (pairs + unpaired):
            yield f"{unpaired:,} of the {name}'s {pairs + unpaired:,} items have no partner: {pairs:,} are compared"
    if both.trained_on:
        yield f"{counted(both.trained_on, 'item')} left out: one of the two runs trains on their prompts"
    if compared < len(both.pairs):
        what = "reference" if reference == "gold" else "answer of the teacher"
        yield f"{len(both.pairs) - compared:,} of {len(both.pairs):,} items left out: they have no {what}"
    if reference == "teacher":
        yield "the items have no references: agreement with the teacher stands in for accuracy"
    yield from both.notes


def figures(part: Part) -> str:
    """`84.2 % vs 83.3 % (+0.9 points, 95 % bounds -1.8 to +3.6)`."""
    if part.difference is None:
        return "not compared"
    bounds = points_span(part.low, part.high)
    inside = f"{points(part.difference)}, 95 % bounds {bounds}" if bounds else points(part.difference)
    return f"{percent(part.new, 1)} vs {percent(part.old, 1)} ({inside})"


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(inline(name) for name in names[:NAMED]) + more
