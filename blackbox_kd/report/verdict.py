"""The verdict on a student in one plain sentence, which claims no more than the numbers do."""

from blackbox_kd.report.data import FEW_ITEMS, ReportData, Score, score_of
from blackbox_kd.report.words import counted, p_value, percent, span
from blackbox_kd.stats import Interval

SIMULATED = (
    "The teacher was SIMULATED: a program stood in for a model. The numbers show that the pipeline works, "
    "not how good a student of a real teacher is."
)


def verdict(data: ReportData) -> str:
    """How good the student is, beside the untuned student and the teacher, with what is uncertain about it."""
    student = score_of(data, "student")
    if student is None or (student.value is None and student.agreement is None):
        return "No held-out prompt was scored, so nothing is known about how good the student is."
    if student.value is None:
        return _agreement(data, student) + _few(data, student) + "."
    return _accuracy(data, student) + _few(data, student) + "."


def _agreement(data: ReportData, student: Score) -> str:
    base = score_of(data, "base")
    untuned = f" (untuned: {percent(base.agreement)})" if base and base.agreement is not None else ""
    interval = f", 95 % interval {span(student.agreement_interval)}" if student.agreement_interval else ""
    return (
        f"The student gives the {_teacher(data)}'s answer to {percent(student.agreement)} of "
        f"{counted(student.n, 'held-out prompt')}{untuned}{interval}: this is agreement with the teacher, not "
        "accuracy, as there are no reference answers"
    )


def _accuracy(data: ReportData, student: Score) -> str:
    base, teacher = score_of(data, "base"), score_of(data, "teacher")
    others = [
        f"{name}: {percent(score.value)}"
        for name, score in (("untuned", base), (_teacher(data), teacher))
        if score is not None and score.value is not None
    ]
    beside = f" ({', '.join(others)})" if others else ""
    prompts = counted(student.n, "held-out prompt")
    if data.metric == "exact_match":
        head = f"The student answers {percent(student.value)} of {prompts} exactly{beside}"
    else:
        head = f"The student scores {percent(student.value)} on {data.metric} over {prompts}{beside}"
    return head + _gain(data, student, base)


def _gain(data: ReportData, student: Score, base: Score | None) -> str:
    """What training brought: worse, not measurably better, or the share of the gap that was recovered."""
    if base is None or base.value is None or student.value is None:
        return ", but the untuned student was not scored, so what training brought is unknown"
    chance = data.mcnemar_p is not None and data.mcnemar_p >= 0.05
    evidence = "" if data.mcnemar_p is None else f" ({p_value(data.mcnemar_p)})"
    if student.value < base.value and not chance:
        return f": training made it worse{evidence}"
    if student.value <= base.value or chance:
        return f": it is not measurably better than the untuned student{evidence}"
    pgr = data.pgr
    if pgr is None or pgr.value is None:
        why = f", because {pgr.undefined}" if pgr and pgr.undefined else ""
        return f": it is better than the untuned student, but the share of the gap that it recovered is undefined{why}"
    interval = "" if pgr.low is None or pgr.high is None else f", 95 % interval {span(Interval(pgr.low, pgr.high))}"
    return f": it recovered {percent(pgr.value)} of the gap{interval}"


def _few(data: ReportData, student: Score) -> str:
    if student.n >= FEW_ITEMS or data.minimum_detectable is None:
        return ""
    if data.minimum_detectable >= 1:
        return f"; {counted(student.n, 'prompt')} {'is' if student.n == 1 else 'are'} too few to show any difference"
    points = f"{100 * data.minimum_detectable:.0f} points"
    return f"; with only {counted(student.n, 'prompt')}, differences below {points} cannot be told from chance"


def _teacher(data: ReportData) -> str:
    return "simulated teacher" if data.simulated else "teacher"
