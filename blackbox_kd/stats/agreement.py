"""Agreement of two raters beyond chance."""

import math
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats.clusters import Clusters, cluster_sums, t_quantile
from blackbox_kd.stats.intervals import wilson


class Kappa(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cohen's kappa and its interval, and the observed and the expected share of equal labels; unknown is None."""

    value: float | None
    low: float | None
    high: float | None
    observed: float | None
    expected: float | None
    n: int


def cohen_kappa(
    one: Sequence[str], other: Sequence[str], clusters: Clusters | None = None, level: float = 0.95
) -> Kappa:
    """Agreement of two raters of the same items beyond chance, (observed - expected) / (1 - expected) (Cohen 1960).

    The interval is of Fleiss, Cohen & Everitt 1969, over families where `clusters` names them; where all labels agree,
    Wilson's of the observed share. Undefined where chance alone would agree. Raises `BbkdError` on unequal lengths.
    """
    n = len(one)
    if n != len(other):
        raise BbkdError(f"labels of unequal number: {n} and {len(other)}")
    if n == 0:
        return Kappa(None, None, None, None, None, 0)
    first, second = Counter(one), Counter(other)
    observed = sum(a == b for a, b in zip(one, other, strict=True)) / n
    expected = sum(first[label] * second[label] for label in first) / (n * n)
    if expected == 1:
        return Kappa(None, None, None, observed, expected, n)
    value, room = (observed - expected) / (1 - expected), 1 - expected
    chance = [(second[a] + first[b]) / n for a, b in zip(one, other, strict=True)]
    influence = [((a == b) - (1 - value) * by) / room for a, b, by in zip(one, other, chance, strict=True)]
    centred = np.asarray(influence) - math.fsum(influence) / n
    sums = cluster_sums(centred[:, None], range(n) if clusters is None else clusters)[:, 0]
    families = len(sums)
    if families < 2:
        return Kappa(value, None, None, observed, expected, n)
    if observed == 1:
        low, half = (wilson(families, families, level).low - expected) / room, 0.0
    else:
        error = math.sqrt(math.fsum(sums**2) * families / (families - 1)) / n
        half = t_quantile(0.5 + level / 2, families - 1) * error
        low = value - half
    return Kappa(value, max(-1.0, low), min(1.0, value + half), observed, expected, n)
