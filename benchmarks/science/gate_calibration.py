"""How often `bbkd gate` passes a student that is exactly the margin worse, and one that is as good.

    .venv/bin/python -m benchmarks.science.gate_calibration
    .venv/bin/python -m benchmarks.science.gate_calibration --families 20 60 --repetitions 1000
    .venv/bin/python -m benchmarks.science.gate_calibration --exact

Exact: families of one item that is right or wrong, summed over all counts of items won and lost. Simulated: every
cell of a grid of families, family sizes, intra-class correlations, rates, margins and correlations of the models, for
graded scores, and for right and wrong, where counts of families by what they won and lost are drawn, ten times as many.
Where a share of wrong decisions exceeds 5 %, the cell is simulated again with fresh numbers and ten times as many
repetitions, and that share counts: among thousands of cells some exceed by chance. Prints Markdown tables.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats as scipy_stats

from benchmarks.science.clustered import Array, Uniforms, scores, sizes_of, summed, uniforms
from blackbox_kd.stats.gating import CAUTION, STEP
from blackbox_kd.stats.paired import difference_bounds

FAMILIES, SIZES, ICCS, SHARED = (10, 20, 60, 200, 1000), (1, 2, 5, 0), (0.0, 0.3, 0.6), (0.0, 0.4, 0.8)
RATES, MARGINS = (0.5, 0.8, 0.9, 0.98), (0.01, 0.02, 0.05, 0.1)
ITEMS = 2_000_000  # of one block of repetitions
AGAIN = 10  # times the repetitions, where more than TAIL decisions were wrong
MORE = 10  # times the repetitions, where counts are drawn
TAIL = 0.05
EXACT_MARGINS, WON = (0.01, 0.02, 0.03, 0.05, 0.1), (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1)
ALL, SOME = range(100, 3001), range(100, 3001, 50)  # items
WIDE = 9  # standard deviations of a count that are summed over
EXACT_HEAD = """\
| margin | false pass, losses only: worst | at n | false pass, with wins: worst | at n, wins | false fail, worst |
|---|---|---|---|---|---|
"""
EQUAL_HEAD = """
| passes if equal, n | margin | 5 % differ | 10 % | 20 % |
|---|---|---|---|---|
"""
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


class Found(NamedTuple):
    """Shares of decisions: wrongly passed and failed at the margin, passed where both are equally good."""

    false_pass: float
    false_fail: float
    power: float


CELLS = tuple(Cell(*one) for one in itertools.product(RATES, MARGINS))


def blocks(draw: Draw, repetitions: int, seed: int) -> Iterator[tuple[Uniforms, npt.NDArray[np.int64]]]:
    """The difficulties of all repetitions, and the sizes of families."""
    sizes, rng = sizes_of(draw.families, draw.size), np.random.default_rng(seed)
    step = max(1, ITEMS // int(sizes.sum()))
    for first in range(0, repetitions, step):
        yield uniforms(rng, min(step, repetitions - first), 2, sizes, draw.icc, draw.shared), sizes


def decided(draw: Draw, cells: tuple[Cell, ...], repetitions: int, seed: int) -> list[Found]:
    """The shares of decisions in these cells, of graded scores."""
    counts = np.zeros((len(cells), 3))
    for difficulty, sizes in blocks(draw, repetitions, seed):
        old = {one.rate: scores(difficulty[:, 0], one.rate, True) for one in cells}
        same = {one.rate: scores(difficulty[:, 1], one.rate, True) for one in cells}
        for number, (rate, margin) in enumerate(cells):
            worse = scores(difficulty[:, 1], rate - margin, True)
            lost, equal = (summed(new - old[rate], sizes) for new in (worse, same[rate]))
            _, low, high = difference_bounds(lost, sizes.astype(np.float64), TAIL, CAUTION, STEP)
            _, least, _ = difference_bounds(equal, sizes.astype(np.float64), TAIL, CAUTION, STEP)
            counts[number] += (low > -margin).sum(), (high < -margin).sum(), (least > -margin).sum()
    return [Found(*row) for row in (counts / repetitions).tolist()]


def counted(draw: Draw, cells: tuple[Cell, ...], repetitions: int, seed: int) -> list[Found]:
    """The shares of decisions in these cells, of answers that are right or wrong."""
    sizes, many = np.unique(sizes_of(draw.families, draw.size), return_counts=True)
    sums = np.concatenate([np.arange(-size, size + 1) for size in sizes]).astype(np.float64)
    each = np.concatenate([np.full(2 * size + 1, size) for size in sizes]).astype(np.float64)
    rng, found = np.random.default_rng(seed), []
    for rate, margin in cells:
        shares = []
        for new in (rate - margin, rate):
            chances = [family_sums(int(size), draw, rate, new) for size in sizes]
            drawn = [
                rng.multinomial(number, one, MORE * repetitions) for number, one in zip(many, chances, strict=True)
            ]
            counts = np.concatenate(drawn, axis=1).astype(np.float64)
            _, low, high = difference_bounds(sums, each, TAIL, CAUTION, STEP, counts)
            shares.append((float((low > -margin).mean()), float((high < -margin).mean())))
        found.append(Found(*shares[0], shares[1][0]))
    return found


def checked(draw: Draw, graded: bool, repetitions: int, seed: int) -> list[Found]:
    """The shares for all cells; those with too many wrong decisions once more, with fresh numbers."""
    shares_of = decided if graded else counted
    found = shares_of(draw, CELLS, repetitions, seed)
    doubtful = [place for place, one in enumerate(found) if max(one.false_pass, one.false_fail) > TAIL]
    if doubtful:
        again = shares_of(draw, tuple(CELLS[place] for place in doubtful), AGAIN * repetitions, seed + 1)
        for place, one in zip(doubtful, again, strict=True):
            found[place] = one
    return found


def family_sums(size: int, draw: Draw, old: float, new: float) -> Array:
    """Probabilities that the new student has -size to size right answers more in a family, with these rates."""
    both = draw.shared * min(old, new) + (1 - draw.shared) * old * new
    one = np.array([old - both, 1 - old - new + 2 * both, new - both])  # lost, neither, won
    found = np.zeros(2 * size + 1)
    for together in range(size + 1):  # items that take the family's difficulty
        weight = scipy_stats.binom.pmf(together, size, np.sqrt(draw.icc))
        shape = np.ones(1)
        for _ in range(size - together):
            shape = np.convolve(shape, one)
        apart = np.zeros(2 * together + 1)
        for chance, place in zip(one, (0, together, 2 * together), strict=True):
            apart[place] += chance
        found += weight * np.convolve(shape, apart)
    return found


def exact(n: int, won: float, lost: float, margin: float) -> tuple[float, float]:
    """Probabilities that n items pass and that they fail, each won and lost by the new student with these."""
    wins, losses = (_counts(n, rate) for rate in (won, lost))
    c, b = (table.ravel() for table in np.meshgrid(wins, losses))
    chance = scipy_stats.binom.pmf(b, n, lost) * scipy_stats.binom.pmf(c, np.maximum(n - b, 0), won / (1 - lost))
    b, c, chance = b[b + c <= n], c[b + c <= n], chance[b + c <= n]
    counts = np.column_stack([b, c, n - b - c]).astype(np.float64)
    _, low, high = difference_bounds(np.array([-1.0, 1.0, 0.0]), np.ones(3), TAIL, CAUTION, STEP, counts)
    return float(chance[low > -margin].sum()), float(chance[high < -margin].sum())


def _counts(n: int, rate: float) -> npt.NDArray[np.int64]:
    """The counts that matter of n items with this rate."""
    middle, reach = n * rate, WIDE * np.sqrt(n * rate) + WIDE if rate else 0
    return np.arange(max(0, int(middle - reach)), min(n, int(middle + reach)) + 1)


def exactly() -> None:
    """Print the exact tables: wrong decisions at the margin, and how often an equal student passes."""
    sys.stdout.write(EXACT_HEAD)
    for margin in EXACT_MARGINS:
        bare = [(*exact(n, 0.0, margin, margin), n) for n in ALL]
        mixed = [(*exact(n, won, won + margin, margin), n, won) for n in SOME for won in WON]
        worst, most = max(bare), max(mixed)
        fails = max(one[1] for one in (*bare, *mixed))
        sys.stdout.write(
            f"| {margin} | {worst[0]:.4f} | {worst[2]} | {most[0]:.4f} | {most[2]}, {most[3]} | {fails:.4f} |\n"
        )
        sys.stdout.flush()
    sys.stdout.write(EQUAL_HEAD)
    for n, margin in itertools.product((200, 300, 500, 1000), (0.03, 0.05)):
        shares = " | ".join(f"{exact(n, rate, rate, margin)[0]:.2f}" for rate in (0.025, 0.05, 0.1))
        sys.stdout.write(f"| {n} | {margin} | {shares} |\n")


def simulated(many: Sequence[int], each: Sequence[int], repetitions: int, seed: int) -> None:
    """Print the simulated table, a row for each number of families and size of family."""
    sys.stdout.write(HEAD)
    for families, size in itertools.product(many, each):
        draws = [Draw(families, size, icc, shared) for icc in (ICCS if size != 1 else (0.0,)) for shared in SHARED]
        kinds = list(itertools.product(draws, (False, True)))
        found = [checked(draw, graded, repetitions, seed + 2 * place) for place, (draw, graded) in enumerate(kinds)]
        every = [one for row in found for one in row]
        equal = [one.power for row in found for one, cell in zip(row, CELLS, strict=True) if cell.margin == 0.05]
        sys.stdout.write(
            f"| {families} | {size or '1 to 5'} | {len(every)} | {max(one.false_pass for one in every):.4f} "
            f"| {np.mean([one.false_pass for one in every]):.3f} | {max(one.false_fail for one in every):.4f} "
            f"| {np.mean(equal):.2f} |\n"
        )
        sys.stdout.flush()


def main() -> None:
    """Print the exact tables, or the simulated one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", type=int, nargs="+", default=FAMILIES)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="items of a family; 0: 1 to 5 in turn")
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exact", action="store_true")
    told = parser.parse_args()
    if told.exact:
        exactly()
    else:
        simulated(told.families, told.sizes, told.repetitions, told.seed)


if __name__ == "__main__":
    main()
