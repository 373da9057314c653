import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from blackbox_kd.stats import mcnemar_exact, minimum_detectable, power_statement


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


def test_independent_models_need_what_the_normal_test_of_two_rates_needs() -> None:
    one, other = 0.4, 0.5
    z = scipy_stats.norm.ppf(0.975) + scipy_stats.norm.ppf(0.8)
    textbook = z**2 * (one * (1 - one) + other * (1 - other)) / (other - one) ** 2  # items of each model
    assert minimum_detectable(round(textbook), 0.4, correlation=0.0) == pytest.approx(0.1, rel=0.01)


@given(st.integers(6, 2000), st.floats(0, 1))
def test_more_items_show_smaller_differences(n: int, rate: float) -> None:
    assert 0 < minimum_detectable(2 * n, rate) <= minimum_detectable(n, rate) <= 1


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
