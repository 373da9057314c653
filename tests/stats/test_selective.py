import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats import CoveragePoint, coverage_curve

Row = tuple[float, float, float]
ROWS = st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.9]), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30)


def curve(rows: list[Row]) -> tuple[CoveragePoint, ...]:
    return coverage_curve(*zip(*rows, strict=True))


def test_the_teacher_takes_what_the_student_is_least_sure_of() -> None:
    confidence, student, teacher = np.arange(10) / 10, [0.0] * 5 + [1.0] * 5, [1.0] * 10
    points = coverage_curve(confidence, student, teacher)
    assert [point.coverage for point in points] == pytest.approx([tenth / 10 for tenth in range(11)])
    assert [point.accuracy for point in points] == pytest.approx([1, 1, 1, 1, 1, 1, 0.9, 0.8, 0.7, 0.6, 0.5])
    assert points[0].student_only is None
    assert points[5].student_only == pytest.approx(1)
    assert points[10].student_only == pytest.approx(0.5)


@given(ROWS)
def test_the_ends_are_the_teacher_and_the_student_alone(rows: list[Row]) -> None:
    points = curve(rows)
    assert points[0].accuracy == pytest.approx(np.mean([teacher for *_, teacher in rows]))
    assert points[-1].accuracy == pytest.approx(np.mean([student for _, student, _ in rows]))
    assert points[-1].student_only == pytest.approx(points[-1].accuracy)


@settings(max_examples=40)
@given(ROWS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_a_curve_does_not_depend_on_the_order_of_items(orders: tuple[list[Row], list[Row]]) -> None:
    one, other = (curve(rows) for rows in orders)
    assert one == other


def test_equally_sure_items_share_their_places_as_in_the_mean_over_all_orders() -> None:
    confidence, student, teacher = [0.5, 0.5, 0.5, 0.9, 0.1], [1.0, 0.0, 0.0, 1.0, 0.0], [1.0, 1.0, 0.0, 1.0, 1.0]
    mean = np.mean(
        [
            sum(student[place] for place in (3, *order[:1])) + sum(teacher[place] for place in (4, *order[1:]))
            for order in itertools.permutations(range(3))
        ]
    )
    assert coverage_curve(confidence, student, teacher)[4].accuracy == pytest.approx(mean / 5)


def test_without_items_there_is_no_curve() -> None:
    assert coverage_curve([], [], []) == ()


def test_a_curve_needs_a_confidence_for_each_item() -> None:
    with pytest.raises(BbkdError, match="unequal length"):
        coverage_curve([0.1], [1.0, 0.0], [1.0, 1.0])
