"""Intervals and tests for shares measured on a few hundred held-out prompts.

Everything is a share between 0 and 1, never a percentage, and the same for the same seed and items in any order.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import msgspec
import numpy as np
import numpy.typing as npt

from blackbox_kd.errors import BbkdError

Values = Sequence[float] | npt.NDArray[np.float64]  # (items,)
Clusters = Sequence[str] | Sequence[int] | npt.NDArray[np.int64]  # (items,): the family of each item
CELLS = 4_000_000  # of one block of draws: 32 MB


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A confidence interval, both ends included."""

    low: float
    high: float


class Pgr(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Performance gap recovered with its interval; without a value, `undefined` says why."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    undefined: str = ""


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
    """Wilson's interval of the mean of scores in 0..1, as wide as items that share a family make it.

    n is divided by the design effect of the clustered variance (Miller 2024, arXiv 2411.00640), never below the number
    of families; where all items score alike, n is that number.
    """
    sums = _cluster_sums(_columns(values), clusters)  # (families, 2): sum of scores, items
    n, total, families = float(sums[:, 1].sum()), float(sums[:, 0].sum()), len(sums)
    if n == 0:
        return Interval(0.0, 1.0)
    rate = min(1.0, max(0.0, total / n))
    effective = float(families)
    if (binomial := rate * (1 - rate) / n) > 0:
        clustered = float(((sums[:, 0] - rate * sums[:, 1]) ** 2).sum()) / (n * n)
        effective = max(families, n / max(1.0, clustered / binomial))
    return wilson(rate * effective, effective, level)


def mcnemar_exact(b: int, c: int) -> float:
    """Two-sided exact p of McNemar's test, from the items that only the one (b) and only the other (c) got right."""
    n, term, total = b + c, 1, 0
    for k in range(min(b, c) + 1):  # exact integers: C(n, k) = C(n, k - 1) * (n - k + 1) / k
        term = term * (n - k + 1) // k if k else 1
        total += term
    return min(1.0, float(2 * total / (1 << n)))


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

    Percentile bootstrap over whole families, the three models drawn together; not clipped, so harm shows as a negative
    value. Undefined unless the interval of the gap teacher - base lies above 0. Raises `BbkdError` on unequal lengths.
    """
    sums = _cluster_sums(_columns(base, student, teacher), clusters)  # (families, 4)
    if len(sums) < 2:
        return Pgr(undefined="fewer than two prompt families were evaluated")
    totals = np.vstack([sums.sum(axis=0), _resample(sums, draws, seed)])  # (1 + draws, 4); row 0 is what was observed
    gap, gain = totals[:, 2] - totals[:, 0], totals[:, 1] - totals[:, 0]
    low, high = _percentiles(gap[1:] / totals[1:, 3], level)
    if high < 0:
        return Pgr(undefined="the teacher is worse than the untuned student")
    if low <= 0:
        return Pgr(undefined="the teacher is not measurably better than the untuned student")
    # a draw without a gap puts the ratio beyond every bound, on the side of the gain
    ratio = np.divide(gain, gap, out=np.copysign(np.full_like(gain, np.inf), gain), where=gap > 0)
    low, high = _percentiles(ratio[1:], level)
    if not (math.isfinite(low) and math.isfinite(high)):
        return Pgr(undefined="the gap between teacher and untuned student is too uncertain to divide by")
    return Pgr(float(ratio[0]), low, high)


def bootstrap_mean(
    values: Values, clusters: Clusters, draws: int = 10_000, seed: int = 0, level: float = 0.95
) -> Interval | None:
    """Percentile bootstrap interval of a mean over whole families; None with fewer than two families.

    For differences and lengths; a rate is better served by `rate_interval`, which stays honest at 0 and 1.
    """
    sums = _cluster_sums(_columns(values), clusters)  # (families, 2)
    if len(sums) < 2:
        return None
    totals = _resample(sums, draws, seed)
    return Interval(*_percentiles(totals[:, 0] / totals[:, 1], level))


def minimum_detectable(n: int, rate: float, power: float = 0.8, level: float = 0.95, correlation: float = 0.3) -> float:
    """The smallest difference to `rate`, as a share, that n paired items show with this power (Connor 1987).

    Two models on the same items, their outcomes correlated by `correlation`; 1.0 where no difference could be shown.
    """
    normal, low_rate = NormalDist(), min(rate, 1 - rate)
    z_level, z_power = normal.inv_cdf(0.5 + level / 2), normal.inv_cdf(power)

    def shown(difference: float) -> bool:
        other = min(1.0, low_rate + difference)
        variances = low_rate * (1 - low_rate), other * (1 - other)
        covariance = correlation * math.sqrt(variances[0] * variances[1])
        discordant = max(difference, sum(variances) - 2 * covariance + difference**2)
        spread = z_level * math.sqrt(discordant) + z_power * math.sqrt(max(0.0, discordant - difference**2))
        return difference * math.sqrt(n) >= spread

    low, high = 0.0, 1 - low_rate
    if n < 6 or not shown(high):  # five items that all differ have p = 0.0625
        return 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high


def _columns(*values: Values) -> npt.NDArray[np.float64]:
    """Scores of several models on the same items, and a column of ones: (items, models + 1)."""
    if len({len(column) for column in values}) > 1:
        raise BbkdError(f"scores of unequal length: {[len(column) for column in values]}")
    return np.column_stack([*(np.asarray(column, dtype=np.float64) for column in values), np.ones(len(values[0]))])


def _cluster_sums(columns: npt.NDArray[np.float64], clusters: Clusters) -> npt.NDArray[np.float64]:
    """Each column summed over each family: (families, columns)."""
    if len(columns) != len(clusters):
        raise BbkdError(f"{len(columns)} scores, but {len(clusters)} families: one a score is needed")
    names, codes = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.zeros((len(names), columns.shape[1]))
    np.add.at(sums, codes, columns)
    return sums


def _resample(sums: npt.NDArray[np.float64], draws: int, seed: int) -> npt.NDArray[np.float64]:
    """Column totals of families drawn with replacement: (draws, columns).

    Families with equal sums are one outcome with its multiplicity: the same distribution, in a handful of outcomes
    where scores are 0 and 1.
    """
    rng = np.random.default_rng(seed)
    outcomes, counts = np.unique(sums, axis=0, return_counts=True)
    block = max(1, CELLS // len(outcomes))
    sizes = [min(block, draws - start) for start in range(0, draws, block)]
    return np.vstack([rng.multinomial(len(sums), counts / len(sums), size=size) @ outcomes for size in sizes])


def _percentiles(values: npt.NDArray[np.float64], level: float) -> tuple[float, float]:
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2], method="inverted_cdf")
    return float(low), float(high)
