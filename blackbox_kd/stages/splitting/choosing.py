"""Which families are held out: of every stratum the same share, in an order that content and seed fix."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

Counts = Mapping[str, int]  # prompts by stratum
HALVINGS = 60  # of the share that is looked for: to the precision of a float


class Family(NamedTuple):
    """Prompts that stay together: how many, and how many of each stratum."""

    name: str
    size: int
    strata: Counts


def stratum_of(slice_: str | None, source: str) -> str:
    """What a prompt is a sample of: its row's `slice`, else the file or strategy that it came from."""
    return f"source {source}" if slice_ is None else f"slice {slice_}"


def chosen(families: Sequence[Family], wanted: int, whole: Counts, held: Counts) -> set[str]:
    """The families to hold out, of those that are free, in their order; `wanted` more prompts at most.

    `whole` and `held` count all prompts and those held out already. As many prompts are held out as without strata.
    """
    plain = fitting(families, wanted)
    number = size_of(families, plain)
    if len({stratum for family in families for stratum in family.strata}) < 2:
        return plain
    even = filled(families, number, quotas(families, number, whole, held))
    even = exchanged(families, even, number - size_of(families, even))
    return even if size_of(families, even) == number else plain


def fitting(families: Sequence[Family], wanted: int) -> set[str]:
    """The families that still fit, one after another."""
    found: set[str] = set()
    for family in families:
        if family.size <= wanted:
            found.add(family.name)
            wanted -= family.size
    return found


def size_of(families: Sequence[Family], names: set[str]) -> int:
    """How many prompts these families have."""
    return sum(family.size for family in families if family.name in names)


def quotas(families: Sequence[Family], wanted: int, whole: Counts, held: Counts) -> dict[str, int]:
    """How many prompts of each stratum to hold out, so that the same share of all is.

    A stratum of which more is held out already gets none. Fractions are carried to the next stratum, so that many
    small ones get their share together (systematic sampling, Madow & Madow 1944).
    """
    free: Counter[str] = Counter()
    for family in families:
        free.update(family.strata)  # its order is that of the families

    def due(share: float) -> list[float]:
        return [min(free[one], max(0.0, share * whole[one] - held.get(one, 0))) for one in free]

    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(due(middle)) < wanted else (low, middle)
    ends = [int(total + 0.5) for total in accumulate(due(high), initial=0.0)]
    return {one: end - start for one, (start, end) in zip(free, pairwise(ends), strict=True)}


def filled(families: Sequence[Family], wanted: int, quota: Counts) -> set[str]:
    """The families that fit the quota of each of their strata; what is left goes to those that pass it by least."""
    found: set[str] = set()
    room = dict(quota)
    over = 0
    while wanted and over <= 4 * sum(quota.values()):
        for family in families:
            if family.name in found or family.size > wanted:
                continue
            if all(count <= room[stratum] + over for stratum, count in family.strata.items()):
                found.add(family.name)
                wanted -= family.size
                for stratum, count in family.strata.items():
                    room[stratum] -= count
        over = max(1, 2 * over)
    return found


def exchanged(families: Sequence[Family], found: set[str], gap: int) -> set[str]:
    """The same, one family exchanged for one that is larger by `gap`, if there are two such."""
    free: dict[int, str] = {}
    for family in families:
        if family.name not in found:
            free.setdefault(family.size, family.name)
    for family in reversed(families if gap else ()):
        if family.name in found and (larger := free.get(family.size + gap)) is not None:
            return found - {family.name} | {larger}
    return found
