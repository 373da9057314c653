"""Non-inferiority: may the new model replace the old one?"""

import math
from statistics import NormalDist
from typing import Literal

import msgspec
import numpy as np

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats.clusters import Clusters, Values
from blackbox_kd.stats.paired import difference_bounds, difference_sums

FEWEST = 10  # families
CAUTION, STEP = 1.5, 0.5  # of the bounds: see `difference_bounds`
MOST = 1e6  # times the items compared: more are not looked for


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

    Each is wrong at most 1 - level of the time at the margin, and 1 - level is 5 %: exact for families of one item that
    are right or wrong, else by simulation (benchmarks/science/gate_calibration.py). Else, and with fewer than ten
    families, it cannot tell. Raises `BbkdError` unless 0 <= margin < 1, and as
    `paired_difference`.
    """
    if not 0 <= margin < 1:
        raise BbkdError(f"a margin of {margin:g}: it has to be a share from 0 to below 1")
    sums, sizes = difference_sums(old, new, clusters)
    n, families = int(sizes.sum()), len(sizes)
    if families < 2:
        value = float(sums.sum() / n) if n else None
        return Decision("cannot tell", value, None, None, n, families, _few(families))
    value, low, high = (float(one) for one in difference_bounds(sums, sizes, 1 - level, CAUTION, STEP))
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


def items_to_pass(
    new: Values, old: Values, clusters: Clusters, margin: float, level: float = 0.95, power: float = 0.8
) -> int | None:
    """With how many items `non_inferior` passes with this power, if both are equally good and differ as often as here.

    The same bound, with the families seen standing for more of their kind, won and lost equally often. None with fewer
    than two families, and where a million times the items would not do. Raises as `non_inferior`.
    """
    if not 0 <= margin < 1:
        raise BbkdError(f"a margin of {margin:g}: it has to be a share from 0 to below 1")
    sums, sizes = difference_sums(old, new, clusters)
    n, families, chance = float(sizes.sum()), len(sizes), NormalDist().inv_cdf(power)
    if families < 2:
        return None
    even, both, spread = np.concatenate([sums, -sums]), np.concatenate([sizes, sizes]), math.sqrt((sums**2).sum()) / n

    def passes(times: float) -> bool:
        low = difference_bounds(even, both, 1 - level, CAUTION, STEP, np.full(1, times / 2))[1]
        return float(low) - chance * spread / math.sqrt(times) > -margin

    few, many = FEWEST / families, MOST
    if passes(few):
        return math.ceil(n * few)
    if not passes(many):
        return None
    for _ in range(40):
        middle = math.sqrt(few * many)
        few, many = (few, middle) if passes(middle) else (middle, many)
    return math.ceil(n * many)


def _few(families: int) -> str:
    return f"{families} prompt {'family' if families == 1 else 'families'}, and fewer than {FEWEST} tell nothing"
