"""Charts as inline SVG: text in the page's own colour, so that they read on light and on dark, and no date in them."""

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from blackbox_kd.measures import Measured
from blackbox_kd.report.data import Count, LossPoint, measure, score_of
from blackbox_kd.report.words import label, number, percent
from blackbox_kd.text import safe

INK = "#010203"  # stands for the colour of the page's text until the SVG is written
MUTED, BLUE, ORANGE, RED = "#8a8f98", "#2f80c2", "#c46a1b", "#c8504b"  # each at least 3:1 on white and on #15181d
COLOURS = {"student": BLUE, "teacher": ORANGE}  # every other arm is muted
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
STYLE: dict[Any, object] = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.alpha": 0.15,
    "grid.color": INK,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "ytick.major.size": 0,
}


def scores_chart(measured: Measured) -> Markup:
    """Each arm's rate with its 95 % interval, on 0 to 100 %; empty where nothing was scored."""
    arms = [arm.name for arm in measured.arms if not (arm.name == "teacher" and measured.reference == "teacher")]
    bars = [(name, of) for name in arms if (of := score_of(measured, name))]
    if not bars:
        return Markup()

    def draw(axes: Axes) -> None:
        for row, (name, of) in enumerate(bars):
            axes.barh(row, of.value, color=COLOURS.get(name, MUTED), height=0.6)
            end = of.value
            if of.low is not None and of.high is not None:
                end = max(end, of.high)
                xerr = [[max(0.0, of.value - of.low)], [max(0.0, of.high - of.value)]]
                axes.errorbar(of.value, row, xerr=xerr, color=INK, capsize=3, elinewidth=1, capthick=1)
            axes.text(end + 0.02, row, percent(of.value), va="center")
        axes.set_xlim(0, 1.12)
        axes.set_xticks(QUARTERS, [percent(one) for one in QUARTERS])
        _rows(axes, [_drawable(label(name)) for name, _ in bars])

    return _svg("scores", "Scores with 95 % intervals", 0.55 + 0.38 * len(bars), draw)


def curve_chart(measured: Measured) -> Markup:
    """The learning curve with 95 % intervals; empty with fewer than two points."""
    points = sorted(measured.curve, key=lambda point: (point.rows, point.arm))
    if len(points) < 2:
        return Markup()

    def draw(axes: Axes) -> None:
        rows, values = [point.rows for point in points], [point.score.value for point in points]
        axes.plot(rows, values, color=BLUE, marker="o")
        for point in points:
            low, high = point.score.low, point.score.high
            if low is not None and high is not None:
                axes.vlines(point.rows, low, high, color=BLUE, linewidth=1)
        axes.set_xlim(0, 1.05 * max(1, *rows))
        axes.set_xlabel("training rows")
        _shares(axes, measure(measured))

    return _svg("curve", "Learning curve with 95 % intervals", 2.8, draw)


def coverage_chart(measured: Measured) -> Markup:
    """Student and teacher together, by the share that the student answers; empty with fewer than two points."""
    points = sorted(measured.coverage, key=lambda point: point.coverage)
    if len(points) < 2:
        return Markup()

    def draw(axes: Axes) -> None:
        axes.plot([one.coverage for one in points], [one.accuracy for one in points], color=BLUE, label="both together")
        alone = [(one.coverage, one.student_accuracy) for one in points if one.student_accuracy is not None]
        if alone:
            shares, values = zip(*alone, strict=True)
            axes.plot(shares, values, color=MUTED, linestyle="--", label="the student on what it answers")
        axes.set_xticks(QUARTERS, [percent(one) for one in QUARTERS])
        axes.set_xlabel("answered by the student, where it is surest")
        axes.legend(loc="lower left")
        _shares(axes, measure(measured))

    return _svg("coverage", "Scores by the share that the student answers", 2.8, draw)


def funnel_chart(steps: Sequence[Count]) -> Markup:
    """Rows at each step as bars, those that were lost in red; empty without steps."""
    if not steps:
        return Markup()
    most = max(1, *(step.count for step in steps))

    def draw(axes: Axes) -> None:
        for row, step in enumerate(steps):
            axes.barh(row, step.count, color=RED if step.lost else BLUE, height=0.6)
            axes.text(step.count + 0.015 * most, row, f"{'-' if step.lost else ''}{number(step.count)}", va="center")
        axes.set_xlim(0, 1.12 * most)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        _rows(axes, [_drawable(step.name) for step in steps])

    return _svg("funnel", "Rows at each step", 0.2 + 0.29 * len(steps), draw)


def loss_chart(points: Sequence[LossPoint]) -> Markup:
    """The training loss over steps, in nats a token; empty with fewer than two points."""
    if len(points) < 2:
        return Markup()

    def draw(axes: Axes) -> None:
        axes.plot([point.step for point in points], [point.loss for point in points], color=BLUE)
        axes.set_xlabel("step")
        axes.set_ylabel("training loss (nats a token)")
        axes.set_ylim(bottom=0)
        axes.grid()

    return _svg("loss", "Loss over training steps", 2.8, draw)


def _shares(axes: Axes, name: str) -> None:
    axes.set_ylim(0, 1.02)
    axes.set_yticks(QUARTERS, [percent(one) for one in QUARTERS])
    axes.set_ylabel(name)
    axes.grid()


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)


def _drawable(name: str) -> str:
    """Short, and in letters that the font measures without a warning."""
    text = "".join(c if c.isprintable() and c <= "\u024f" else "?" for c in " ".join(safe(name).split()))
    return text if len(text) <= 40 else f"{text[:39]}\u2026"


def _svg(name: str, title: str, height_in: float, draw: Callable[[Axes], None]) -> Markup:
    """One chart 6.8 inches wide; its ids carry the chart's name, so that charts on one page cannot mix them up."""
    out = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": f"bbkd-{name}"}):
        figure = Figure(figsize=(6.8, height_in), layout="constrained")
        draw(figure.add_subplot())
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    # ours instead: the page's font, colour and size, and no metadata
    svg = re.sub(
        r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>|font-family: [^;\"]*;", "", svg, flags=re.DOTALL
    )
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", svg).replace("xlink:", "").replace(INK, "currentColor")
    head, body = svg.split(">", maxsplit=1)
    head = re.sub(r' (width|height|version|xmlns(:\w+)?)="[^"]*"', "", head)
    return Markup(f'{head} class="chart" role="img" aria-label="{escape(title)}">{body}')
