from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats import Decision, non_inferior
from blackbox_kd.stats.gating import CAUTION, FEWEST, STEP, items_to_pass
from blackbox_kd.stats.paired import difference_bounds

Simulate = Callable[..., npt.NDArray[np.float64]]
Row = tuple[float, float, int]
ROWS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 30)), min_size=1, max_size=60)
OUTCOMES = np.array([-1.0, 1.0, 0.0])  # an item lost, won, or neither
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


def low_of(lost: npt.NDArray[np.int64], won: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.float64]:
    """The gate's lower bound for so many items lost and won."""
    counts = np.stack([lost, won, n - lost - won], axis=-1).astype(np.float64)
    return difference_bounds(OUTCOMES, np.ones(3), 0.05, CAUTION, STEP, counts)[1]


def differing(n: int, share: float) -> tuple[list[float], list[float]]:
    """Scores of two equally good models that differ on this share of n items."""
    half = round(n * share / 2)
    alike = [1.0] * (n - 2 * half)
    return [0.0] * half + [1.0] * half + alike, [1.0] * half + [0.0] * half + alike


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
    assert reasons[0].startswith("worse by 1.7 points at most") and reasons[0].endswith("within the margin of 3 points")
    assert reasons[1] == "300 items leave -5.3 to -1.1 points, and the margin of 3 points lies in between"
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
    _, low, high = difference_bounds(answers[:, 1] - answers[:, 0], np.full(families, float(size)), 0.05, CAUTION, STEP)
    most = 0.05 + 3.3 * np.sqrt(0.05 * 0.95 / repetitions)
    assert (low > -margin).mean() <= most
    assert (high < -margin).mean() <= most


def test_an_equal_student_passes_where_the_items_suffice(simulate: Simulate) -> None:
    answers = simulate(np.random.default_rng(14), 2000, 300, 1, 0.0, (0.9, 0.9)).sum(axis=-1)
    _, low, _ = difference_bounds(answers[:, 1] - answers[:, 0], np.ones(300), 0.05, CAUTION, STEP)
    assert (low > -0.05).mean() > 0.7


@pytest.mark.parametrize("margin", [0.01, 0.02, 0.03, 0.05, 0.1])
def test_a_student_that_only_loses_passes_at_the_margin_in_less_than_one_in_twenty(margin: float) -> None:
    """Exact: the items lost are binomial, and the bound falls with each."""
    worst = 0.0
    for n in {470, 1284, *range(100, 3001, 23)}:
        lost = np.arange(1 + int(n * margin))
        passing = int((low_of(lost, np.zeros_like(lost), n) > -margin).sum())
        worst = max(worst, float(scipy_stats.binom.cdf(passing - 1, n, margin)))
    assert 0.03 < worst <= 0.05


@pytest.mark.parametrize(("n", "won", "margin"), [(500, 0.005, 0.01), (300, 0.05, 0.03), (1000, 0.02, 0.01)])
def test_a_student_that_wins_as_well_passes_at_the_margin_in_less_than_one_in_twenty(
    n: int, won: float, margin: float
) -> None:
    lost, gained = np.meshgrid(np.arange(n // 5), np.arange(n // 5))
    cells = np.stack([lost, gained, n - lost - gained], axis=-1)
    chance = scipy_stats.multinomial.pmf(cells, n, [won + margin, won, 1 - 2 * won - margin])
    assert chance.sum() == pytest.approx(1)
    assert 0.03 < chance[low_of(lost, gained, n) > -margin].sum() <= 0.05


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("margin", [0.02, 0.03, 0.05])
def test_with_the_items_that_would_do_four_of_five_equal_students_pass(share: float, margin: float) -> None:
    n = items_to_pass(*differing(400, share), range(400), margin)
    assert n is not None
    lost, won, _ = np.random.default_rng(15).multinomial(n, [share / 2, share / 2, 1 - share], 4000).T
    assert 0.74 <= (low_of(lost, won, n) > -margin).mean() <= 0.9


def test_students_that_never_differ_need_as_many_items_as_make_them_pass() -> None:
    n = items_to_pass([1.0] * 20, [1.0] * 20, range(20), 0.03)
    assert n is not None
    assert 100 < n < 150
    verdicts = [non_inferior([1.0] * k, [1.0] * k, range(k), 0.03).verdict for k in (n - 1, n)]
    assert verdicts == ["cannot tell", "pass"]


def test_copies_are_no_items_that_would_do() -> None:
    new, old = differing(100, 0.1)
    alone, copied = (items_to_pass(new * k, old * k, list(range(100)) * k, 0.03) for k in (1, 5))
    assert alone is not None
    assert copied == pytest.approx(5 * alone, abs=5)


def test_no_fewer_families_would_do_than_the_gate_looks_at() -> None:
    assert items_to_pass([1.0] * 60, [1.0] * 60, [place // 10 for place in range(60)], 0.9) == 10 * FEWEST


def test_one_family_and_no_margin_leave_open_what_would_do() -> None:
    assert items_to_pass([1.0] * 5, [1.0] * 5, ["a"] * 5, 0.03) is None
    assert items_to_pass(*differing(100, 0.1), range(100), 0.0) is None
    with pytest.raises(BbkdError, match="it has to be a share"):
        items_to_pass([1.0], [1.0], [1], 1.0)
