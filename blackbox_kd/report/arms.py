"""The arms side by side: scores, differences and slices."""

from blackbox_kd.measures import Arm, Estimate, Gap, Measured, headline
from blackbox_kd.report.data import ReportData, compared, measure, score_of
from blackbox_kd.report.tables import Section, Table, filled
from blackbox_kd.report.words import (
    bounds,
    counted,
    difference,
    estimate,
    label,
    number,
    p_value,
    percent,
    phrase,
    points,
    points_span,
    span,
)
from blackbox_kd.stats import holm

AGREEMENT = ", of agreement with the teacher"
SLICED = ("base", "student", "teacher")


def scores_section(data: ReportData) -> Section:
    """All arms on all held-out prompts, and what so many prompts can show."""
    found = data.measured
    sentences = [recovered_sentence(found), self_agreement(found), power(found) if found.arms else ""]
    return Section(
        title="Scores",
        sentences=tuple(one for one in sentences if one),
        tables=(scores(found), comparisons(found), answers(found)),
        chart="scores",
    )


def slices_section(data: ReportData) -> Section:
    """The same by slice."""
    return Section(title="By slice", tables=(slices(data.measured),))


def cell(of: Estimate | None, n: int | None, digits: int = 0) -> str:
    """An estimate with its interval, or nothing; n is told where it is not the row's own."""
    return "" if of is None else estimate(of, digits, n)


def recovered(of: Gap | None) -> str:
    """A share of the gap with its interval, not clipped, or that it is undefined."""
    if of is None:
        return ""
    if of.value is None:
        return "undefined"
    interval = bounds(of.low, of.high)
    return f"{percent(of.value)} ({span(interval)})" if interval else percent(of.value)


def recovered_name(of: Gap | None) -> str:
    """`Gap recovered`, marked where it is one of agreement."""
    return "Gap recovered" + (AGREEMENT if of is not None and of.reference == "teacher" else "")


def recovered_sentence(measured: Measured) -> str:
    """What the gap recovered is, and its value or why there is none."""
    gap, score = measured.gaps.get("student"), score_of(measured, "student")
    if gap is None or score is None:
        return ""
    name = "Performance gap recovered" + (AGREEMENT if gap.reference == "teacher" else "")
    how = "(student - untuned) / (teacher - untuned), Burns et al. 2023, not clipped"
    if gap.value is None:
        return f"{name} ({how}) is undefined: {gap.undefined or 'unknown why'}."
    interval = bounds(gap.low, gap.high)
    beside = f"95 % interval {span(interval)}, n {number(score.n)}" if interval else f"n {number(score.n)}"
    return f"{name} ({how}): {percent(gap.value)}, {beside}."


def self_agreement(measured: Measured) -> str:
    """How far the teacher agrees with itself, which bounds what agreement can be expected."""
    again = measured.self_agreement
    if again is None:
        return ""
    ceiling = ", the ceiling for agreement" if measured.reference == "teacher" else ""
    return f"Asked twice, the teacher itself gives the same answer to {estimate(again)} of the prompts{ceiling}."


def power(measured: Measured) -> str:
    """What so many prompts can show."""
    smallest = measured.minimum_detectable
    known = f"Smallest difference that can be shown with power 0.8 at the 5 % level: {100 * smallest:.1f} points."
    text = measured.power or known
    return text if text.endswith(".") else f"{text}."


def scores(measured: Measured) -> Table:
    """Every arm: prompts, accuracy, agreement, further metrics and gap recovered, with 95 % intervals."""
    further = sorted({name for arm in measured.arms for name in arm.whole.metrics})
    student = measured.gaps.get("student") or next(iter(measured.gaps.values()), None)
    named = (f"Agrees with teacher ({name})" if name in measured.agreements else name for name in further)
    agreement = f"Agrees with teacher ({measured.metric})"
    head = ("Model", "Prompts", valid(measured), agreement, *named, recovered_name(student))
    rows = []
    for arm in measured.arms:
        of = score_of(measured, arm.name)
        n = None if of is None else of.n
        again = measured.self_agreement if arm.name == "teacher" else None
        agrees = f"{cell(again, n, 1)} with itself" if again else cell(arm.whole.agreement, n, 1)
        if arm.name == "teacher" and not again:
            agrees = ""
        cells = (cell(arm.whole.metrics.get(name), n, 1) for name in further)
        gap = recovered(measured.gaps.get(arm.name))
        accuracy = cell(arm.whole.accuracy, n, 1)
        rows.append((label(arm.name), "" if n is None else number(n), accuracy, agrees, *cells, gap))
    return filled(head, rows, f"{prompts(measured)}; 95 % intervals allow for prompts of one family being alike")


def valid(measured: Measured) -> str:
    """The headline metric in a table's head, called validity where it looks at an answer alone."""
    return f"Valid ({measured.metric})" if measured.reference == "none" else measured.metric


