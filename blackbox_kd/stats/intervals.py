"""Intervals of one model's rate or mean."""

import math
from statistics import NormalDist

import msgspec

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats.clusters import (
    Clusters,
    Values,
    cluster_sums,
    effective,
    shares,
    t_quantile,
)

FAINT = 1e-200  # variances below this are none: their quotients are no numbers


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A confidence interval, both ends included."""

    low: float
    high: float


def wilson(successes: float, n: float, level: float = 0.95) -> Interval:
    """The score interval of a rate (Wilson 1927); all of 0 to 1 where n is 0.

    Raises `BbkdError` unless 0 <= successes <= n.
    """
    if not 0 <= successes <= n:
        raise BbkdError(f"wilson: {successes} successes of {n} trials")
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    rate, scale = successes / n, 1 + z * z / n
    middle = (rate + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    return Interval(low, 1.0 if successes == n else min(1.0, middle + half))


def rate_interval(values: Values, clusters: Clusters, level: float = 0.95) -> Interval:
    """Wilson's interval of the mean of scores in 0..1, as wide as their spread and their families make it.

    n is the number of independent right-or-wrong items that would vary as much (Korn & Graubard 1998; the variance is
    clustered, Miller 2024, arXiv 2411.00640), never below the number of families that weigh alike. Where all scores are
    0, or all 1, n is that number. Raises `BbkdError` for scores outside 0..1.
    """
    table = shares(values)
    if not len(table):
        return Interval(0.0, 1.0)
    sums = cluster_sums(table, clusters)  # (families, 2): sum of scores, items
    n, families, independent = len(table), len(sums), effective(sums[:, 1])
    rate = min(1.0, math.fsum(sums[:, 0]) / n)
    trials = independent
    if (binomial := rate * (1 - rate) / n) > FAINT:
        residuals = sums[:, 0] - rate * sums[:, 1]
        clustered = float((residuals**2).sum()) / (n * n) * families / max(1, families - 1)
        alone = math.fsum((table[:, 0] - rate) ** 2) / (n * n)
        variance = max(clustered, alone, binomial / (families + 1))
        quantile = 0.5 + level / 2
        few = t_quantile(quantile, max(1, n - 1)) / t_quantile(quantile, max(1.0, independent - 1))
        trials = max(independent, n * binomial / variance * few**2)
    return wilson(rate * trials, trials, level)
