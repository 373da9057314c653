from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats import Interval, rate_interval, wilson

Simulate = Callable[..., npt.NDArray[np.float64]]
COUNTS = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
ROWS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9)), min_size=1, max_size=40)


@given(COUNTS)
def test_wilson_is_scipys(counts: tuple[int, int]) -> None:
    successes, n = counts
    if n == 0:
        assert wilson(0, 0) == Interval(0.0, 1.0)
        return
    theirs = scipy_stats.binomtest(successes, n).proportion_ci(method="wilson")
    ours = wilson(successes, n)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_wilson_refuses_more_successes_than_trials() -> None:
    with pytest.raises(BbkdError, match="5 successes of 3"):
        wilson(5, 3)


def test_wilson_covers_the_rate_as_often_as_it_says() -> None:
    successes = np.random.default_rng(1).binomial(120, 0.2, size=4000)
    intervals = [wilson(k, 120) for k in successes.tolist()]
    assert 0.93 <= np.mean([i.low <= 0.2 <= i.high for i in intervals]) <= 0.97


def test_rate_interval_is_wilson_where_each_item_is_its_own_family() -> None:
    interval, plain = rate_interval([1.0] * 30 + [0.0] * 70, range(100)), wilson(30, 100)
    assert (interval.low, interval.high) == pytest.approx((plain.low, plain.high))


def test_rate_interval_counts_copies_of_an_item_once() -> None:
    values = [1.0] * 30 + [0.0] * 70
    interval, plain = rate_interval(np.repeat(values, 5), np.repeat(np.arange(100), 5)), wilson(30, 100)
    assert (interval.low, interval.high) == pytest.approx((plain.low, plain.high))


def test_rate_interval_of_a_perfect_score_counts_families() -> None:
    assert rate_interval([1.0] * 40, [i // 4 for i in range(40)]) == wilson(10, 10)


def test_rate_interval_of_nothing_says_nothing() -> None:
    assert rate_interval([], []) == Interval(0.0, 1.0)


def test_a_family_that_holds_nearly_all_items_tells_little() -> None:
    interval = rate_interval([0.0, 1.0] * 100 + [1.0, 0.0], ["giant"] * 200 + ["a", "b"])
    assert interval.high - interval.low > 0.6


def test_graded_scores_are_surer_than_right_and_wrong_ones() -> None:
    graded = rate_interval(np.random.default_rng(2).normal(0.5, 0.05, size=200), range(200))
    binary = rate_interval([0.0, 1.0] * 100, range(200))
    assert graded.high - graded.low < 0.2 * (binary.high - binary.low)


@settings(max_examples=40)
@given(ROWS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_rate_interval_holds_the_mean_and_does_not_depend_on_order(
    orders: tuple[list[tuple[float, int]], list[tuple[float, int]]],
) -> None:
    one, other = (rate_interval([value for value, _ in rows], [family for _, family in rows]) for rows in orders)
    assert one == other
    assert 0 <= one.low <= np.mean([value for value, _ in orders[0]]) + 1e-9
    assert one.high <= 1


@pytest.mark.parametrize("size", [1, 3])
def test_rate_interval_covers_the_rate_as_often_as_it_says(simulate: Simulate, size: int) -> None:
    answers = simulate(np.random.default_rng(10), 2000, 80, size, 0.5, (0.7,))
    families, held = np.repeat(np.arange(80), size), 0
    for one in answers[:, 0]:
        interval = rate_interval(one.ravel(), families)
        held += interval.low <= 0.7 <= interval.high
    assert 0.93 <= held / 2000 <= 0.97
