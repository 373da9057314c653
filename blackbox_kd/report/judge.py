"""What a judge model said of the student's answers."""

from collections.abc import Sequence

from blackbox_kd.measures import Judged
from blackbox_kd.report.data import ReportData
from blackbox_kd.report.tables import Section
from blackbox_kd.report.words import bounds, counted, number, percent, phrase, span, usd


def judge_section(data: ReportData) -> Section:
    """Win rate, raw and at equal length, and how far the judge can be trusted."""
    found = data.measured.judged
    title = "LLM-as-a-judge"
    if found is None:
        return Section(title=title)
    cost = (
        "" if found.cost_usd is None else f" It cost {usd(found.cost_usd)}{' (simulated)' if data.simulated else ''}."
    )
    second = f"This is secondary to the metrics above.{cost}"
    told = (wins(found), ties(found), trust(found), taste(found, data.teachers), second)
    return Section(title=title, sentences=tuple(one for one in told if one))


def wins(of: Judged) -> str:
    """The win rate, raw and length-controlled."""
    raw = interval(of.win_rate, of.low, of.high)
    controlled = ""
    if of.controlled is not None:
        rate = interval(of.controlled, of.controlled_low, of.controlled_high)
        controlled = f"; at equal length {rate} (Dubois et al. 2024)"
    return (
        f"{of.judge} compared the student with {phrase(of.against)} on {counted(of.n, 'prompt')}, each in both orders: "
        f"the student wins {raw}, a tie being half a win{controlled}."
    )


def ties(of: Judged) -> str:
    """Ties, contradictions and replies that could not be used."""
    unusable = f"; {counted(of.unusable, 'reply').replace('replys', 'replies')} had no verdict" if of.unusable else ""
    ended = f"{counted(of.ties, 'prompt')} ended in a tie"
    return f"{ended}; on {number(of.order_disagreements)} the verdict changed with the order{unusable}."


def trust(of: Judged) -> str:
    """Kappa against human labels, beside what the commonest label alone would reach."""
    if of.kappa is None or not of.labels:
        return "No kappa against human labels is known, so how far this judge can be trusted is not."
    ends = bounds(of.kappa_low, of.kappa_high)
    beside = f"95 % interval {ends.low:.2f} to {ends.high:.2f}, " if ends else ""
    equal = "" if of.human_agreement is None else f"; {percent(of.human_agreement)} of the verdicts equal the label"
    common = "" if of.base_rate is None else f"; always the commonest label would reach {percent(of.base_rate)}"
    return f"Against human labels, Cohen's kappa is {of.kappa:.2f} ({beside}n {number(of.labels)}){equal}{common}."


def taste(of: Judged, teachers: Sequence[str]) -> str:
    """That the judge is the teacher's own model, where it is; `teachers` are labels with what they were served as."""
    if not any(one.partition(" (served as ")[0] == of.judge for one in teachers):
        return ""
    return (
        f"{of.judge} is the teacher's own model: models favour answers like their own (Panickssery et al. 2024, "
        "arXiv 2404.13076), and the student was made to answer like it."
    )


def interval(value: float, low: float | None, high: float | None) -> str:
    """A rate and its interval."""
    ends = bounds(low, high)
    return f"{percent(value)} ({span(ends)})" if ends else percent(value)
