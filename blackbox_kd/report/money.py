"""What it cost and what it saves: tokens, economics, and prompts passed back to the teacher."""

import math
from collections.abc import Sequence

from blackbox_kd.measures import CoveragePoint, Economics, Measured, Trained, arm_of
from blackbox_kd.report.data import ReportData, compared, cost_usd, measure, score_of, told_apart
from blackbox_kd.report.tables import Section, Table, filled
from blackbox_kd.report.words import UNKNOWN, counted, difference, estimate, number, percent, points, points_span, usd

SLACK = 0.01  # below the teacher alone: one point
CHOSEN = "the share was chosen on the very prompts that it is measured on, so new ones may do less well"
HERE = "on the machine that evaluated"
Line = tuple[str, str, str]


def usage(data: ReportData) -> Table:
    """Tokens and cost a stage, and their sum."""
    rows = [
        (u.stage, number(u.requests), number(u.prompt_tokens), number(u.completion_tokens), usd(u.cost_usd))
        for u in data.usage
    ]
    if len(rows) > 1:
        sums = [sum(getattr(u, key) for u in data.usage) for key in ("requests", "prompt_tokens", "completion_tokens")]
        rows.append(("Total", number(sums[0]), number(sums[1]), number(sums[2]), usd(cost_usd(data))))
    cost = "Cost (simulated)" if data.simulated else "Cost"
    return Table(("Stage", "Requests", "Prompt tokens", "Completion tokens", cost), tuple(rows))


def usage_notes(data: ReportData) -> tuple[str, ...]:
    """What the table of tokens and cost does not say: failed rows, lost replies, what the last run paid."""
    notes = []
    for one in data.usage:
        if one.bought_usd is not None:
            notes.append(f"{one.stage}: {usd(one.bought_usd)} of it in the last run")
        if one.ambiguous:
            lost = counted(one.ambiguous, "request")
            notes.append(f"{one.stage}: {lost} perhaps paid twice: connection or process lost")
        if one.failed:
            notes.append(f"{one.stage}: {counted(one.failed, 'row')} failed for good")
    return tuple(notes)


def economics_section(data: ReportData) -> Section:
    """What the student cost, what it saves, and how fast it is."""
    found = data.measured.economics
    title = "Cost and speed"
    student = arm_of(data.measured, "student")
    trained = student.trained if student else None
    rows = [
        *(paid(data.measured, found, data.foreign) if found else ()),
        *training(trained),
        *(speed(found) if found else ()),
    ]
    caption = "Where a price is not known, what depends on it is not"
    value = "Value (simulated prices)" if data.simulated else "Value"
    return Section(title=title, tables=(filled(("What", value, "Note"), rows, caption, numeric=False),))


def paid(measured: Measured, of: Economics, foreign: bool = False) -> list[Line]:
    """The lines on money; what a student from elsewhere cost is not this run's to know."""
    one = compared(measured, "student", "base")
    gained = UNKNOWN if of.points is None else points(of.points / 100)
    stated = "not stated:" if of.student_request_usd is None else "as stated:"
    known = "" if one is None else points_span(one.low, one.high)
    interval = f"95 % interval {known}, n {number(one.n)}" if one and known else "no interval is known"
    lines = [
        ("All completions of the teacher", usd(of.teacher_usd), "held-out prompts included"),
        ("One request to the teacher", usd(of.teacher_request_usd), "mean over the held-out prompts"),
        ("One request to the student", usd(of.student_request_usd), f"{stated} [evaluate] student_request_usd"),
        ("Points gained over the untuned student", gained, interval),
    ]
    if foreign:
        return [*lines[1:], ("What making the student cost", UNKNOWN, "this run did not train it")]
    return [
        *lines,
        ("Cost of one point gained", *point_cost(measured, of)),
        ("Requests until the teacher's cost is saved", *break_even(measured, of)),
    ]


def point_cost(measured: Measured, of: Economics) -> tuple[str, str]:
    """(dollars a point with its interval, or that there is none; why)."""
    if of.usd_per_point is not None:
        one = compared(measured, "student", "base")
        if one and one.low is not None and one.high is not None and one.low > 0 and of.teacher_usd is not None:
            low, high = (of.teacher_usd / (100 * end) for end in (one.high, one.low))
            return f"{of.usd_per_point:.3g} USD", f"95 % interval {low:.3g} to {high:.3g} USD, n {number(one.n)}"
        return f"{of.usd_per_point:.3g} USD", "no interval: the gain may be none"
    if of.points is None:
        return UNKNOWN, "what training gained is unknown"
    if of.points <= 0:
        return "undefined", "the student gained nothing"
    return UNKNOWN, "the teacher's price is unknown"


