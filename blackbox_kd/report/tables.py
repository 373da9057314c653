"""The tables of a report as rows of text, the same for HTML and Markdown; an empty table is not shown."""

import msgspec

from blackbox_kd.report.data import CLEAN, NoiseRecall, ReportData, Score, cost_usd, rate_of, score_of
from blackbox_kd.report.words import LABELS, UNKNOWN, counted, label, number, p_value, percent, span, usd
from blackbox_kd.stats import Interval

AGREEMENT = ", of agreement with the teacher"


class Table(msgspec.Struct, frozen=True):
    """A header and its rows, all of one width; `numeric` columns come after the first and are set to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: bool = True


class Tile(msgspec.Struct, frozen=True):
    """One of the few numbers at the top."""

    name: str
    value: str
    note: str


def tiles(data: ReportData) -> tuple[Tile, ...]:
    """The numbers that a reader looks for first."""
    scored = [(name, score) for name in ("base", "student", "teacher") if (score := score_of(data, name))]
    accuracy = any(score.value is not None for _, score in scored)
    found = [
        Tile(label(name), percent(score.value if accuracy else score.agreement), _note(score, accuracy))
        for name, score in scored
        if accuracy or name != "teacher"
    ]
    if data.pgr is not None:
        value, note = _recovered(data)
        found.append(Tile("Gap recovered" + (AGREEMENT if data.pgr_of_agreement else ""), value, note))
    rows = next((step.count for step in reversed(data.funnel) if not step.lost and "train" in step.name.lower()), None)
    if rows is not None:
        found.append(Tile("Training rows", number(rows), "after filtering"))
    if data.usage:
        found.append(Tile("Cost", usd(cost_usd(data)), "at simulated prices" if data.simulated else "all stages"))
    return tuple(found)


def scores(data: ReportData) -> Table:
    """Every model on every metric, the report's own metric first."""
    whole = [s for s in data.scores if not s.slice]
    order = list(LABELS)
    whole.sort(
        key=lambda s: (s.metric != data.metric, s.metric, order.index(s.model) if s.model in order else len(order))
    )
    several = len({s.metric for s in whole}) > 1
    rows = [
        (
            label(s.model),
            *([s.metric] if several else []),
            percent(s.value, 1) if s.value is not None else "no references",
            span(s.interval),
            "" if s.model == "teacher" or s.agreement is None else percent(s.agreement, 1),
            "" if s.model == "teacher" else span(s.agreement_interval),
            number(s.n),
        )
        for s in whole
    ]
    metric = ("Metric", "Score") if several else (data.metric,)
    return Table(("Model", *metric, "95 % interval", "Agrees with teacher", "95 % interval", "Prompts"), tuple(rows))


def comparisons(data: ReportData) -> Table:
    """Gap recovered, the test of student against base, and what so many prompts can show."""
    rows: list[tuple[str, ...]] = []
    if data.pgr is not None:
        name = "Performance gap recovered" + (AGREEMENT if data.pgr_of_agreement else "")
        rows.append((name, *_recovered(data)))
    alike = _alike(data)
    if data.mcnemar_p is not None:
        note = f"McNemar's exact test, two-sided{alike}"
        rows.append(("Student against untuned", p_value(data.mcnemar_p), note))
    if data.minimum_detectable is not None:
        points = f"{100 * data.minimum_detectable:.1f} points"
        note = f"with power 0.8 at the 5 % level{alike}"
        rows.append(("Smallest difference that can be shown", points, note))
    gain, cost = _gain(data), cost_usd(data)
    if gain is not None and gain > 0 and cost and not data.simulated:
        rows.append(("Cost of one point gained", usd(cost / (100 * gain)), "all stages, over the untuned student"))
    return Table(("Comparison", "Value", "Note"), tuple(rows), numeric=False)


def slices(data: ReportData) -> Table:
    """The report's metric by slice, a column a model."""
    cells = {(s.slice, s.model): s for s in data.scores if s.slice and s.metric == data.metric}
    names = dict.fromkeys(name for name, _ in cells)
    models = [m for m in (*LABELS, *sorted({m for _, m in cells} - LABELS.keys())) if any(m == k[1] for k in cells)]
    rows = [
        (
            name,
            number(max(cells[name, m].n for m in models if (name, m) in cells)),
            *(_cell(cells.get((name, m))) for m in models),
        )
        for name in names
    ]
    return Table(("Slice", "Prompts", *(label(m) for m in models)), tuple(rows))


def funnel(data: ReportData) -> Table:
    """How many rows each step had or lost."""
    return Table(
        ("Step", "Rows"), tuple((c.name, f"-{number(c.count)}" if c.lost else number(c.count)) for c in data.funnel)
    )


def noise(data: ReportData) -> Table:
    """What became of the faults that the simulated teacher planted."""
    rows = [(r.kind, number(r.planted), number(r.rejected), *recall(r)) for r in data.noise]
    return Table(("Planted in the answer", "Answers", "Rejected", "Recall", "False alarms"), tuple(rows))


def recall(of: NoiseRecall) -> tuple[str, str]:
    """The share rejected, (of a fault, of clean answers): one of the two is empty."""
    if not of.planted:
        return "none planted", ""
    share = percent(of.rejected / of.planted)
    return ("", share) if of.kind == CLEAN else (share, "")


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


def training(data: ReportData) -> Table:
    """How the student was trained, and how well it predicts the validation rows."""
    rows = [(fact.key, fact.value) for fact in data.training]
    if data.validation_nll is not None:
        rows.append(("Validation loss", f"{data.validation_nll:.4f} nats a completion token"))
    return Table(("Training", ""), tuple(rows), numeric=False)


def _alike(data: ReportData) -> str:
    """The caveat of what takes prompts as independent, where some share a family."""
    student = score_of(data, "student")
    if student is None or not 0 < student.families < student.n:
        return ""
    families = "1 family" if student.families == 1 else f"{number(student.families)} families"
    return f"; prompts taken as independent; they come from {families}"


def _note(score: Score, accuracy: bool) -> str:
    interval = score.interval if accuracy else score.agreement_interval
    words = ["" if accuracy else "agrees with teacher", f"95 %: {span(interval)}" if interval else ""]
    return ", ".join(word for word in words if word)


def _recovered(data: ReportData) -> tuple[str, str]:
    pgr = data.pgr
    if pgr is None or pgr.value is None:
        return "undefined", pgr.undefined if pgr else UNKNOWN
    bounds = None if pgr.low is None or pgr.high is None else Interval(pgr.low, pgr.high)
    return percent(pgr.value), f"95 %: {span(bounds)}" if bounds else ""


def _gain(data: ReportData) -> float | None:
    student, base = score_of(data, "student"), score_of(data, "base")
    if student is None or base is None or student.value is None or base.value is None:
        return None
    return student.value - base.value


def _cell(score: Score | None) -> str:
    if score is None:
        return ""
    rate, interval = rate_of(score)
    return f"{percent(rate)} ({span(interval)})" if interval else percent(rate)
