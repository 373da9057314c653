from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats import Pgr, paired_bootstrap_pgr

Simulate = Callable[..., npt.NDArray[np.float64]]
Row = tuple[float, float, float, int]
SCORES = st.lists(st.tuples(*[st.sampled_from([0.0, 1.0])] * 3, st.integers(0, 9)), min_size=2, max_size=60)


def pgr_of(rows: list[Row]) -> Pgr:
    base, student, teacher, clusters = zip(*rows, strict=True)
    return paired_bootstrap_pgr(base, student, teacher, clusters, draws=200)


def width(pgr: Pgr) -> float:
    assert pgr.low is not None
    assert pgr.high is not None
    return pgr.high - pgr.low


def test_pgr_is_the_share_of_the_gap() -> None:
    base, student, teacher = [1.0] * 10 + [0.0] * 90, [1.0] * 55 + [0.0] * 45, [1.0] * 100
    pgr = paired_bootstrap_pgr(base, student, teacher, range(100))
    assert pgr.value == pytest.approx(0.5)
    assert pgr.low is not None
    assert pgr.high is not None
    assert 0.35 < pgr.low < 0.5 < pgr.high < 0.65


def test_pgr_shows_harm_below_zero() -> None:
    pgr = paired_bootstrap_pgr([1.0] * 30 + [0.0] * 70, [0.0] * 100, [1.0] * 100, range(100))
    assert pgr.value == pytest.approx(-30 / 70)


@pytest.mark.parametrize(
    ("base", "teacher", "reason"),
    [
        ([0.0, 1.0] * 20, [1.0, 0.0] * 20, "not measurably better"),
        ([1.0] * 40, [0.0] * 40, "worse"),
        ([0.0], [1.0], "fewer than two"),
        ([0.0] * 2, [1.0] * 2, "not measurably better"),
        ([], [], "fewer than two"),
    ],
)
def test_pgr_is_undefined_without_a_gap(base: list[float], teacher: list[float], reason: str) -> None:
    pgr = paired_bootstrap_pgr(base, base, teacher, range(len(base)))
    assert (pgr.value, pgr.low, pgr.high) == (None, None, None)
    assert reason in pgr.undefined


def test_pgr_interval_is_wider_for_copies_than_for_fresh_items(simulate: Simulate) -> None:
    answers = simulate(np.random.default_rng(5), 1, 200, 1, 0.0, (0.1, 0.5, 0.9))[0, :, :, 0]
    base, student, teacher = answers
    fresh = paired_bootstrap_pgr(base, student, teacher, range(200))
    base, student, teacher = np.repeat(answers[:, :50], 4, axis=1)
    grouped = paired_bootstrap_pgr(base, student, teacher, np.repeat(np.arange(50), 4))
    assert width(grouped) > 1.5 * width(fresh)


def test_a_student_that_never_misses_is_as_sure_as_its_families_are_many() -> None:
    found = [paired_bootstrap_pgr([0.0] * n, [1.0] * n, [1.0] * n, range(n)) for n in (20, 200)]
    assert [one.value for one in found] == [1.0, 1.0]
    assert 0.25 < width(found[0]) < 0.4
    assert 0.02 < width(found[1]) < 0.05


@settings(max_examples=50)
@given(SCORES.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_pgr_does_not_depend_on_the_order_of_items(orders: tuple[list[Row], list[Row]]) -> None:
    one, other = (pgr_of(rows) for rows in orders)
    assert one == other


@settings(max_examples=50)
@given(SCORES)
def test_pgr_has_an_interval_or_a_reason(rows: list[Row]) -> None:
    pgr = pgr_of(rows)
    if pgr.value is None or pgr.low is None or pgr.high is None:
        assert pgr.undefined
    else:
        assert pgr.low <= pgr.value <= pgr.high
        assert not pgr.undefined


def test_pgr_refuses_scores_of_unequal_length() -> None:
    with pytest.raises(BbkdError, match="unequal length"):
        paired_bootstrap_pgr([0.0, 1.0], [1.0], [1.0, 1.0], [1, 2])


def test_pgr_interval_covers_the_truth_as_often_as_it_says(simulate: Simulate) -> None:
    rng, held = np.random.default_rng(7), []
    for families, size, rates in [
        (60, 1, (0.0, 0.3, 0.95)),
        (60, 3, (0.05, 0.55, 0.98)),
        (60, 1, (0.1, 0.9, 0.99)),
        (200, 1, (0.2, 0.55, 0.9)),
    ]:
        truth, of = (rates[1] - rates[0]) / (rates[2] - rates[0]), np.repeat(np.arange(families), size)
        for base, student, teacher in simulate(rng, 500, families, size, 0.5, rates).reshape(500, 3, -1):
            pgr = paired_bootstrap_pgr(base, student, teacher, of, draws=300)
            held.append(pgr.low is not None and pgr.high is not None and pgr.low <= truth <= pgr.high)
    assert 0.93 <= np.mean(held) <= 0.97
    assert min(np.mean(np.reshape(held, (4, 500)), axis=1)) > 0.92
