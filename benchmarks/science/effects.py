"""What sets two models apart over training seeds: all on the same items, paired by their content."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.science.results import Result
from blackbox_kd.stats import (
    Difference,
    Pgr,
    Spread,
    mcnemar_exact,
    paired_bootstrap_pgr,
    paired_difference,
    seed_spread,
)
from blackbox_kd.stats.paired import difference_sums

FLIPS = 20_000  # draws of the randomisation test
Rows = Mapping[int, Result]  # one model's results by training seed


class Items(NamedTuple):
    """Scores of several models, each seed-averaged, on the items that all of them have."""

    families: list[str]
    columns: list[list[float]]  # (models, items)


class Effect(NamedTuple):
    """A model minus another on the training seeds that both have; `p` is of the randomisation test."""

    over_items: Difference
    over_seeds: Spread
    p: float | None  # None where no item has two scores
    mcnemar: dict[int, float | None]  # by seed; None where scores are not 0 or 1


def effect(new: Rows, old: Rows) -> Effect | None:
    """How far `new` is from `old`; None without a common seed or item."""
    seeds = sorted(set(new) & set(old))
    items = paired([{seed: rows[seed] for seed in seeds} for rows in (old, new)])
    if not seeds or not items.families:
        return None
    each = {seed: paired([{seed: old[seed]}, {seed: new[seed]}]).columns for seed in seeds}
    means = [float(np.mean(after) - np.mean(before)) for before, after in each.values()]
    before, after = items.columns
    return Effect(
        over_items=paired_difference(before, after, items.families),
        over_seeds=seed_spread(means),
        p=randomised(before, after, items.families),
        mcnemar={seed: mcnemar(*columns) for seed, columns in each.items()},
    )


def paired(models: Sequence[Rows]) -> Items:
    """The items that every seed of every model has, in the order of their keys, scores averaged over seeds."""
    tables = [[scores(row) for row in rows.values()] for rows in models]
    families = {one.key: one.family for rows in models for row in rows.values() for one in row.scores}
    whole = all(tables)  # a model without a result shares no item
    keys = sorted(set(families).intersection(*(table for model in tables for table in model))) if whole else []
    columns = [[sum(table[key] for table in model) / len(model) for key in keys] for model in tables]
    return Items([families[key] for key in keys], columns)


def scores(row: Result) -> dict[str, float]:
    """Scores by the item's key; the first one where a content stands twice."""
    return {one.key: one.value for one in reversed(row.scores)}


def mcnemar(old: Sequence[float], new: Sequence[float]) -> float | None:
    """Exact p of McNemar's test; None where scores are not 0 or 1."""
    if not {*old, *new} <= {0.0, 1.0}:
        return None
    better = sum(b > a for a, b in zip(old, new, strict=True))
    return mcnemar_exact(better, sum(b < a for a, b in zip(old, new, strict=True)))


def randomised(old: Sequence[float], new: Sequence[float], families: Sequence[str], seed: int = 0) -> float:
    """Two-sided p of the paired randomisation test (Fisher 1935): the differences of whole families change sign.

    Drawn, and never 0: (as extreme + 1) / (draws + 1) (Phipson & Smyth 2010).
    """
    sums, _ = difference_sums(old, new, families)
    sums = sums[sums != 0]
    signs = np.random.default_rng(seed).integers(0, 2, size=(FLIPS, len(sums)), dtype=np.int8) * 2 - 1
    extreme = np.abs(signs @ sums) >= abs(sums.sum()) - 1e-9
    return float((extreme.sum() + 1) / (FLIPS + 1))


def recovered(base: Rows, rows: Rows, teacher: Rows) -> Pgr:
    """Performance gap recovered by a model, seeds averaged within each item."""
    items = paired([base, rows, teacher])
    if not items.families:
        return Pgr(undefined="no item is shared")
    untuned, own, best = items.columns
    return paired_bootstrap_pgr(untuned, own, best, items.families)
