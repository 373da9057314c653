"""The tables of a plan: every figure from results.jsonl's rows, with the interval that items or seeds leave it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.science.effects import Effect, Rows, effect, recovered
from benchmarks.science.results import BASELINES, Result
from blackbox_kd.measures import Estimate
from blackbox_kd.stats import holm, seed_spread

NOTES = """\
Scores are shares, 0 to 1, of {metric} against {reference}; brackets are intervals at 95 %. "Mean": over training seeds,
with Student's t interval over them (none for one seed). "Each seed": one training, interval over items, families kept
whole. A difference "over items" pairs the items, seeds averaged within each: it is about other prompts; "over seeds"
pairs the seeds: it is about other trainings. McNemar: exact, one p a seed. p: randomisation test over families (Fisher
1935) of the difference over items; Holm: adjusted for the {tasks} of the arm (Holm 1979). PGR: performance gap
recovered, over items.
"""
HEAD = (
    "arm", "rows", "mean", "each seed", "minus base, over items", "minus {0}, over items", "minus {0}, over seeds",
    "McNemar p", "p", "Holm", "PGR",
)  # fmt: skip


class Line(NamedTuple):
    """One row of a table before it is text: a model's results by seed, and its effect against the reference."""

    label: str
    rows: Rows
    effect: Effect | None


def tables(results: Sequence[Result], reference: str, command: str) -> str:
    """Markdown: a table a task, and above them how it was made; of the `reference` arm's own student no difference."""
    if not results:
        return "No cell is finished.\n"
    tasks = list(dict.fromkeys(row.task for row in results))
    lines = {task: lines_of([row for row in results if row.task == task], reference) for task in tasks}
    adjusted = adjust(lines)
    dates, machines = (sorted({getattr(row, name) for row in results}) for name in ("when", "machine"))
    span = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    notes = NOTES.format(
        metric=" or ".join(dict.fromkeys(row.metric for row in results)),
        reference=" or ".join(dict.fromkeys(row.reference for row in results)),
        tasks=counted(len(tasks), "task"),
    )
    parts = [f"{span}, {'; '.join(machines)}: `{command}`.\n\n{notes}"]
    for task in tasks:
        own = [row for row in results if row.task == task]
        parts.append(table(task, own, lines[task], reference, adjusted))
    return "\n".join(parts)


def lines_of(results: Sequence[Result], reference: str) -> list[Line]:
    """The lines of one task, the models that no arm changes first."""
    by_label: dict[str, dict[int, Result]] = {}
    for row in sorted(results, key=lambda row: (row.model not in BASELINES, row.arm != reference)):
        rows = by_label.setdefault(label(row), {})
        if row.model not in BASELINES or not rows:
            rows[row.seed] = row
    against = by_label.get(reference, {})
    return [
        Line(name, rows, None if name == reference or name in BASELINES else effect(rows, against))
        for name, rows in by_label.items()
    ]


def label(row: Result) -> str:
    """What a model is called in the table."""
    if row.model in BASELINES:
        return row.model
    return row.arm if row.model == "student" else f"{row.arm}: {row.model}"


def adjust(lines: dict[str, list[Line]]) -> dict[tuple[str, str], float]:
    """Each arm's p by (task, arm), adjusted for the number of tasks."""
    found: dict[str, list[tuple[str, float]]] = {}
    for task, own in lines.items():
        for line in own:
            if line.effect is not None and line.effect.p is not None:
                found.setdefault(line.label, []).append((task, line.effect.p))
    return {
        (task, name): p
        for name, pairs in found.items()
        for (task, _), p in zip(pairs, holm([p for _, p in pairs]), strict=True)
    }


def table(
    task: str, results: Sequence[Result], lines: Sequence[Line], reference: str, adjusted: dict[tuple[str, str], float]
) -> str:
    """One task's table."""
    rows = {line.label: line.rows for line in lines}
    some = next(iter(lines[0].rows.values())).estimate
    text = [f"### {task}: {counted(some.n, 'item')} in {counted(some.families, 'family', 'families')}\n"]
    text += [f"**{warning}**\n" for warning in mixed(results)]
    text += [f"| {' | '.join(HEAD).format(reference)} |", "|" + "---|" * len(HEAD)]
    for line in lines:
        base = effect(line.rows, everywhere(rows.get("base", {}), line.rows)) if line.label != "base" else None
        cells = [line.label, *scored(line), over(base), *against(line, adjusted.get((task, line.label)))]
        if line.label not in BASELINES:
            gap = recovered(rows.get("base", {}), line.rows, rows.get("teacher", {}))
            cells.append(bracket(gap.value, gap.low, gap.high) if gap.value is not None else gap.undefined)
        text.append("| " + " | ".join([*cells, *[""] * (len(HEAD) - len(cells))]) + " |")
    return "\n".join(text) + "\n"


def everywhere(base: Rows, rows: Rows) -> Rows:
    """The one evaluation of a model that no training changes, as if it had been repeated for each of these seeds."""
    return {seed: row for row in base.values() for seed in rows}


def mixed(results: Iterable[Result]) -> list[str]:
    """What says that the cells of a task were not measured alike: the untuned student and the teacher have to agree."""
    seen: dict[str, set[tuple[object, ...]]] = {}
    for row in results:
        if row.model in ("base", "teacher"):
            seen.setdefault(row.model, set()).add(row.scores)
    return [f"{model} differs between the cells: they cannot be compared" for model, all_of in seen.items()
            if len(all_of) > 1]  # fmt: skip


def scored(line: Line) -> list[str]:
    """Rows trained on, mean over seeds, and each seed."""
    own = [line.rows[seed] for seed in sorted(line.rows)]
    counts = sorted({row.rows for row in own if row.rows is not None})
    spread = seed_spread([row.estimate.value for row in own])
    many = len(own) > 1
    mean = bracket(spread.mean, spread.low, spread.high) if many else f"{spread.mean:.3f}"
    return [
        " to ".join(str(count) for count in dict.fromkeys((*counts[:1], *counts[-1:]))),
        mean,
        "; ".join(estimated(row.estimate) for row in own),
    ]


def against(line: Line, adjusted: float | None) -> list[str]:
    """The cells that compare with the reference arm."""
    if line.effect is None:
        return [""] * 5
    seeds = line.effect.over_seeds
    return [
        over(line.effect),
        bracket(seeds.mean, seeds.low, seeds.high, signed=True),
        "; ".join(chance(p) for p in line.effect.mcnemar.values()),
        chance(line.effect.p),
        chance(adjusted),
    ]


def over(found: Effect | None) -> str:
    """A difference over items."""
    if found is None or found.over_items.value is None:
        return ""
    return bracket(found.over_items.value, found.over_items.low, found.over_items.high, signed=True)


def estimated(one: Estimate) -> str:
    """A score with its interval."""
    return bracket(one.value, one.low, one.high)


def bracket(value: float, low: float | None, high: float | None, signed: bool = False) -> str:
    """A figure with its interval, if it has one."""
    sign = "+" if signed else ""
    whole = f"{value:{sign}.3f}"
    return whole if low is None or high is None else f"{whole} [{low:{sign}.3f}, {high:{sign}.3f}]"


def chance(p: float | None) -> str:
    """A p-value in two digits."""
    return "" if p is None else f"{p:.2g}"


def counted(n: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{n} {one if n == 1 else many or one + 's'}"