def prompts(measured: Measured) -> str:
    """How many prompts were measured, and over which of them accuracy is."""
    gold, of = measured.with_reference, measured.items
    if measured.reference != "gold" or not 0 < gold < of:
        return counted(of, "held-out prompt") if of else "Held-out prompts"
    have = f"{number(gold)} of {counted(of, 'held-out prompt')} {'has' if gold == 1 else 'have'} a reference"
    return (
        f"{have}: accuracy and what is made of it are over these. For the other {number(of - gold)} only the teacher's "
        "answer is known: they count in agreement alone"
    )


def answers(measured: Measured) -> Table:
    """How the answers of each arm look, and how likely it finds the teacher's."""
    head = ("Model", "Prompts", "Ends by itself", "Ends in a loop", "Length", "Tokens", "Nats a token", "Bits a byte")
    rows = [(label(arm.name), answered(arm), *looks(arm)) for arm in measured.arms if any(looks(arm))]
    limit = f" at most {counted(measured.max_new_tokens, 'new token')} an answer;" if measured.max_new_tokens else ""
    caption = (
        f"How the answers look:{limit} length is the median of characters over the teacher's, tokens the mean of an "
        "answer; nats and bits are of the teacher's own answers, weighted by token"
    )
    return filled(head, rows, caption)


def answered(arm: Arm) -> str:
    """How many prompts an arm was scored on; empty where it was not."""
    found = [of.n for of in (arm.whole.accuracy, arm.whole.agreement) if of is not None]
    return number(max(found)) if found else ""


def looks(arm: Arm) -> tuple[str, ...]:
    """The cells of one arm; empty where unknown."""
    of = arm.likelihood
    return (
        "" if arm.stopped is None else percent(arm.stopped, 1),
        "" if arm.looped is None else percent(arm.looped, 1),
        "" if arm.length_ratio is None else f"{arm.length_ratio:.2f}",
        "" if arm.completion_tokens is None else f"{arm.completion_tokens:.1f}",
        "" if of is None else f"{of.nats_per_token:.3f} ({counted(of.tokens, 'token')})",
        "" if of is None else f"{of.bits_per_byte:.3f}",
    )


def comparisons(measured: Measured) -> Table:
    """Every difference between two arms over all prompts."""
    shown = [
        one
        for one in measured.comparisons
        if not one.slice and not (one.against == "teacher" and measured.reference == "teacher")  # it is the measure
    ]
    adjusted = iter(holm([one.p for one in shown if one.p is not None]))
    rows = [
        (
            f"{label(one.arm)} against {phrase(one.against)}",
            points(one.difference),
            points_span(one.low, one.high),
            *(("", "") if one.p is None else (p_value(one.p), p_value(next(adjusted)))),
            number(one.n),
        )
        for one in shown
    ]
    caption = f"Differences in {measure(measured)} on the same prompts"
    if any(row[3] for row in rows):
        tested = f"p is of McNemar's exact test, two-sided{alike(measured)}"
        caption += f"; {tested}; adjusted is over this table (Holm 1979)"
    return filled(("Compared", "Difference", "95 % interval", "p", "p, adjusted", "Prompts"), rows, caption)


def alike(measured: Measured) -> str:
    """The caveat of what takes prompts as independent, where some share a family."""
    of = score_of(measured, "student")
    if of is None or not 0 < of.families < of.n:
        return ""
    families = "1 family" if of.families == 1 else f"{number(of.families)} families"
    return f", which takes prompts as independent; they come from {families}"


def slices(measured: Measured) -> Table:
    """Untuned student, student and teacher in each slice, with the student's differences."""
    shown = [name for name in SLICED if not (name == "teacher" and measured.reference == "teacher")]
    arms = [arm for name in shown for arm in measured.arms if arm.name == name]
    against = [name for name in shown if name != "student"]
    names = sorted({name for arm in arms for name in arm.slices})
    head = (
        "Slice",
        "Prompts",
        *(label(arm.name) for arm in arms),
        *(f"Student against {phrase(one)}" for one in against),
    )
    rows = [slice_row(measured, name, arms, against) for name in names]
    caption = "With 95 % intervals; p is McNemar's, adjusted over the slices (Holm 1979)"
    return filled(head, rows, caption)


def slice_row(measured: Measured, name: str, arms: list[Arm], against: list[str]) -> tuple[str, ...]:
    """One slice: its prompts, each arm's score in it, and the student's differences."""
    scored = [sliced(measured, arm, name) for arm in arms]
    n = max((of.n for of in scored if of is not None), default=None)
    differences = (
        difference(found, n) if (found := compared(measured, "student", one, name)) else "" for one in against
    )
    return (name, "" if n is None else number(n), *(cell(of, n) for of in scored), *differences)


def sliced(measured: Measured, arm: Arm, name: str) -> Estimate | None:
    """An arm's headline in one slice."""
    part = arm.slices.get(name)
    if part is None:
        return None
    return headline(part) if measured.reference == "teacher" else part.accuracy
