"""How often 95 % intervals of `blackbox_kd.stats` hold the truth.

    .venv/bin/python -m benchmarks.science.coverage
    .venv/bin/python -m benchmarks.science.coverage --only pgr --repetitions 500

Simulated scores with a known truth, in families; see `clustered`. Prints a Markdown table.
"""

import argparse
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.science.clustered import Array, scores, sizes_of, uniforms
from blackbox_kd.stats import Difference, Interval, Pgr, paired_bootstrap_pgr, paired_difference, rate_interval


class Case(NamedTuple):
    """Families, items each (0: 1 to 5 in turn), intra-class correlation, means of base, student and teacher."""

    families: int
    size: int
    icc: float
    rates: tuple[float, float, float]
    graded: bool = False


CASES = (
    Case(60, 1, 0.0, (0.0, 0.3, 0.9)),
    Case(60, 1, 0.0, (0.1, 0.9, 0.99)),
    Case(60, 2, 0.3, (0.05, 0.55, 0.98)),
    Case(60, 4, 0.5, (0.02, 0.9, 0.98)),
    Case(60, 4, 0.3, (0.2, 0.3, 0.95)),
    Case(60, 0, 0.5, (0.2, 0.6, 0.95)),
    Case(60, 4, 0.3, (0.2, 0.6, 0.95), graded=True),
    Case(100, 1, 0.0, (0.2, 0.5, 0.9)),
    Case(100, 3, 0.5, (0.4, 0.6, 0.8)),
    Case(150, 0, 0.3, (0.1, 0.7, 0.95)),
    Case(300, 1, 0.0, (0.0, 0.9, 1.0)),
    Case(300, 1, 0.0, (0.2, 0.85, 0.9)),
    Case(300, 2, 0.3, (0.05, 0.55, 0.95)),
    Case(300, 4, 0.5, (0.1, 0.5, 0.95)),
    Case(300, 4, 0.5, (0.1, 0.5, 0.95), graded=True),
)
HEAD = """\
| interval of | families | items each | ICC | base, student, teacher | scores | coverage | width | undefined |
|---|---|---|---|---|---|---|---|---|
"""
SHARED = 0.3  # of two models' difficulties


MEASURES: dict[str, Callable[[Array, Array, Array, npt.NDArray[np.int64]], Pgr | Difference | Interval]] = {
    "pgr": lambda base, student, teacher, families: paired_bootstrap_pgr(base, student, teacher, families, draws=1000),
    "difference": lambda base, student, teacher, families: paired_difference(base, student, families),
    "rate": lambda base, student, teacher, families: rate_interval(student, families),
}


def truth(name: str, rates: tuple[float, float, float]) -> float:
    """What the interval should hold."""
    base, student, teacher = rates
    return {"pgr": (student - base) / (teacher - base), "difference": student - base, "rate": student}[name]


def coverage(case: Case, name: str, repetitions: int, seed: int) -> tuple[float, float, int]:
    """(share of intervals that hold the truth, their mean width, how many were undefined)."""
    sizes, rng = sizes_of(case.families, case.size), np.random.default_rng(seed)
    families, target, widths, held = np.repeat(np.arange(case.families), sizes), truth(name, case.rates), [], 0
    for _ in range(repetitions):
        drawn = uniforms(rng, 1, 3, sizes, case.icc, SHARED)[0]
        base, student, teacher = (
            scores(row, rate, case.graded and 0 < rate < 1) for row, rate in zip(drawn, case.rates, strict=True)
        )
        found = MEASURES[name](base, student, teacher, families)
        if found.low is not None and found.high is not None:
            held += found.low - 1e-12 <= target <= found.high + 1e-12
            widths.append(found.high - found.low)
    return held / max(1, len(widths)), float(np.mean(widths)) if widths else 0.0, repetitions - len(widths)


def main() -> None:
    """Print the table, a row for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(MEASURES), nargs="+", default=list(MEASURES))
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    sys.stdout.write(HEAD)
    for name in told.only:
        for case in CASES:
            held, width, undefined = coverage(case, name, told.repetitions, told.seed)
            rates = ", ".join(f"{rate:g}" for rate in case.rates)
            kind = "graded" if case.graded else "0 or 1"
            sys.stdout.write(
                f"| {name} | {case.families} | {case.size or '1 to 5'} | {case.icc:g} | {rates} | {kind} "
                f"| {held:.3f} | {width:.3f} | {undefined} |\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
