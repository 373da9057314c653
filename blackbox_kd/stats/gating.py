"""Non-inferiority: may the new model replace the old one?"""

from typing import Literal

import msgspec

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats.clusters import Clusters, Values
from blackbox_kd.stats.paired import difference_bounds, difference_sums

FEWEST = 10  # families
CAUTION = 2.5  # of the bounds: see `difference_bounds`


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether new is no worse than old by more than the margin, and why; difference is new minus old.

    low and high are one-sided bounds, each at the level; None with fewer than two families.
    """

    verdict: Literal["pass", "fail", "cannot tell"]
    difference: float | None
    low: float | None
    high: float | None
    n: int
    families: int
    reason: str


def non_inferior(new: Values, old: Values, clusters: Clusters, margin: float, level: float = 0.95) -> Decision:
    """Decide on scores of 0..1 of the same items: pass where new is surely above old - margin, fail where surely below.

    Each is wrong at most 1 - level of the time, at the margin, by simulation (benchmarks/science/gate_calibration.py).
    Else, and with fewer than ten families, it cannot tell. Raises `BbkdError` unless 0 <= margin < 1, and as
    `paired_difference`.
    """
    if not 0 <= margin < 1:
        raise BbkdError(f"a margin of {margin:g}: it has to be a share from 0 to below 1")
    sums, sizes = difference_sums(old, new, clusters)
    n, families = int(sizes.sum()), len(sizes)
    if families < 2:
        value = float(sums.sum() / n) if n else None
        return Decision("cannot tell", value, None, None, n, families, _few(families))
    value, low, high = (float(one) for one in difference_bounds(sums, sizes, 1 - level, CAUTION))
    limit = f"the margin of {100 * margin:g} points"
    if families < FEWEST:
        return Decision("cannot tell", value, low, high, n, families, _few(families))
    if low > -margin:
        reason = f"worse by {max(0.0, -100 * low):.1f} points at most, within {limit}"
        return Decision("pass", value, low, high, n, families, reason)
    if high < -margin:
        reason = f"worse by {-100 * high:.1f} points at least, more than {limit}"
        return Decision("fail", value, low, high, n, families, reason)
    reason = f"{n:,} items leave {100 * low:+.1f} to {100 * high:+.1f} points, and {limit} lies in between"
    return Decision("cannot tell", value, low, high, n, families, reason)


def _few(families: int) -> str:
    return f"{families} prompt {'family' if families == 1 else 'families'}, and fewer than {FEWEST} tell nothing"
