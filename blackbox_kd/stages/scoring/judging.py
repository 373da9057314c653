"""The paid part: which completions the judge is asked about, what that would cost, and what it says."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import UsageError
from blackbox_kd.records import Completion
from blackbox_kd.run import RunDir
from blackbox_kd.stages.estimating import Estimate
from blackbox_kd.stages.evaluating.opinions import forecast, judge_of, opinions_on
from blackbox_kd.stages.query import fewer_collections
from blackbox_kd.stages.scoring import pairwise, pointwise
from blackbox_kd.stages.scoring.asking import Asking, first
from blackbox_kd.stages.scoring.surviving import survivors
from blackbox_kd.stages.scoring.verifying import references_of


class Judged(NamedTuple):
    """The judge's scores by completion id, and the cost, None where its price is unknown."""

    scores: dict[str, float]
    cost_usd: float | None = 0.0


def rubric_of(run: RunDir, config: Config) -> str:
    """The template of the rubric that is asked by; raises `InputError` if it cannot serve."""
    of = pointwise.rubric_of if config.scoring.judge == "pointwise" else pairwise.rubric_of
    return of(config.scoring.rubric, run.root)


def asking(run: RunDir, config: Config, rows: Sequence[Completion], references: Mapping[str, str]) -> Asking:
    """What the judge would be asked about at most `[scoring] count` of these completions."""
    rubric, count = rubric_of(run, config), config.scoring.count
    if config.scoring.judge == "pairwise":
        return pairwise.asking(pairwise.first_prompts(rows, count), references, rubric)
    return pointwise.asking(first(rows, count), references, rubric)


def judged(run: RunDir, config: Config, rows: Sequence[Completion], references: Mapping[str, str]) -> Judged:
    """The judge's scores; nothing is bought twice. Raises what query raises for the whole run."""
    if not config.scoring.judge:
        return Judged({})
    asked = asking(run, config, rows, references)
    if any(one.name == judge_of(config).name for one in config.teacher):
        run.progress.note(
            "judge: it is the teacher's own model: models favour answers like their own (arXiv 2404.13076)"
        )
    with fewer_collections():
        opinions = asyncio.run(opinions_on(run, config, asked.prompts))
    scores = asked.scores(opinions)
    if lost := asked.rows - len(scores):
        cut = sum(one.cut for one in opinions.values())
        why = f"; {cut} replies were cut: raise [judge] sampling.max_tokens" if cut else ""
        run.progress.note(f"judge: no verdict on {lost} of {asked.rows} completions{why}")
    costs = [one.cost_usd for one in opinions.values()]
    known = [cost for cost in costs if cost is not None]
    return Judged(scores, sum(known) if len(known) == len(costs) else None)


def estimate(run: RunDir, config: Config) -> Estimate:
    """What the stage would ask and cost, from the ledger and the completions as they are. No network, no change.

    Raises `UsageError` if it would ask nobody.
    """
    if not config.scoring.judge:
        fix = '[scoring] judge = "pointwise", or leave out --dry-run: all else is free.'
        raise UsageError("judge --dry-run: [scoring] judge is not set, nobody would be asked", fix)
    rows = survivors(run, config).unique()
    return forecast(run, config, asking(run, config, rows, references_of(run)).prompts)
