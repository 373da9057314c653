"""Win rate in front of a judge that likes long answers."""

import math

import msgspec
import numpy as np
import numpy.typing as npt

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats.clusters import CELLS, Array, Clusters, Values, codes, percentile, shares
from blackbox_kd.stats.intervals import wilson

RIDGE = 0.1  # of intercept and slope: where length decides alone, it keeps the slope finite
STEPS, AGAIN = 40, 5  # of Newton's method: from nothing, and from the estimate over all items
LONGEST = 2.0  # step, in logits


class WinRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Share of comparisons won, a tie being half a win; `controlled` is that share at equal length, with its interval.

    Unknown is None.
    """

    raw: float | None
    controlled: float | None
    low: float | None
    high: float | None
    n: int


def length_controlled_win_rate(
    wins: Values,
    length_differences: Values,
    clusters: Clusters,
    draws: int = 2_000,
    seed: int = 0,
    level: float = 0.95,
) -> WinRate:
    """The win rate that answers of equal length would have (Dubois et al. 2024, arXiv 2404.04475).

    `wins` are 1, 0.5 for a tie, and 0; differences are own length minus the other's, in any unit. A ridge logistic
    regression on tanh(difference / standard deviation) is read at difference 0; the interval is an expanded percentile
    bootstrap over families. Unknown where all differences are one and the same but not 0. Raises `BbkdError` on unequal
    lengths, wins outside 0..1, or a difference that is no finite number.
    """
    table = shares(wins)
    n, lengths = len(table), np.asarray(length_differences, dtype=np.float64)
    if len(lengths) != n or not np.isfinite(lengths).all():
        raise BbkdError(f"length_controlled_win_rate: {n} wins, but {len(lengths)} differences, or one is not finite")
    if n == 0:
        return WinRate(None, None, None, None, 0)
    of = codes(clusters, n)
    order = np.lexsort((table[:, 0], lengths, of))  # sums depend on the order of their terms
    won, lengths, of = table[order, 0], lengths[order], of[order]
    raw, families, sd = math.fsum(won) / n, int(of[-1]) + 1, float(lengths.std())
    if sd == 0 and lengths[0] != 0:
        return WinRate(raw, None, None, None, n)
    longer = np.tanh(lengths / sd) if sd > 0 else lengths
    found = _fitted(won, longer, np.ones((1, n)), np.zeros((1, 2)), STEPS)
    controlled = float(_share(found[0, 0]))
    if families < 2:
        return WinRate(raw, controlled, None, None, n)
    if won.min() == won.max():
        low, high = _unanimous(raw, families, level)
    else:
        low, high = percentile(_drawn(won, longer, of, found, draws, seed), level, families)
    return WinRate(raw, controlled, low, high, n)


def _unanimous(raw: float, families: int, level: float) -> tuple[float, float]:
    """Wilson's interval where all comparisons ended alike: as sure as that many families."""
    interval = wilson(raw * families, families, level)
    return interval.low, interval.high


def _drawn(won: Array, longer: Array, of: npt.NDArray[np.int64], start: Array, draws: int, seed: int) -> Array:
    """The controlled win rate of families drawn with replacement: (draws,)."""
    rng, families, found = np.random.default_rng(seed), int(of[-1]) + 1, []
    block = max(1, CELLS // len(won))
    for first in range(0, draws, block):
        size = min(block, draws - first)
        weights = rng.multinomial(families, np.full(families, 1 / families), size=size)[:, of].astype(np.float64)
        found.append(_share(_fitted(won, longer, weights, np.repeat(start, size, axis=0), AGAIN)[:, 0]))
    return np.concatenate(found)


def _fitted(won: Array, longer: Array, weights: Array, start: Array, steps: int) -> Array:
    """Intercept and slope by Newton's method: (draws, 2), one fit for each row of weights (draws, items)."""
    intercept, slope = start[:, 0].copy(), start[:, 1].copy()
    for _ in range(steps):
        expected = _share(intercept[:, None] + slope[:, None] * longer)  # (draws, items)
        residuals, spread = weights * (won - expected), weights * expected * (1 - expected)
        down, across = residuals.sum(axis=1) - RIDGE * intercept, residuals @ longer - RIDGE * slope
        a, b, c = spread.sum(axis=1) + RIDGE, spread @ longer, spread @ longer**2 + RIDGE
        scale = a * c - b * b
        steps_taken = np.stack([(c * down - b * across) / scale, (a * across - b * down) / scale])
        shrink = np.minimum(1.0, LONGEST / np.maximum(1e-12, np.abs(steps_taken).max(axis=0)))
        intercept += shrink * steps_taken[0]
        slope += shrink * steps_taken[1]
    return np.stack([intercept, slope], axis=1)


def _share(logits: Array) -> Array:
    """The logistic function."""
    return 0.5 * (1 + np.tanh(logits / 2))
