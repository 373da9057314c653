"""What the controls say: task or format, the alternatives to distilling, and the teacher's mistakes."""

from blackbox_kd.measures import Measured, arm_of
from blackbox_kd.report.data import ReportData, compared, measure, score_of, told_apart
from blackbox_kd.report.tables import Section
from blackbox_kd.report.words import bounds, counted, difference, estimate, percent, phrase, span
from blackbox_kd.stats import wilson

UNTUNED = ("base", "base_full_prompt", "base_few_shot")


def format_section(data: ReportData) -> Section:
    """Whether the student learned the task, or only how answers look."""
    found, shuffled = data.measured, score_of(data.measured, "shuffled")
    title = "Task or format"
    if score_of(found, "student") is None or (data.foreign and shuffled is None):
        return Section(title=title)
    if shuffled is None:
        return Section(
            title=title,
            sentences=(
                'Not separated: no shuffled control was trained; [evaluate] arms = ["shuffled"] does. Until then a '
                "gain may come from the look of the answers alone.",
            ),
        )
    base = score_of(found, "base")
    beside = f", the untuned student {estimate(base)}" if base else ""
    reached = f"A student trained on the same answers, shuffled among the prompts, reaches {estimate(shuffled)}{beside}"
    return Section(title=title, sentences=(f"{reached}: {learned(found)}.",))


def learned(measured: Measured) -> str:
    """What of the gain is format and what is task, as far as the intervals tell."""
    form, task = compared(measured, "shuffled", "base"), compared(measured, "student", "shuffled")
    if form is None or task is None or form.low is None or task.low is None:
        return "whether these differ was not tested, so format and task are not separated"
    if told_apart(task) <= 0:
        return (
            f"the student itself is not measurably better than that, {difference(task)}, so nothing shows that it "
            "learned the task"
        )
    if told_apart(form) > 0:
        return (
            f"that much of the gain, {difference(form)}, is the look of the answers; the task brings another "
            f"{difference(task)}"
        )
    return (
        f"{'less' if told_apart(form) < 0 else 'not measurably more'} than untuned, {difference(form)}. What the "
        f"student gained over it, {difference(task)}, comes from the task, not from the look of the answers"
        f"{f'; up to {100 * form.high:.1f} points of format are not ruled out' if form.high and form.high > 0 else ''}"
    )


def alternatives_section(data: ReportData) -> Section:
    """The student against what could be had without distilling: a better prompt, or gold."""
    sentences = (untuned(data.measured), gold(data.measured))
    return Section(title="Against the alternatives", sentences=tuple(one for one in sentences if one))


def untuned(measured: Measured) -> str:
    """The student against the best way of asking the untuned one; empty where only one way was tried."""
    scored = {name: of for name in UNTUNED if (of := score_of(measured, name))}
    student = score_of(measured, "student")
    if len(scored) < 2 or student is None:
        return ""
    best = max(scored, key=lambda name: scored[name].value)  # of equals the first
    one = compared(measured, "student", best)
    said = {1: "The student is better", -1: "The student is worse", 0: "The student is not measurably apart from that"}
    outcome = f" {said[told_apart(one)]}: {difference(one)}." if one else ""
    return (
        f"Of {counted(len(scored), 'way')} to ask without training, the best is {phrase(best)}: "
        f"{estimate(scored[best])}.{outcome}"
    )


def gold(measured: Measured) -> str:
    """The distilled student against one that was trained on references alone; empty where none was."""
    reached, one = score_of(measured, "gold"), compared(measured, "student", "gold")
    if reached is None:
        return ""
    arm = arm_of(measured, "gold")
    rows = f" ({counted(arm.trained.rows, 'row')})" if arm and arm.trained else ""
    said = {
        1: "the teacher's answers teach more than that",
        -1: "the teacher's answers teach less than that",
        0: "the distilled student is not measurably apart from it",
    }
    outcome = f"; {said[told_apart(one)]}, {difference(one)}" if one else ""
    return f"Trained on gold{rows} instead of the teacher's answers, the student reaches {estimate(reached)}{outcome}."


def copied_section(data: ReportData) -> Section:
    """What the student did where the teacher was wrong."""
    found = data.measured.copied
    title = "The teacher's mistakes"
    if found is None:
        return Section(title=title)
    if found.teacher_wrong == 0:
        return Section(title=title, sentences=("The teacher got no prompt wrong whose gold is known.",))
    interval = wilson(found.copied, found.teacher_wrong)
    share = percent(found.copied / found.teacher_wrong)
    sentence = (
        f"Held to gold, the teacher got {counted(found.teacher_wrong, 'prompt')} wrong: the student copied "
        f"{found.copied} of these mistakes "
        f"({share}, {span(bounds(interval.low, interval.high))}, n {found.teacher_wrong}) and was right on "
        f"{found.student_right}. A copied mistake counts as agreement, never as {measure(data.measured)}."
    )
    return Section(title=title, sentences=(sentence,))
