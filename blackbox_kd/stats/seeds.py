"""Spread over training seeds."""

import math
import statistics
from collections.abc import Sequence

import msgspec

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats.clusters import t_quantile


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean over n trainings, its t interval, and the standard deviation between them; unknown is None."""

    mean: float
    low: float | None
    high: float | None
    sd: float | None
    n: int


def seed_spread(values: Sequence[float], level: float = 0.95) -> Spread:
    """The mean of a measure over trainings that differ by their seed alone, with Student's interval (Student 1908).

    One training has no spread. Raises `BbkdError` without values, and for one that is no finite number.
    """
    if not values or not all(math.isfinite(value) for value in values):
        raise BbkdError(f"seed_spread: finite values are needed, one a training: {list(values)}")
    n, mean = len(values), math.fsum(values) / len(values)
    if n < 2:
        return Spread(mean, None, None, None, n)
    sd = statistics.stdev(values)
    half = t_quantile(0.5 + level / 2, n - 1) * sd / math.sqrt(n)
    return Spread(mean, mean - half, mean + half, sd, n)
