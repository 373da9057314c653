"""Selective prediction: the student answers what it is sure of, and the teacher the rest."""

import msgspec
import numpy as np

from blackbox_kd.stats.clusters import Values, columns

COVERAGES = tuple(tenth / 10 for tenth in range(11))


class CoveragePoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean score where the student answers the share `coverage` that it is surest of, and the teacher the rest.

    `student_only` is the student's mean score on its share; None at coverage 0.
    """

    coverage: float
    accuracy: float
    student_only: float | None


def coverage_curve(confidence: Values, student: Values, teacher: Values) -> tuple[CoveragePoint, ...]:
    """Scores by coverage, at 0, 0.1 ... 1 (El-Yaniv & Wiener 2010); empty without items.

    Equally confident items share their places, each counted by its part. Raises `BbkdError` on unequal lengths.
    """
    table = columns(confidence, student, teacher)
    n = len(table)
    if n == 0:
        return ()
    levels, places = np.unique(-table[:, 0], return_inverse=True)  # surest first
    order = np.lexsort((*table.T, places))
    sums = np.zeros((len(levels), 3))  # of student, teacher and items, a row for each confidence
    np.add.at(sums, places[order], table[order, 1:])
    totals = np.vstack([np.zeros(3), np.cumsum(sums, axis=0)])
    points = []
    for coverage in COVERAGES:
        own, handed = (float(np.interp(coverage * n, totals[:, 2], totals[:, column])) for column in (0, 1))
        accuracy = (own + float(totals[-1, 1]) - handed) / n
        points.append(CoveragePoint(coverage, accuracy, own / (coverage * n) if coverage else None))
    return tuple(points)
