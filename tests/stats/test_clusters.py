import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats.clusters import cluster_sums, columns, effective, expanded, shares, t_quantile


@given(st.floats(0.001, 0.999), st.one_of(st.integers(1, 10_000), st.floats(2, 1000)))
def test_quantiles_of_t_are_scipys(p: float, freedom: float) -> None:
    assert t_quantile(p, freedom) == pytest.approx(scipy_stats.t.ppf(p, freedom), rel=1e-4, abs=1e-6)


def test_equal_families_count_in_full_and_a_giant_counts_as_one() -> None:
    assert effective(np.full(40, 3.0)) == 40
    assert effective(np.array([1000.0, 1.0, 1.0])) == pytest.approx(1, abs=0.01)


def test_a_bootstrap_over_few_families_is_read_further_out() -> None:
    assert expanded(0.95, 10) == pytest.approx(scipy_stats.t.ppf(0.975, 9) * (10 / 9) ** 0.5, rel=1e-5)
    assert expanded(0.95, 10_000) == pytest.approx(1.96, abs=0.001)


@given(st.permutations(range(6)))
def test_sums_over_families_do_not_depend_on_the_order_of_items(order: list[int]) -> None:
    values, names = np.array([0.1, 0.2, 0.3, 0.7, 1e-17, 0.4]), ["b", "a", "b", "b", "a", "c"]
    table = columns(values)
    found = cluster_sums(table[order], [names[place] for place in order])
    assert (found == cluster_sums(table, names)).all()


def test_families_must_be_as_many_as_scores() -> None:
    with pytest.raises(BbkdError, match="3 scores, but 2 families"):
        cluster_sums(columns([0.0, 1.0, 1.0]), ["a", "b"])


def test_a_score_has_to_be_a_number() -> None:
    with pytest.raises(BbkdError, match="no finite number"):
        columns([0.0, float("nan")])


@pytest.mark.parametrize("score", [-0.1, 1.1, 30.0])
def test_a_share_lies_in_0_to_1(score: float) -> None:
    with pytest.raises(BbkdError, match="have to lie in 0 to 1"):
        shares([0.5, score])


def test_a_rounding_error_is_no_score_outside_0_to_1() -> None:
    assert shares([1 + 1e-12, -1e-15])[:, 0].tolist() == [1.0, 0.0]