def break_even(measured: Measured, of: Economics) -> tuple[str, str]:
    """(requests, why): after how many requests to the student instead of the teacher its cost is saved."""
    if of.break_even_requests is not None:
        free = "; the student's requests are taken as free: state [evaluate] student_request_usd"
        worse = "; the student's answers are measurably worse than the teacher's"
        apart = told_apart(compared(measured, "student", "teacher")) if measured.reference != "teacher" else 0
        note = f"the teacher's cost alone{worse if apart < 0 else ''}{free if of.student_request_usd is None else ''}"
        return number(math.ceil(of.break_even_requests)), note
    if of.teacher_usd is None or of.teacher_request_usd is None:
        return UNKNOWN, "the teacher's price is unknown"
    if of.student_request_usd is None:
        return UNKNOWN, "state [evaluate] student_request_usd"
    if of.student_request_usd >= of.teacher_request_usd:
        return "never", "a request to the student is not cheaper than one to the teacher"
    return UNKNOWN, ""


def training(of: Trained | None) -> list[Line]:
    """The line on training compute."""
    if of is None:
        return []
    flops = "" if of.flops is None else f", {of.flops:.2g} FLOPs"
    value = f"{counted(of.rows, 'row')}, {counted(of.tokens, 'token')}{flops}, {of.train_s:,.0f} s"
    note = "" if of.flops is None else "FLOPs are 6 x parameters x tokens (Kaplan et al. 2020)"
    return [("Training of the student", value, note)]


def speed(of: Economics) -> list[Line]:
    """The lines on latency and throughput."""
    rates = ((of.tokens_per_second, "tokens/s"), (of.prompts_per_second, "prompts/s"))
    rate = ", ".join(f"{value:,.1f} {unit}" for value, unit in rates if value is not None)
    lines = []
    if of.latency_s is not None:
        lines.append(("Latency of the student", f"{of.latency_s:.2f} s", f"median of single requests {HERE}"))
    if rate:
        lines.append(("Throughput of the student", rate, f"batched, {HERE}"))
    return lines


def coverage_section(data: ReportData) -> Section:
    """What it brings to pass the prompts that the student is least sure of back to the teacher."""
    found = data.measured
    title = "Passing hard prompts to the teacher"
    if not found.coverage:
        return Section(title=title)
    name = measure(found)
    head = ("Student answers", f"{name[:1].upper()}{name[1:]} of both", "Of the student on these", "A request costs")
    rows = [
        (
            percent(one.coverage),
            percent(one.accuracy, 1),
            "" if one.student_accuracy is None else percent(one.student_accuracy, 1),
            "" if one.request_usd is None else usd(one.request_usd),
        )
        for one in sorted(found.coverage, key=lambda one: one.coverage)
    ]
    student = score_of(found, "student")
    n = f", n {number(student.n)}" if student else ""
    caption = f"The student answers the share that it is surest of, the teacher the rest{n}; no intervals are known"
    if found.economics is None or found.economics.student_request_usd is None:
        caption += "; costs are the teacher's alone"
    sentences = tuple(one for one in (passing(found),) if one)
    return Section(title=title, sentences=sentences, tables=(filled(head, rows, caption),), chart="coverage")


def passing(measured: Measured) -> str:
    """The largest share for the student with which both together stay within a point of the teacher alone."""
    points = sorted(measured.coverage, key=lambda one: one.coverage)
    student = score_of(measured, "student")
    if student is None or points[0].coverage > 0:
        return ""
    name, whole = measure(measured), points[0].accuracy
    alone = f"Alone, the student reaches {estimate(student)} {name}; what is passed on agrees by definition."
    if measured.reference != "teacher":
        alone = f"Alone, the student reaches {estimate(student)} {name} and the teacher {percent(whole, 1)}."
    best = max((one for one in points if one.accuracy >= whole - SLACK), key=lambda one: one.coverage)
    if best.coverage == 0:
        return f"{alone} At no share in this table do both together come within a point of the teacher."
    if best.coverage == 1:
        return f"{alone} {beside_teacher(measured)}{mixed(points)}"
    cost = "" if best.request_usd is None else f", at {usd(best.request_usd)} a request"
    return (
        f"{alone} With the {percent(best.coverage)} that the student is surest of left to it, both together reach "
        f"{percent(best.accuracy, 1)}, not more than a point below the teacher{cost}; {CHOSEN}."
    )


def beside_teacher(measured: Measured) -> str:
    """What is known of a student that, by its mean alone, is no more than a point below the teacher."""
    one = compared(measured, "student", "teacher") if measured.reference != "teacher" else None
    if one is None or one.low is None:
        return "Whether it falls short of the teacher was not tested."
    said = {
        1: "It is measurably better than the teacher",
        -1: "It is measurably worse than the teacher",
        0: "No difference between the two can be shown",
    }
    return f"{said[told_apart(one)]}, {difference(one)}."


def mixed(points: Sequence[CoveragePoint]) -> str:
    """The best of the shares at which both answer; empty where student or teacher alone do as well."""
    best = max(points, key=lambda one: (one.accuracy, one.coverage))
    if max(points[0].accuracy, points[-1].accuracy) >= best.accuracy:
        return ""
    return (
        f" Best in this table is to leave it the {percent(best.coverage)} that it is surest of: both together reach "
        f"{percent(best.accuracy, 1)}; {CHOSEN}."
    )
