"""How often `bbkd gate` passes a student that is exactly the margin worse, and one that is as good.

    .venv/bin/python -m benchmarks.science.gate_calibration
    .venv/bin/python -m benchmarks.science.gate_calibration --families 20 60 --repetitions 1000

Every cell of a grid of families, family sizes, intra-class correlations, rates, margins, correlations of the models,
right-or-wrong and graded scores. Where a share of wrong decisions exceeds 5 %, the cell is simulated again with fresh
numbers and ten times as many repetitions, and that share counts: among thousands of cells some exceed by chance. Prints
a Markdown table.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.science.clustered import Uniforms, scores, sizes_of, summed, uniforms
from blackbox_kd.stats.gating import CAUTION
from blackbox_kd.stats.paired import difference_bounds

FAMILIES, SIZES, ICCS, SHARED = (10, 20, 60, 200, 1000), (1, 2, 5, 0), (0.0, 0.3, 0.6), (0.0, 0.4, 0.8)
RATES, MARGINS, GRADED = (0.5, 0.8, 0.9, 0.98), (0.01, 0.02, 0.05, 0.1), (False, True)
ITEMS = 2_000_000  # of one block of repetitions
AGAIN = 10  # times the repetitions, where more than TAIL decisions were wrong
TAIL = 0.05
HEAD = """\
| families | items each | cells | false pass, worst | mean | false fail, worst | passes if equal, margin .05 |
|---|---|---|---|---|---|---|
"""


class Draw(NamedTuple):
    """What a set of difficulties depends on."""

    families: int
    size: int
    icc: float
    shared: float


class Cell(NamedTuple):
    """What the scores depend on besides."""

    rate: float
    margin: float
    graded: bool


class Found(NamedTuple):
    """Shares of decisions: wrongly passed and failed at the margin, passed where both are equally good."""

    false_pass: float
    false_fail: float
    power: float


CELLS = tuple(Cell(*one) for one in itertools.product(RATES, MARGINS, GRADED))


def blocks(draw: Draw, repetitions: int, seed: int) -> Iterator[tuple[Uniforms, npt.NDArray[np.int64]]]:
    """The difficulties of all repetitions, and the sizes of families."""
    sizes, rng = sizes_of(draw.families, draw.size), np.random.default_rng(seed)
    step = max(1, ITEMS // int(sizes.sum()))
    for first in range(0, repetitions, step):
        yield uniforms(rng, min(step, repetitions - first), 2, sizes, draw.icc, draw.shared), sizes


def decided(draw: Draw, cells: tuple[Cell, ...], repetitions: int, seed: int) -> list[Found]:
    """The shares of decisions in these cells."""
    counts = np.zeros((len(cells), 3))
    for difficulty, sizes in blocks(draw, repetitions, seed):
        old = {(one.rate, one.graded): scores(difficulty[:, 0], one.rate, one.graded) for one in cells}
        same = {(one.rate, one.graded): scores(difficulty[:, 1], one.rate, one.graded) for one in cells}
        for number, (rate, margin, graded) in enumerate(cells):
            worse = scores(difficulty[:, 1], rate - margin, graded)
            before = old[rate, graded]
            lost, equal = (summed(new - before, sizes) for new in (worse, same[rate, graded]))
            _, low, high = difference_bounds(lost, sizes.astype(np.float64), TAIL, CAUTION)
            _, least, _ = difference_bounds(equal, sizes.astype(np.float64), TAIL, CAUTION)
            counts[number] += (low > -margin).sum(), (high < -margin).sum(), (least > -margin).sum()
    return [Found(*row) for row in (counts / repetitions).tolist()]


def checked(draw: Draw, repetitions: int, seed: int) -> list[Found]:
    """As `decided` for all cells; those with too many wrong decisions once more, with fresh numbers."""
    found = decided(draw, CELLS, repetitions, seed)
    doubtful = [number for number, one in enumerate(found) if max(one.false_pass, one.false_fail) > TAIL]
    if doubtful:
        again = decided(draw, tuple(CELLS[number] for number in doubtful), AGAIN * repetitions, seed + 1)
        for number, one in zip(doubtful, again, strict=True):
            found[number] = one
    return found


def main() -> None:
    """Print the table, a row for each number of families and size of family."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", type=int, nargs="+", default=FAMILIES)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="items of a family; 0: 1 to 5 in turn")
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    sys.stdout.write(HEAD)
    for families, size in itertools.product(told.families, told.sizes):
        draws = [Draw(families, size, icc, shared) for icc in (ICCS if size != 1 else (0.0,)) for shared in SHARED]
        found = [checked(draw, told.repetitions, told.seed + 2 * place) for place, draw in enumerate(draws)]
        every = [one for each in found for one in each]
        equal = [one.power for each in found for one, cell in zip(each, CELLS, strict=True) if cell.margin == 0.05]
        sys.stdout.write(
            f"| {families} | {size or '1 to 5'} | {len(every)} | {max(one.false_pass for one in every):.3f} "
            f"| {np.mean([one.false_pass for one in every]):.3f} | {max(one.false_fail for one in every):.3f} "
            f"| {np.mean(equal):.2f} |\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
