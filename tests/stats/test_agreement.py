import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats import Kappa, cohen_kappa

Pair = tuple[str, str]
PAIRS = st.lists(st.tuples(*[st.sampled_from("abc")] * 2), min_size=1, max_size=40)


def kappa_of(pairs: list[Pair]) -> Kappa:
    one, other = zip(*pairs, strict=True)
    return cohen_kappa(one, other)


def raters(rng: np.random.Generator, n: int) -> tuple[list[str], list[str]]:
    """Two raters with kappa 0.6: they agree on 60 % of the items for a reason, else by chance."""
    one, other = rng.choice(["a", "b"], size=(2, n))
    return one.tolist(), np.where(rng.random(n) < 0.6, one, other).tolist()


@settings(max_examples=40)
@given(PAIRS.flatmap(lambda pairs: st.tuples(st.just(pairs), st.permutations(pairs))))
def test_kappa_does_not_depend_on_the_order_of_items(orders: tuple[list[Pair], list[Pair]]) -> None:
    one, other = (kappa_of(pairs) for pairs in orders)
    assert one == other


@given(PAIRS)
def test_kappa_lies_in_its_interval_or_is_undefined(pairs: list[Pair]) -> None:
    found = kappa_of(pairs)
    if found.value is None:
        assert found.expected == 1
    elif found.low is not None and found.high is not None:
        assert -1 <= found.low <= found.value + 1e-9
        assert found.value <= found.high + 1e-9 <= 1 + 1e-9


def test_kappa_of_a_textbook_table() -> None:
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    found = kappa_of(pairs)
    assert (found.value, found.observed, found.expected) == pytest.approx((0.4, 0.7, 0.5))


def test_raters_who_always_say_the_same_word_agree_by_chance() -> None:
    assert cohen_kappa(["a"] * 9, ["a"] * 9) == Kappa(None, None, None, 1.0, 1.0, 9)


def test_raters_of_nothing_are_not_known() -> None:
    assert cohen_kappa([], []) == Kappa(None, None, None, None, None, 0)


def test_full_agreement_on_few_items_is_not_certain() -> None:
    found = kappa_of([("a", "a"), ("b", "b")] * 10)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low is not None
    assert 0.6 < found.low < 0.75


def test_labels_that_come_in_families_are_less_sure() -> None:
    one, other = raters(np.random.default_rng(1), 50)
    alone = cohen_kappa(one, other)
    copied = cohen_kappa(one * 4, other * 4, list(range(50)) * 4)
    assert copied.value == pytest.approx(alone.value)
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))


def test_kappa_covers_the_truth_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(2), 0
    for _ in range(1500):
        found = cohen_kappa(*raters(rng, 100))
        held += found.low is not None and found.high is not None and found.low <= 0.6 <= found.high
    assert 0.93 <= held / 1500 <= 0.97


def test_raters_must_have_rated_the_same_items() -> None:
    with pytest.raises(BbkdError, match="2 and 1"):
        cohen_kappa(["a", "b"], ["a"])
