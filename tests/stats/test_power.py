import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats import (
    expected_pgr_half_width,
    mcnemar_exact,
    minimum_detectable,
    needed_items,
    paired_bootstrap_pgr,
    power_statement,
)

SHARES = st.floats(0.01, 0.99)


def found(n: int, rate: float, difference: float) -> float:
    """Share of experiments with n items in which McNemar's test finds the difference."""
    other = rate + difference
    both = rate * other + 0.3 * np.sqrt(rate * (1 - rate) * other * (1 - other))
    cells = np.random.default_rng(4).multinomial(n, [both, rate - both, other - both, 1 - rate - other + both], 2000)
    return float(np.mean([mcnemar_exact(int(b), int(c)) < 0.05 for _, b, c, _ in cells]))


def test_the_minimum_detectable_difference_is_found_in_four_of_five_experiments() -> None:
    assert 0.74 <= found(300, 0.2, minimum_detectable(300, 0.2)) <= 0.84


def test_half_of_it_is_missed_more_often_than_found() -> None:
    assert found(300, 0.2, minimum_detectable(300, 0.2) / 2) < 0.4


@pytest.mark.parametrize(("difference", "rate"), [(0.1, 0.3), (0.05, 0.8)])
def test_so_many_items_as_are_needed_find_it_in_four_of_five_experiments(difference: float, rate: float) -> None:
    low_rate = min(rate, 1 - rate)
    assert 0.74 <= found(needed_items(difference, rate), low_rate, difference) <= 0.84


def test_independent_models_need_what_the_normal_test_of_two_rates_needs() -> None:
    one, other = 0.4, 0.5
    z = scipy_stats.norm.ppf(0.975) + scipy_stats.norm.ppf(0.8)
    textbook = z**2 * (one * (1 - one) + other * (1 - other)) / (other - one) ** 2  # items of each model
    assert needed_items(0.1, 0.4, correlation=0.0) == pytest.approx(textbook, rel=0.02)


@given(st.integers(6, 2000), st.floats(0, 1))
def test_more_items_show_smaller_differences(n: int, rate: float) -> None:
    assert 0 < minimum_detectable(2 * n, rate) <= minimum_detectable(n, rate) <= 1


@given(SHARES, SHARES)
def test_needed_items_show_the_difference_and_one_fewer_does_not(rate: float, part: float) -> None:
    difference = max(0.01, part * (1 - min(rate, 1 - rate)))
    n = needed_items(difference, rate)
    assert minimum_detectable(n, rate) <= difference + 1e-9
    assert n == 6 or minimum_detectable(n - 1, rate) >= difference - 1e-9


@pytest.mark.parametrize(("difference", "rate"), [(0.0, 0.5), (-0.1, 0.5), (0.6, 0.5)])
def test_an_impossible_difference_is_refused(difference: float, rate: float) -> None:
    with pytest.raises(BbkdError, match="not possible"):
        needed_items(difference, rate)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_handful_of_items_shows_nothing(n: int) -> None:
    assert minimum_detectable(n, 0.5) == 1.0
    assert power_statement(n, 0.5).endswith("can show no difference.")


def test_power_is_said_in_points() -> None:
    assert power_statement(300, 0.2) == "300 prompts can show a difference of 9 points, not of 4."
    assert power_statement(20_000, 0.1) == "20,000 prompts can show a difference of 0.8 points, not of 0.4."


def test_power_says_what_families_may_take_from_it() -> None:
    said = power_statement(300, 0.2, families=120)
    assert said.startswith("300 prompts can show a difference of 9 points, not of 4; they come from 120 families")
    assert said.endswith("it is less: a difference of 14 points, not of 7.")
    assert power_statement(300, 0.2, families=300) == power_statement(300, 0.2)


@pytest.mark.parametrize(
    ("n", "rates", "simulated"),
    [
        (100, (0.05, 0.55, 0.98), 0.105),
        (300, (0.05, 0.55, 0.98), 0.061),
        (300, (0.2, 0.3, 0.95), 0.078),
        (500, (0.2, 0.26, 0.95), 0.059),
        (1000, (0.4, 0.45, 0.6), 0.18),
    ],
)
def test_the_expected_half_width_is_near_a_simulated_one(
    n: int, rates: tuple[float, float, float], simulated: float
) -> None:
    assert expected_pgr_half_width(n, *rates) == pytest.approx(simulated, rel=0.12)


def test_the_expected_half_width_is_what_independent_models_then_have() -> None:
    rng, rates = np.random.default_rng(12), (0.1, 0.5, 0.95)
    base, student, teacher = (rng.random((3, 400)) < np.array(rates)[:, None]).astype(np.float64)
    pgr = paired_bootstrap_pgr(base, student, teacher, range(400), draws=2000)
    assert pgr.low is not None and pgr.high is not None
    assert expected_pgr_half_width(400, *rates, correlation=0.0) == pytest.approx((pgr.high - pgr.low) / 2, rel=0.1)


def test_without_a_gap_no_width_is_expected() -> None:
    assert expected_pgr_half_width(300, 0.5, 0.5, 0.5) is None
    assert expected_pgr_half_width(0, 0.1, 0.5, 0.9) is None
