"""How many shingles a text shares with another, for all pairs of two collections, counted block by block.

Nothing is estimated and no pair is passed over: what the split claims is checked by another way than it was made.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blackbox_kd.shingles import AT_LEAST, FREQUENT, Shingles

CELLS = 1 << 21  # pairs that are looked at together: below 200 MB
WIDTH = 2048  # texts of the second collection in a block, and columns of a matrix
HEAVY = 64  # a shingle that more than one pair in so many shares is counted in a matrix product
Table = npt.NDArray[np.float32]  # (texts, texts), shared shingles: whole numbers, exact below 2 ** 24


class Block(NamedTuple):
    """Two runs of texts, from `row` and `column` on, and what each pair shares: all shingles, and the rare ones."""

    row: int
    column: int
    whole: Table
    rare: Table


def frequent(sets: Sequence[Shingles]) -> Shingles:
    """The shingles of a template: in more than 1 % of the sets, and in more than ten."""
    values, counts = np.unique(np.concatenate([np.empty(0, dtype=np.uint64), *sets]), return_counts=True)
    return values[counts > max(AT_LEAST, FREQUENT * len(sets))]


def blocks(
    one: Sequence[Shingles], other: Sequence[Shingles], template: Shingles, cells: int = CELLS, width: int = WIDTH
) -> Iterator[Block]:
    """All pairs of the two collections, each once, `cells` at a time or fewer, `width` across."""
    width = max(1, min(width, len(other)))
    for row, rows in runs(one, max(1, cells // width), cells):
        left, left_owners, left_rare = parted(rows, template)
        for column, columns in runs(other, width, cells):
            right, right_owners, right_rare = parted(columns, template)
            shape = len(rows), len(columns)
            rare, common = (
                shared(left[a], left_owners[a], right[b], right_owners[b], shape)
                for a, b in ((left_rare, right_rare), (~left_rare, ~right_rare))
            )
            yield Block(row, column, rare + common, rare)


def runs(sets: Sequence[Shingles], most: int, shingles: int) -> Iterator[tuple[int, Sequence[Shingles]]]:
    """The sets in runs of `most` or fewer, and of no more than so many shingles but where one alone has more."""
    start, size = 0, 0
    for index, one in enumerate(sets):
        if index > start and (index - start == most or size + len(one) > shingles):
            yield start, sets[start:index]
            start, size = index, 0
        size += len(one)
    if start < len(sets):
        yield start, sets[start:]


def parted(
    sets: Sequence[Shingles], template: Shingles
) -> tuple[Shingles, npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """All shingles, the set that each is of, and whether it is none of the template."""
    values = np.concatenate([np.empty(0, dtype=np.uint64), *sets])
    return values, np.repeat(np.arange(len(sets)), [len(one) for one in sets]), ~np.isin(values, template)


def shared(
    left: Shingles,
    left_owners: npt.NDArray[np.int64],
    right: Shingles,
    right_owners: npt.NDArray[np.int64],
    shape: tuple[int, int],
    most: int = WIDTH,
) -> Table:
    """How many shingles each pair shares: of those that few share, pairs are counted; the others are multiplied out."""
    order = np.argsort(right, kind="stable")
    right, right_owners = right[order], right_owners[order]
    known, codes, times = np.unique(left, return_inverse=True, return_counts=True)
    low, high = (np.searchsorted(right, known, side=side) for side in ("left", "right"))
    many = high - low
    heavy = times * many > shape[0] * shape[1] / HEAVY
    light = ~heavy[codes]
    repeats = many[codes][light]
    starts = np.repeat(low[codes][light] - (np.cumsum(repeats) - repeats), repeats)
    pairs = np.repeat(left_owners[light] * shape[1], repeats) + right_owners[np.arange(len(starts)) + starts]
    table: Table = np.bincount(pairs, minlength=shape[0] * shape[1]).astype(np.float32).reshape(shape)
    column = np.cumsum(heavy) - 1
    of_left = np.flatnonzero(heavy[codes])
    of_right = np.flatnonzero(np.repeat(heavy, many))
    inside = np.repeat(np.arange(len(known)), many)  # the code of each shingle of `right` that `left` has
    places = np.repeat(low - (np.cumsum(many) - many), many) + np.arange(len(inside))
    number = int(heavy.sum())
    for start in range(0, number, most):
        width = min(most, number - start)
        one = dense(left_owners[of_left], column[codes[of_left]] - start, (shape[0], width))
        other = dense(right_owners[places[of_right]], column[inside[of_right]] - start, (shape[1], width))
        table += one @ other.T
    return table


def dense(owners: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], shape: tuple[int, int]) -> Table:
    """A matrix with a one where a text, its row, has the shingle of that column."""
    table = np.zeros(shape, dtype=np.float32)
    here = (columns >= 0) & (columns < shape[1])
    table[owners[here], columns[here]] = 1
    return table
