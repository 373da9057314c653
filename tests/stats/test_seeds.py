import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats import Spread, seed_spread


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_the_spread_of_seeds_is_scipys_t_interval(values: list[float]) -> None:
    found, n = seed_spread(values), len(values)
    sd = float(np.std(values, ddof=1))
    half = scipy_stats.t.ppf(0.975, n - 1) * sd / np.sqrt(n)
    assert found.n == n
    assert found.sd == pytest.approx(sd, abs=1e-9)
    assert (found.low, found.high) == pytest.approx((np.mean(values) - half, np.mean(values) + half), abs=1e-5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8).flatmap(lambda v: st.tuples(st.just(v), st.permutations(v))))
def test_the_spread_does_not_depend_on_the_order_of_seeds(orders: tuple[list[float], list[float]]) -> None:
    one, other = (seed_spread(values) for values in orders)
    assert one == other


def test_one_seed_has_no_spread() -> None:
    assert seed_spread([0.8]) == Spread(0.8, None, None, None, 1)


@pytest.mark.parametrize("values", [[], [0.5, float("nan")]])
def test_a_spread_needs_numbers(values: list[float]) -> None:
    with pytest.raises(BbkdError, match="finite values"):
        seed_spread(values)
