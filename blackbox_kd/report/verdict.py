"""The verdict on a student in one plain sentence, which claims no more than the numbers do."""

from blackbox_kd.measures import Estimate, Measured
from blackbox_kd.report.data import FEW_ITEMS, ReportData, compared, score_of, told_apart
from blackbox_kd.report.words import bounds, counted, difference, estimate, percent, span

SIMULATED = (
    "The teacher was SIMULATED: a program stood in for a model. The numbers show that the pipeline works, "
    "not how good a student of a real teacher is."
)


def verdict(data: ReportData) -> str:
    """How good the student is, beside the untuned student and the teacher, with what is uncertain about it."""
    found = data.measured
    student = score_of(found, "student")
    if student is None:
        return "No held-out prompt was scored, so nothing is known about how good the student is."
    teacher = "the simulated teacher" if data.simulated else "the teacher"
    heads = {"gold": _accuracy, "teacher": _agreement, "none": _validity}
    ends = {"gold": "", "teacher": _ceiling(found), "none": " Validity is no accuracy: a valid answer may be wrong."}
    head, end = heads[found.reference](found, student, teacher), ends[found.reference]
    return f"{head}{_gain(found, teacher)}{_few(found, student)}.{end}"


def _accuracy(measured: Measured, student: Estimate, teacher: str) -> str:
    rate, prompts = estimate(student, n=student.n), counted(student.n, "held-out prompt")
    if measured.metric == "exact_match":
        return f"The student answers {rate} of {prompts} exactly{_others(measured, student, teacher)}"
    return f"The student scores {rate} on {measured.metric} over {prompts}{_others(measured, student, teacher)}"


def _validity(measured: Measured, student: Estimate, teacher: str) -> str:
    rate, prompts = estimate(student, n=student.n), counted(student.n, "held-out prompt")
    others = _others(measured, student, teacher)
    return f"By {measured.metric}, {rate} of the student's answers to {prompts} are valid{others}"


def _others(measured: Measured, student: Estimate, teacher: str) -> str:
    return "".join(
        f", {name} {estimate(of, n=student.n)}"
        for name, arm in (("the untuned student", "base"), (teacher, "teacher"))
        if (of := score_of(measured, arm))
    )


def _agreement(measured: Measured, student: Estimate, teacher: str) -> str:
    base = score_of(measured, "base")
    untuned = f", the untuned student to {estimate(base, n=student.n)}" if base else ""
    rate, prompts = estimate(student, n=student.n), counted(student.n, "held-out prompt")
    return f"The student gives {teacher}'s answer to {rate} of {prompts}{untuned}"


def _ceiling(measured: Measured) -> str:
    """What agreement is worth: it is no accuracy, and the teacher's with itself bounds it."""
    again = measured.self_agreement
    twice = f"; the teacher itself gives the same answer twice to {estimate(again)}" if again else ""
    return f" This is agreement with the teacher, not accuracy, as there are no reference answers{twice}."


def _gain(measured: Measured, teacher: str) -> str:
    """What training brought: worse, not measurably better, or the share of the gap that was recovered."""
    if score_of(measured, "base") is None:
        unknown = "what training brought is unknown, as the untuned student was not scored"
        return f"{_beside_teacher(measured, teacher)}; {unknown}"
    one = compared(measured, "student", "base")
    evidence = f", {difference(one, one.n)}" if one else ""
    if told_apart(one) < 0:
        return f": training made it worse than the untuned student{evidence}"
    if told_apart(one) == 0:
        return f": it is not measurably better than the untuned student{evidence}"
    gap = measured.gaps.get("student")
    if gap is None or gap.value is None:
        why = f", because {gap.undefined}" if gap and gap.undefined else ""
        return f": it is better than the untuned student, but the share of the gap that it recovered is undefined{why}"
    what = {"gold": "the gap", "teacher": "the gap of agreement with the teacher", "none": "the gap of validity"}
    interval = bounds(gap.low, gap.high)
    beside = f", 95 % interval {span(interval)}" if interval else ""
    return f": it recovered {percent(gap.value)} of {what[gap.reference]}{beside}"


def _beside_teacher(measured: Measured, teacher: str) -> str:
    """The student against the teacher, where there is nothing else to hold it against."""
    one = compared(measured, "student", "teacher")
    if one is None or measured.reference == "teacher":
        return ""
    words = {1: "measurably better than", -1: "measurably worse than", 0: "not measurably apart from"}
    return f": it is {words[told_apart(one)]} {teacher}, {difference(one, one.n)}"


def _few(measured: Measured, student: Estimate) -> str:
    if student.n >= FEW_ITEMS:
        return ""
    if measured.minimum_detectable >= 1:
        return f"; {counted(student.n, 'prompt')} {'is' if student.n == 1 else 'are'} too few to show any difference"
    points = f"{100 * measured.minimum_detectable:.0f} points"
    return f"; with only {counted(student.n, 'prompt')}, differences below {points} cannot be told from chance"
