from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats import Difference, holm, mcnemar_exact, paired_difference
from blackbox_kd.stats.paired import difference_bounds

Simulate = Callable[..., npt.NDArray[np.float64]]
Row = tuple[float, float, int]
ROWS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 9)), min_size=1, max_size=40)


def difference_of(rows: list[Row], turned: bool = False) -> Difference:
    one, other, clusters = zip(*rows, strict=True)
    return paired_difference(other, one, clusters) if turned else paired_difference(one, other, clusters)


@settings(max_examples=40)
@given(ROWS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_a_difference_does_not_depend_on_the_order_of_items(orders: tuple[list[Row], list[Row]]) -> None:
    one, other = (difference_of(rows) for rows in orders)
    assert one == other


@given(ROWS)
def test_a_difference_turns_with_its_models(rows: list[Row]) -> None:
    one, other = difference_of(rows), difference_of(rows, turned=True)
    assert one.value is not None and other.value is not None
    assert one.value == pytest.approx(-other.value)
    if one.low is None or one.high is None or other.high is None:
        assert len({cluster for *_, cluster in rows}) == 1
    else:
        assert -1 <= one.low <= one.value + 1e-9 <= one.high + 2e-9 <= 1 + 2e-9
        assert one.low == pytest.approx(-other.high)


def test_a_difference_is_other_minus_one() -> None:
    found = paired_difference([0.0] * 80 + [1.0] * 20, [1.0] * 100, range(100))
    assert found.value == pytest.approx(0.8)
    assert found.low is not None and found.high is not None
    assert 0.69 < found.low < 0.73
    assert 0.86 < found.high < 0.9


def test_many_items_that_vary_evenly_have_the_interval_of_a_t_test() -> None:
    rng = np.random.default_rng(6)
    one, other = rng.uniform(size=3000), rng.uniform(size=3000)
    theirs = scipy_stats.ttest_rel(other, one).confidence_interval(0.95)
    found = paired_difference(one, other, range(3000))
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=3e-4)


def test_items_that_never_differ_are_not_certain_to_be_equal() -> None:
    found = paired_difference([1.0] * 50, [1.0] * 50, range(50))
    assert found.value == 0
    assert found.low is not None and found.high is not None
    assert found.low == -found.high
    assert 0.03 < found.high < 0.08  # Wilson's of 0 of 50 ends at 0.071


def test_copies_of_an_item_add_nothing_to_a_difference() -> None:
    one, other = [0.0] * 30 + [1.0] * 20, [0.0] * 15 + [1.0] * 35
    alone = paired_difference(one, other, range(50))
    copied = paired_difference(np.repeat(one, 4), np.repeat(other, 4), np.repeat(np.arange(50), 4))
    assert (copied.value, copied.low, copied.high) == pytest.approx((alone.value, alone.low, alone.high))


def test_a_family_that_stands_for_several_counts_as_they_do() -> None:
    sums, sizes, counts = np.array([-1.0, 2.0, 0.0]), np.array([1.0, 2.0, 1.0]), np.array([7.0, 4.0, 50.0])
    alone = difference_bounds(np.repeat(sums, [7, 4, 50]), np.repeat(sizes, [7, 4, 50]), 0.05, 1.5, 0.5)
    assert [float(one) for one in alone] == pytest.approx(
        [float(one) for one in difference_bounds(sums, sizes, 0.05, 1.5, 0.5, counts)]
    )


def test_one_family_gives_a_difference_without_an_interval() -> None:
    assert paired_difference([0.0, 1.0], [1.0, 1.0], ["a", "a"]) == Difference(0.5)
    assert paired_difference([], [], []) == Difference()


@pytest.mark.parametrize(
    ("families", "size", "rates"), [(60, 3, (0.2, 0.55)), (100, 1, (0.9, 0.95)), (30, 4, (0.5, 0.5))]
)
def test_a_difference_covers_the_truth_as_often_as_it_says(
    simulate: Simulate, families: int, size: int, rates: tuple[float, float]
) -> None:
    answers = simulate(np.random.default_rng(11), 3000, families, size, 0.5, rates).sum(axis=-1)
    _, low, high = difference_bounds(answers[:, 1] - answers[:, 0], np.full(families, float(size)), 0.025)
    truth = rates[1] - rates[0]
    assert 0.94 <= ((low <= truth) & (truth <= high)).mean() <= 0.975


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_scipys_binomial_test(b: int, c: int) -> None:
    expected = scipy_stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert mcnemar_exact(b, c) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_stays_exact_for_thousands_of_items() -> None:
    assert mcnemar_exact(5100, 4900) == pytest.approx(scipy_stats.binomtest(5100, 10_000).pvalue, rel=1e-9)


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1), max_size=8).flatmap(lambda ps: st.tuples(st.just(ps), st.permutations(ps))))
def test_holm_never_lowers_a_p_and_follows_its_order(orders: tuple[list[float], list[float]]) -> None:
    one, other = (dict(zip(ps, holm(ps), strict=True)) for ps in orders)
    assert one == other
    assert all(p <= adjusted <= 1 for p, adjusted in one.items())


def test_holm_of_nothing_and_of_one_is_as_given() -> None:
    assert holm([]) == ()
    assert holm([0.03]) == (0.03,)


def test_holm_refuses_what_is_no_p() -> None:
    with pytest.raises(BbkdError, match=r"p = 1\.5"):
        holm([0.1, 1.5])
