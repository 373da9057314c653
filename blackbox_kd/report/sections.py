"""What the evaluation found, question by question, and the few numbers at the top."""

import msgspec

from blackbox_kd.report.arms import recovered_name, scores_section, slices_section
from blackbox_kd.report.controls import alternatives_section, copied_section, format_section
from blackbox_kd.report.data import ReportData, cost_usd, score_of
from blackbox_kd.report.judge import judge_section
from blackbox_kd.report.learning import curve_section, retention_section, seeds_section
from blackbox_kd.report.money import coverage_section, economics_section
from blackbox_kd.report.tables import Section
from blackbox_kd.report.words import bounds, label, number, percent, span, usd

ORDER = (
    scores_section,
    slices_section,
    format_section,
    alternatives_section,
    copied_section,
    curve_section,
    seeds_section,
    retention_section,
    economics_section,
    coverage_section,
    judge_section,
)


class Tile(msgspec.Struct, frozen=True):
    """One of the few numbers at the top."""

    name: str
    value: str
    note: str


def sections(data: ReportData) -> tuple[Section, ...]:
    """The questions to which something is known, without empty tables."""
    made = [section(data) for section in ORDER]
    found = [msgspec.structs.replace(one, tables=tuple(table for table in one.tables if table.rows)) for one in made]
    return tuple(one for one in found if one.sentences or one.tables)


def tiles(data: ReportData) -> tuple[Tile, ...]:
    """The numbers that a reader looks for first."""
    measured = data.measured
    agreed = measured.reference == "teacher"
    shown = ("base", "student") if agreed else ("base", "student", "teacher")
    found = [
        Tile(label(name), percent(of.value), _note(of.low, of.high, of.n, agreed))
        for name in shown
        if (of := score_of(measured, name))
    ]
    gap, student = measured.gaps.get("student"), score_of(measured, "student")
    if gap is not None and student is not None:
        known = gap.value is not None
        note = _note(gap.low, gap.high, student.n) if known else gap.undefined
        found.append(Tile(recovered_name(gap), percent(gap.value) if known else "undefined", note))
    rows = next((step.count for step in reversed(data.funnel) if not step.lost and "train" in step.name.lower()), None)
    if rows is not None and not data.foreign:
        found.append(Tile("Training rows", number(rows), "after filtering"))
    if data.usage and not data.foreign:
        found.append(Tile("Cost", usd(cost_usd(data)), "at simulated prices" if data.simulated else "all stages"))
    return tuple(found)


def _note(low: float | None, high: float | None, n: int, agreed: bool = False) -> str:
    interval = bounds(low, high)
    words = ["agrees with teacher" if agreed else "", f"95 %: {span(interval)}" if interval else "", f"n {number(n)}"]
    return ", ".join(word for word in words if word)
