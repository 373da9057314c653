"""Performance gap recovered."""

import math
from statistics import NormalDist

import msgspec
import numpy as np

from blackbox_kd.stats.clusters import Array, Clusters, Values, cluster_sums, expanded, quantiles, resample, shares
from blackbox_kd.stats.intervals import wilson
from blackbox_kd.stats.paired import difference_bounds


class Pgr(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Performance gap recovered with its interval; without a value, `undefined` says why."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    undefined: str = ""


def paired_bootstrap_pgr(
    base: Values,
    student: Values,
    teacher: Values,
    clusters: Clusters,
    draws: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> Pgr:
    """Performance gap recovered, (student - base) / (teacher - base), on the same items (Burns et al. 2023).

    BCa bootstrap (Efron 1987) over whole families, the three models drawn together, as wide as Student's t (Hesterberg
    2015); not clipped, so harm shows as a negative value. Undefined unless the interval of the gap teacher - base, as
    `paired_difference` gives it, lies above 0. Raises `BbkdError` on unequal lengths and scores outside 0..1.
    """
    sums = cluster_sums(shares(base, student, teacher), clusters)  # (families, 4)
    if len(sums) < 2:
        return Pgr(undefined="fewer than two prompt families were evaluated")
    _, low, high = difference_bounds(sums[:, 2] - sums[:, 0], sums[:, 3], (1 - level) / 2)
    if high < 0:
        return Pgr(undefined="the teacher is worse than the untuned student")
    if low <= 0:
        return Pgr(undefined="the teacher is not measurably better than the untuned student")
    return _interval(sums, draws, seed, level)


def _interval(sums: Array, draws: int, seed: int, level: float) -> Pgr:
    totals = np.vstack([sums.sum(axis=0), resample(sums, draws, seed)])  # (1 + draws, 4); row 0 is what was observed
    gap, gain = totals[:, 2] - totals[:, 0], totals[:, 1] - totals[:, 0]
    # a draw without a gap puts the ratio beyond every bound, on the side of the gain
    ratio = np.divide(gain, gap, out=np.copysign(np.full_like(gain, np.inf), gain), where=gap > 0)
    value, drawn = float(ratio[0]), ratio[1:]
    influence = ((sums[:, 1] - sums[:, 0]) - value * (sums[:, 2] - sums[:, 0])) / gap[0]
    if np.abs(influence).max() < 1e-12:  # every family agrees: as sure as that many right answers of as many
        unseen = (1 - wilson(len(sums), len(sums), level).low) * float(totals[0, 3] / gap[0])
        return Pgr(value, value - unseen, value + unseen)
    low, high = quantiles(drawn, *_ranks(influence, drawn, value, expanded(level, len(sums))))
    if not (math.isfinite(low) and math.isfinite(high)):
        return Pgr(undefined="the gap between teacher and untuned student is too uncertain to divide by")
    return Pgr(value, low, high)


def _ranks(influence: Array, drawn: Array, value: float, deviate: float) -> tuple[float, float]:
    """The ranks of the bounds among the draws, corrected for bias and skewness (BCa, Efron 1987)."""
    normal = NormalDist()
    below = float((drawn < value).mean() + (drawn == value).mean() / 2)
    bias = normal.inv_cdf(min(0.95, max(0.05, below)))
    skew = float((influence**3).sum() / (6 * (influence**2).sum() ** 1.5))
    shifted = (bias - deviate, bias + deviate)
    low, high = (normal.cdf(bias + shift / max(1e-9, 1 - skew * shift)) for shift in shifted)
    return low, high
