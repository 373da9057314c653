"""Two models on the same items: their difference, McNemar's test, and several tests at once."""

from collections.abc import Sequence

import msgspec
import numpy as np

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats.clusters import Array, Clusters, Values, cluster_sums, shares, t_quantile

ONE = np.ones(1)


class Difference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Other minus one: value None without items, an interval only with two families or more."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


def paired_difference(one: Values, other: Values, clusters: Clusters, level: float = 0.95) -> Difference:
    """Mean of other - one on the same items, scores in 0..1, with its interval.

    Computed, not drawn: see `difference_bounds`. Raises `BbkdError` on unequal lengths and scores outside 0..1.
    """
    sums, sizes = difference_sums(one, other, clusters)
    if len(sizes) < 2:
        return Difference(float(sums.sum() / sizes.sum()) if len(sizes) else None)
    value, low, high = difference_bounds(sums, sizes, (1 - level) / 2)
    return Difference(float(value), float(low), float(high))


def difference_sums(one: Values, other: Values, clusters: Clusters) -> tuple[Array, Array]:
    """Sum of other - one in each family, and the family's number of items.

    Raises `BbkdError` on unequal lengths and scores outside 0..1.
    """
    table = shares(one, other)
    sums = cluster_sums(np.column_stack([table[:, 1] - table[:, 0], table[:, 2]]), clusters)
    return sums[:, 0], sums[:, 1]


def difference_bounds(
    sums: Array, sizes: Array, tail: float, caution: float = 1.0, step: float = 0.0, counts: Array = ONE
) -> tuple[Array, Array, Array]:
    """The mean difference and its two one-sided bounds, each missed with probability `tail`.

    `sums` are differences summed over families: (..., families), for two families or more; `sizes` (families,) are
    their items; `counts` (..., families) is how many families each one stands for, so many of a size in every row.
    The standard error is the jackknife over families (Bell & McCaffrey 2002: CR3), the quantile is of t with the
    families that weigh alike less one. A bound also allows for `caution` families that would have gone wholly against
    it (as Agresti & Min 2005 add counts), for the skewness of the losses seen (Johnson 1978), so that few or no
    differing items do not look certain, and for `step` differing families more, since scores of 0 and 1 move in steps
    (Yates 1934: 0.5). Calibrated: 1 and 0 for intervals, which miss as often as they say on average over rates and n;
    the gate's 1.5 and 0.5 miss no more often at any.
    """
    n, families = (counts * sizes).sum(axis=-1), (counts * np.ones_like(sizes)).sum(axis=-1)
    value = (counts * sums).sum(axis=-1) / n
    residuals = sums - value[..., None] * sizes
    left_out = residuals * (n[..., None] / (n[..., None] - sizes))
    variance = (families - 1) / families * (counts * left_out**2).sum(axis=-1) / n**2
    alike = float(np.max(n**2 / (counts * sizes**2).sum(axis=-1)))  # Kish 1965
    quantile = t_quantile(1 - tail, max(1.0, alike - 1))
    unseen = np.sqrt((counts * sizes**2).sum(axis=-1) / families)
    typical = _typical(sums, residuals, unseen, counts)
    down, up = (_reach(sign * residuals, typical, unseen, caution, counts) / n for sign in (-1, 1))
    low = value - caution * down - step * typical / n - quantile * np.sqrt(variance + caution / 2 * down**2)
    high = value + caution * up + step * typical / n + quantile * np.sqrt(variance + caution / 2 * up**2)
    return value, np.maximum(low, -1.0), np.minimum(high, 1.0)


def _typical(sums: Array, residuals: Array, unseen: Array, counts: Array) -> Array:
    """Items by which a family differs that does, one that differs wholly counted in.

    Where few differ, their deviations are from 0: from the mean, those that do not differ would count as well.
    """
    absolute = np.minimum(*((counts * np.abs(one)).sum(axis=-1) for one in (sums, residuals)))
    found: Array = ((counts * residuals * residuals).sum(axis=-1) + unseen**2) / (absolute + unseen)
    return found


def _reach(residuals: Array, typical: Array, unseen: Array, caution: float, counts: Array) -> Array:
    """Items that one more contrary family may cost: fewer where many differing items were seen, and evenly so."""
    square = residuals * residuals
    skewed = np.maximum(0.0, (counts * square * residuals).sum(axis=-1)) + caution * unseen**3
    reach: Array = np.minimum(typical, skewed / ((counts * square).sum(axis=-1) + caution * unseen**2))
    return reach


def mcnemar_exact(b: int, c: int) -> float:
    """Two-sided exact p of McNemar's test, from the items that only the one (b) and only the other (c) got right."""
    n, term, total = b + c, 1, 0
    for k in range(min(b, c) + 1):  # exact integers: C(n, k) = C(n, k - 1) * (n - k + 1) / k
        term = term * (n - k + 1) // k if k else 1
        total += term
    return min(1.0, float(2 * total / (1 << n)))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values adjusted for being several (Holm 1979), in the order given; raises `BbkdError` for one outside 0..1."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        if not 0 <= p_values[index] <= 1:
            raise BbkdError(f"holm: p = {p_values[index]}")
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return tuple(adjusted)
