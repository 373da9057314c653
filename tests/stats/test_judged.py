import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats import WinRate, length_controlled_win_rate, wilson
from blackbox_kd.stats.clusters import Array

Row = tuple[float, int, int]
ROWS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(-300, 300), st.integers(0, 9)), min_size=1, max_size=40
)


def judged(rng: np.random.Generator, n: int, skill: float, taste: float, longer: float) -> tuple[Array, Array]:
    """Wins and length differences in front of a judge with a taste for length; skill is in logits at equal length."""
    lengths = rng.normal(longer, 1.0, size=n)
    logits = skill + taste * np.tanh(lengths / lengths.std())
    return (rng.random(n) < 1 / (1 + np.exp(-logits))).astype(np.float64), 100 * lengths


def rate_of(rows: list[Row]) -> WinRate:
    wins, lengths, clusters = zip(*rows, strict=True)
    return length_controlled_win_rate(wins, lengths, clusters, draws=50)


def test_a_judge_that_sees_only_length_finds_equals() -> None:
    lengths = np.random.default_rng(1).normal(1.0, 1.0, size=400)
    found = length_controlled_win_rate((lengths > 0).astype(np.float64), lengths, range(400), draws=200)
    assert found.raw is not None and found.controlled is not None
    assert found.raw > 0.8
    assert found.controlled == pytest.approx(0.5, abs=0.1)


def test_a_taste_for_length_is_taken_out() -> None:
    wins, lengths = judged(np.random.default_rng(2), 3000, skill=0.0, taste=2.0, longer=1.0)
    found = length_controlled_win_rate(wins, lengths, range(3000), draws=300)
    assert found.raw is not None and found.low is not None and found.high is not None
    assert found.raw > 0.7
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 0.15


def test_without_a_taste_for_length_the_win_rate_stays() -> None:
    wins, lengths = judged(np.random.default_rng(3), 3000, skill=1.0, taste=0.0, longer=0.5)
    found = length_controlled_win_rate(wins, lengths, range(3000), draws=10)
    assert found.controlled == pytest.approx(found.raw, abs=0.03)


def test_answers_of_equal_length_have_nothing_to_control() -> None:
    found = length_controlled_win_rate([1.0, 0.5, 1.0, 0.0] * 50, [0.0] * 200, range(200), draws=100)
    assert found.controlled == pytest.approx(found.raw, abs=1e-3)


def test_answers_that_are_all_longer_by_the_same_cannot_be_controlled() -> None:
    assert length_controlled_win_rate([1.0, 0.0], [7.0, 7.0], [1, 2]) == WinRate(0.5, None, None, None, 2)


def test_judgements_that_all_ended_alike_are_as_sure_as_their_families_are_many() -> None:
    found = length_controlled_win_rate([1.0] * 30, range(-15, 15), range(30))
    assert found.raw == 1
    assert found.controlled is not None and found.controlled > 0.95
    assert (found.low, found.high) == (wilson(30, 30).low, 1.0)


def test_no_judgement_and_one_family_give_no_interval() -> None:
    assert length_controlled_win_rate([], [], []) == WinRate(None, None, None, None, 0)
    found = length_controlled_win_rate([1.0, 0.0, 1.0], [1.0, 2.0, 3.0], ["a"] * 3)
    assert found.controlled is not None
    assert (found.low, found.high) == (None, None)


@settings(max_examples=50)
@given(ROWS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_win_rates_are_shares_and_do_not_depend_on_order(orders: tuple[list[Row], list[Row]]) -> None:
    one, other = (rate_of(rows) for rows in orders)
    assert one == other
    assert all(0 <= value <= 1 for value in (one.raw, one.controlled, one.low, one.high) if value is not None)


def test_the_controlled_rate_covers_the_truth_as_often_as_it_says() -> None:
    rng, held, truth = np.random.default_rng(4), 0, 1 / (1 + np.exp(-0.4))
    for _ in range(200):
        wins, lengths = judged(rng, 120, skill=0.4, taste=1.5, longer=0.5)
        found = length_controlled_win_rate(wins, lengths, range(120), draws=100)
        held += found.low is not None and found.high is not None and found.low <= truth <= found.high
    assert 0.91 <= held / 200 <= 0.99


@pytest.mark.parametrize("lengths", [[1.0], [1.0, float("inf")]])
def test_each_win_needs_a_length(lengths: list[float]) -> None:
    with pytest.raises(BbkdError, match="2 wins"):
        length_controlled_win_rate([1.0, 0.0], lengths, [1, 2])
