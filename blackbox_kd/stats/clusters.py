"""What all intervals share: scores summed over families, families drawn again, and quantiles of Student's t."""

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from blackbox_kd.errors import BbkdError

Array = npt.NDArray[np.float64]
Values = Sequence[float] | Array  # (items,)
Clusters = Sequence[str] | Sequence[int] | npt.NDArray[np.int64]  # (items,): the family of each item
CELLS = 4_000_000  # of one block of draws: 32 MB
ROUNDING = 1e-9  # that a score may lie outside 0..1
NODES = 20_001  # of the grid that quantiles of t are read from


def columns(*values: Values) -> Array:
    """Scores of several models on the same items, and a column of ones: (items, models + 1).

    Raises `BbkdError` on unequal lengths, and for a score that is no finite number.
    """
    if len({len(column) for column in values}) > 1:
        raise BbkdError(f"scores of unequal length: {[len(column) for column in values]}")
    found = np.column_stack([*(np.asarray(column, dtype=np.float64) for column in values), np.ones(len(values[0]))])
    if not np.isfinite(found).all():
        raise BbkdError("a score is no finite number")
    return found


def shares(*values: Values) -> Array:
    """As `columns`, for scores that have to lie in 0..1; raises `BbkdError` for one that does not."""
    found = columns(*values)
    if found.size and not (found.min() >= -ROUNDING and found.max() <= 1 + ROUNDING):
        raise BbkdError(f"scores from {found.min():g} to {found.max():g}: they have to lie in 0 to 1")
    return np.clip(found, 0.0, 1.0)


def codes(clusters: Clusters, n: int) -> npt.NDArray[np.int64]:
    """Families of n items as numbers from 0, in the order of names; raises `BbkdError` unless n are given."""
    if n != len(clusters):
        raise BbkdError(f"{n} scores, but {len(clusters)} families: one a score is needed")
    return np.unique(np.asarray(clusters), return_inverse=True)[1].astype(np.int64)


def cluster_sums(table: Array, clusters: Clusters) -> Array:
    """Each column summed over each family: (families, columns), in an order that does not depend on the items'.

    Raises `BbkdError` unless each row has a family.
    """
    of = codes(clusters, len(table))
    order = np.lexsort((*table.T, of))  # floating-point sums depend on the order of their terms
    sums = np.zeros((len(np.unique(of)), table.shape[1]))
    np.add.at(sums, of[order], table[order])
    return sums


def resample(sums: Array, draws: int, seed: int) -> Array:
    """Column totals of families drawn with replacement: (draws, columns).

    Families with equal sums are one outcome with its multiplicity: the same distribution, in a handful of outcomes
    where scores are 0 and 1.
    """
    rng = np.random.default_rng(seed)
    outcomes, counts = np.unique(sums, axis=0, return_counts=True)
    block = max(1, CELLS // len(outcomes))
    sizes = [min(block, draws - start) for start in range(0, draws, block)]
    return np.vstack([rng.multinomial(len(sums), counts / len(sums), size=size) @ outcomes for size in sizes])


def quantiles(values: Array, low: float, high: float) -> tuple[float, float]:
    """Two observed values at these ranks, as shares."""
    found = np.quantile(values, [low, high], method="inverted_cdf")
    return float(found[0]), float(found[1])


def expanded(level: float, families: int) -> float:
    """Normal deviate of a bootstrap interval as wide as Student's (Hesterberg 2015, arXiv 1411.5279, section 5).

    A bootstrap draws from a spread that is too small by (families - 1) / families, and knows no quantile of t.
    """
    return t_quantile(0.5 + level / 2, families - 1) * math.sqrt(families / (families - 1))


def percentile(values: Array, level: float, families: int) -> tuple[float, float]:
    """The expanded percentile interval (Hesterberg 2015) of bootstrapped values over two or more families."""
    tail = NormalDist().cdf(-expanded(level, families))
    return quantiles(values, tail, 1 - tail)


def effective(sizes: Array) -> float:
    """How many families of equal size vary as much as these (Kish 1965): all of them where their sizes are equal."""
    return float(sizes.sum() ** 2 / (sizes**2).sum())


@lru_cache(maxsize=1024)
def t_quantile(p: float, freedom: float) -> float:
    """The p-quantile of Student's t, 0 < p < 1, with these degrees of freedom, 1 or more, whole or not.

    With x = sqrt(freedom) * tan(angle), the density of the angle is proportional to cos(angle) ** (freedom - 1).
    """
    if p < 0.5:
        return -t_quantile(1 - p, freedom)
    angles = np.linspace(0, min(math.pi / 2, 60 / math.sqrt(freedom)), NODES)
    density = np.maximum(np.cos(angles), 0.0) ** (freedom - 1)
    mass = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return math.sqrt(freedom) * math.tan(float(np.interp(2 * p - 1, mass / mass[-1], angles)))
