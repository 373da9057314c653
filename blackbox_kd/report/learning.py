"""How many prompts it takes, how much a training seed changes, and what was forgotten."""

from collections.abc import Sequence

from blackbox_kd.measures import CurvePoint, Likelihood, Measured
from blackbox_kd.report.data import ReportData, compared, measure, told_apart
from blackbox_kd.report.tables import Section, Table, filled
from blackbox_kd.report.words import bounds, counted, difference, estimate, label, number, p_value, percent, span


def curve_section(data: ReportData) -> Section:
    """How many prompts are needed, as far as it was measured."""
    found = data.measured
    points = sorted(found.curve, key=lambda point: (point.rows, point.arm))
    title = "How many prompts are needed"
    if len(points) < 2:
        return Section(title=title)
    sentences = (trend(found, points), enough(found, points))
    return Section(title=title, sentences=sentences, tables=(curve(found, points),), chart="curve")


def trend(measured: Measured, points: Sequence[CurvePoint]) -> str:
    """Whether the last step of the curve still rose."""
    before, last = points[-2], points[-1]
    step = f"From {number(before.rows)} to {counted(last.rows, 'training row')} {measure(measured)}"
    one = compared(measured, last.arm, before.arm)
    if one is None:
        return f"{step} was not compared."
    said = {
        1: "still rises, {}: more prompts may help, how much was not measured.",
        0: "is flat within the error, {}.",
        -1: "falls, {}.",
    }
    return f"{step} {said[told_apart(one)].format(difference(one))}"


def enough(measured: Measured, points: Sequence[CurvePoint]) -> str:
    """The fewest rows from which on nothing is measurably below all rows."""
    last = points[-1]
    beyond = f"Rows are those left after filtering; nothing is known beyond {number(last.rows)}."
    chosen = last
    for point in reversed(points[:-1]):
        one = compared(measured, last.arm, point.arm)
        if one is None or one.high is None or told_apart(one) > 0:
            break
        chosen = point
    one = compared(measured, last.arm, chosen.arm)
    if one is None or one.high is None:
        return f"No fewer than all {number(last.rows)} rows were shown to do as well. {beyond}"
    return (
        f"{counted(chosen.rows, 'row')} did not do measurably worse than all {number(last.rows)}; a loss of up to "
        f"{100 * max(0.0, one.high):.1f} points (95 % interval, n {number(one.n)}) is not ruled out. {beyond}"
    )


def curve(measured: Measured, points: Sequence[CurvePoint]) -> Table:
    """The learning curve: rows, score, and the step from the row before."""
    rows = []
    for before, point in zip([None, *points], points, strict=False):
        one = None if before is None else compared(measured, point.arm, before.arm)
        trained = "Trained on all of the rows" if point.arm == "student" else label(point.arm)
        rows.append((trained, number(point.rows), estimate(point.score, 1), difference(one) if one else ""))
    name = measure(measured)
    head = ("Student", "Training rows", f"{name[:1].upper()}{name[1:]}", "Over the line above")
    return filled(head, rows, "Shares of the same training rows, each trained from the untuned student")


def seeds_section(data: ReportData) -> Section:
    """How far trainings with other seeds lie apart."""
    found = data.measured.seeds
    title = "Training seeds"
    if found is None:
        return Section(title=title)
    interval = bounds(found.low, found.high)
    spread = f", 95 % interval {span(interval)} (Student's t over trainings)" if interval else ""
    sentence = (
        f"Over {counted(found.n, 'training')} that differ by their seed alone, mean {measure(data.measured)} is "
        f"{percent(found.value, 1)}{spread}."
    )
    return Section(title=title, sentences=(sentence,))


def retention_section(data: ReportData) -> Section:
    """What training took away, on prompts that its data does not cover."""
    found = data.measured.retention
    title = "What was forgotten"
    if found is None:
        return Section(title=title)
    sentences = [
        f"On {counted(found.n, 'prompt')} that the training data does not cover, the untuned student's own answers "
        f"took {found.before.bits_per_byte:.3f} bits a byte before training and take {found.after.bits_per_byte:.3f} "
        f"after it ({counted(found.before.tokens, 'token')}; more bits are less likely). The student still gives "
        f"that very answer to {estimate(found.kept)} of them."
    ]
    if found.base and found.student:
        format_alone = data.measured.reference == "none"
        where, good = (
            (f"By {data.measured.metric}", "valid") if format_alone else ("Where references are known", "right")
        )
        tested = "" if found.p is None else f" (McNemar's exact test: {p_value(found.p)})"
        sentences.append(
            f"{where}, {estimate(found.student)} of its answers are {good}, of the untuned student's "
            f"{estimate(found.base)}{tested}."
        )
    rows = (likely("Before training", found.before), likely("After training", found.after))
    caption = "The untuned student's own answers to these prompts; no interval is known for a likelihood"
    table = Table(("Likelihood", "Nats a token", "Bits a byte", "Tokens"), rows, caption=caption)
    return Section(title=title, sentences=tuple(sentences), tables=(table,))


def likely(name: str, of: Likelihood) -> tuple[str, ...]:
    """One line of the table of likelihoods."""
    return name, f"{of.nats_per_token:.3f}", f"{of.bits_per_byte:.3f}", number(of.tokens)
