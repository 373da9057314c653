"""A run's report as one self-contained HTML page and as Markdown; the same data gives the same bytes."""

from typing import Final

import jinja2
from markupsafe import Markup

from blackbox_kd.measures import Reference
from blackbox_kd.report import charts, money, tables, words
from blackbox_kd.report.data import ReportData
from blackbox_kd.report.sections import sections, tiles
from blackbox_kd.report.tables import Table
from blackbox_kd.report.verdict import SIMULATED, verdict
from blackbox_kd.text import safe

OPEN_EXAMPLES: Final = 3  # unfolded in the page; the rest is a click away


def html(data: ReportData) -> str:
    """The page: opens offline, runs no script, and shows foreign text as text only."""
    env = _environment(autoescape=True)
    env.finalize = lambda value: safe(value) if isinstance(value, str) and not _marked(value) else value
    svg = {
        "scores": charts.scores_chart(data.measured),
        "curve": charts.curve_chart(data.measured),
        "coverage": charts.coverage_chart(data.measured),
        "funnel": charts.funnel_chart(data.funnel),
        "loss": charts.loss_chart(data.loss),
    }
    page = env.get_template("report.html.j2")
    return page.render(_view(data), charts=svg, tiles=tiles(data), open_examples=OPEN_EXAMPLES)


def markdown(data: ReportData) -> str:
    """The report without charts, for a terminal, a pull request or a diff."""
    return _markdown("report.md.j2", _view(data))


def card_text(data: ReportData, **more: object) -> str:
    """The model card's template filled in; `card.card` is the door to it."""
    return _markdown("card.md.j2", {**_view(data), **more})


def table(rows: Table) -> Markup:
    """A Markdown table."""
    right = ["---", *(["--:" if rows.numeric else "---"] * (len(rows.head) - 1))]
    lines = [[words.inline(cell) for cell in row] for row in (rows.head, *rows.rows)]
    lines.insert(1, [Markup(cell) for cell in right])
    return Markup("\n").join(Markup("| {} |").format(Markup(" | ").join(line)) for line in lines)


def _markdown(template: str, view: dict[str, object]) -> str:
    env = _environment(autoescape=False)
    env.finalize = lambda value: value if _marked(value) else words.inline(str(value))
    env.filters |= {"block": words.block, "whole": words.whole}
    env.filters["table"] = table
    return env.get_template(template).render(view)


def _environment(*, autoescape: bool) -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("blackbox_kd.report", ""),
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters |= {"clipped": words.clipped, "percent": words.percent, "mark": _mark}
    return env


def _view(data: ReportData) -> dict[str, object]:
    """What every template sees."""
    whole = [fact for fact in data.provenance if "\n" not in fact.value.strip()]
    return {
        "data": data,
        "verdict": verdict(data),
        "simulated": SIMULATED,
        "sections": sections(data),
        "funnel": tables.funnel(data),
        "noise": tables.noise(data),
        "usage": money.usage(data),
        "usage_notes": money.usage_notes(data),
        "training": tables.training(data),
        "provenance": Table(("Fact", "Value"), tuple((fact.key, fact.value) for fact in whole), numeric=False),
        "blocks": [fact for fact in data.provenance if fact not in whole],
    }


def _mark(score: float | None, reference: str | None, kind: Reference) -> str:
    """A score as one word beside an answer: without a reference it is only the teacher's answer that it was held to.

    A headline of the `kind` "none" holds it to neither.
    """
    if score is None:
        return ""
    wrong, right = ("different", "same") if reference is None else ("wrong", "right")
    if kind == "none":
        wrong, right = "invalid", "valid"
    return {0.0: wrong, 1.0: right}.get(score, f"{score:.2f}")


def _marked(value: object) -> bool:
    return isinstance(value, Markup)
