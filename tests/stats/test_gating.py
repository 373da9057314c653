from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats import Decision, non_inferior
from blackbox_kd.stats.gating import CAUTION
from blackbox_kd.stats.paired import difference_bounds

Simulate = Callable[..., npt.NDArray[np.float64]]
Row = tuple[float, float, int]
ROWS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 30)), min_size=1, max_size=60)
GRID = [  # families, items each, rate of old, margin
    (20, 1, 0.5, 0.1),
    (20, 4, 0.9, 0.1),
    (60, 3, 0.8, 0.05),
    (100, 1, 0.98, 0.05),
    (200, 1, 0.98, 0.05),
    (300, 1, 0.9, 0.03),
    (300, 1, 0.98, 0.02),
    (300, 3, 0.98, 0.05),
    (1000, 1, 0.98, 0.01),
]


def decision_of(rows: list[Row], margin: float) -> Decision:
    new, old, clusters = zip(*rows, strict=True)
    return non_inferior(new, old, clusters, margin)


def rates_of(wrong: int, n: int = 300) -> list[float]:
    return [0.0] * wrong + [1.0] * (n - wrong)


@pytest.mark.parametrize(
    ("wrong", "margin", "verdict"),
    [(0, 0.03, "pass"), (1, 0.03, "pass"), (9, 0.03, "cannot tell"), (30, 0.03, "fail"), (0, 0.005, "cannot tell")],
)
def test_the_gate_tells_worse_from_no_worse_and_from_not_known(wrong: int, margin: float, verdict: str) -> None:
    found = non_inferior(rates_of(wrong), rates_of(0), range(300), margin)
    assert (found.verdict, found.n, found.families) == (verdict, 300, 300)
    assert found.difference == pytest.approx(-wrong / 300)


def test_the_gate_says_why() -> None:
    reasons = [non_inferior(rates_of(k), rates_of(0), range(300), 0.03).reason for k in (1, 9, 30)]
    assert reasons[0].startswith("worse by 1.6 points at most") and reasons[0].endswith("within the margin of 3 points")
    assert reasons[1] == "300 items leave -5.1 to -1.2 points, and the margin of 3 points lies in between"
    assert reasons[2].endswith("points at least, more than the margin of 3 points")


@pytest.mark.parametrize("families", [0, 1, 2, 9])
def test_few_families_tell_nothing(families: int) -> None:
    n = 50 * families
    found = non_inferior([1.0] * n, [0.0] * n, [place % max(1, families) for place in range(n)], 0.1)
    assert found.verdict == "cannot tell"
    assert (found.low is None) == (families < 2)
    assert "fewer than 10 tell nothing" in found.reason


def test_without_a_loss_seen_the_rule_of_three_still_holds() -> None:
    """With 95 % confidence 0 losses of n leave a rate of 3 / n (Hanley & Lippman-Hand 1983)."""
    for n in (50, 100, 400):
        found = non_inferior([1.0] * n, [1.0] * n, range(n), 0.5)
        assert found.low is not None
        assert -5 / n < found.low < -3 / n


def test_families_of_copies_pass_no_sooner_than_their_items() -> None:
    new, old = rates_of(3, 100), rates_of(0, 100)
    alone = non_inferior(new, old, range(100), 0.1)
    copied = non_inferior(new * 5, old * 5, list(range(100)) * 5, 0.1)
    assert alone.low == pytest.approx(copied.low)


@settings(max_examples=40)
@given(ROWS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))), st.floats(0, 0.9))
def test_a_decision_does_not_depend_on_the_order_of_items(orders: tuple[list[Row], list[Row]], margin: float) -> None:
    one, other = (decision_of(rows, margin) for rows in orders)
    assert one == other


@settings(max_examples=50)
@given(ROWS, st.floats(0, 0.9), st.floats(0, 0.9))
def test_a_wider_margin_is_passed_by_all_that_pass_a_narrower_one(rows: list[Row], one: float, other: float) -> None:
    narrow, wide = (decision_of(rows, margin).verdict for margin in sorted((one, other)))
    assert (narrow, wide) not in {("pass", "fail"), ("pass", "cannot tell"), ("cannot tell", "fail")}


@pytest.mark.parametrize("margin", [-0.01, 1.0, 3.0, float("nan")])
def test_a_margin_is_a_share(margin: float) -> None:
    with pytest.raises(BbkdError, match="it has to be a share"):
        non_inferior([1.0], [1.0], [1], margin)


@pytest.mark.parametrize(("families", "size", "rate", "margin"), GRID)
@pytest.mark.parametrize("icc", [0.0, 0.6])
def test_at_the_margin_no_more_than_one_in_twenty_passes_or_fails(
    simulate: Simulate, families: int, size: int, rate: float, margin: float, icc: float
) -> None:
    rng, repetitions = np.random.default_rng(13), 1_000_000 // (families * size * 4)
    answers = simulate(rng, repetitions, families, size, icc, (rate, rate - margin)).sum(axis=-1)
    _, low, high = difference_bounds(answers[:, 1] - answers[:, 0], np.full(families, float(size)), 0.05, CAUTION)
    most = 0.05 + 3.3 * np.sqrt(0.05 * 0.95 / repetitions)
    assert (low > -margin).mean() <= most
    assert (high < -margin).mean() <= most


def test_an_equal_student_passes_where_the_items_suffice(simulate: Simulate) -> None:
    answers = simulate(np.random.default_rng(14), 2000, 300, 1, 0.0, (0.9, 0.9)).sum(axis=-1)
    _, low, _ = difference_bounds(answers[:, 1] - answers[:, 0], np.ones(300), 0.05, CAUTION)
    assert (low > -0.05).mean() > 0.7
