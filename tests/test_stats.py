import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from blackbox_kd.errors import BbkdError
from blackbox_kd.stats import (
    Interval,
    Pgr,
    bootstrap_mean,
    mcnemar_exact,
    minimum_detectable,
    paired_bootstrap_pgr,
    rate_interval,
    wilson,
)

Scores = npt.NDArray[np.float64]
Row = tuple[float, float, float, int]
COUNTS = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
SCORES = st.lists(st.tuples(*[st.sampled_from([0.0, 1.0])] * 3, st.integers(0, 9)), min_size=2, max_size=60)


def paired(rng: np.random.Generator, n: int, rates: tuple[float, float, float]) -> tuple[Scores, Scores, Scores]:
    """Scores of three models on n items of unequal difficulty, so that they agree more than chance."""
    difficulty = rng.normal(size=n)
    noise = rng.normal(size=(3, n))
    cut = scipy_stats.norm.ppf(rates)[:, None]
    base, student, teacher = ((difficulty + noise) / np.sqrt(2) < cut).astype(np.float64)
    return base, student, teacher


def pgr_of(rows: list[Row]) -> Pgr:
    base, student, teacher, clusters = zip(*rows, strict=True)
    return paired_bootstrap_pgr(base, student, teacher, clusters, draws=200)


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


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_scipys_binomial_test(b: int, c: int) -> None:
    expected = scipy_stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert mcnemar_exact(b, c) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_stays_exact_for_thousands_of_items() -> None:
    assert mcnemar_exact(5100, 4900) == pytest.approx(scipy_stats.binomtest(5100, 10_000).pvalue, rel=1e-9)


def test_pgr_is_the_share_of_the_gap() -> None:
    base, student, teacher = [1.0] * 10 + [0.0] * 90, [1.0] * 55 + [0.0] * 45, [1.0] * 100
    pgr = paired_bootstrap_pgr(base, student, teacher, range(100))
    assert pgr.value == pytest.approx(0.5)
    assert pgr.low is not None
    assert pgr.high is not None
    assert 0.35 < pgr.low < 0.5 < pgr.high < 0.65


def test_pgr_shows_harm_below_zero() -> None:
    pgr = paired_bootstrap_pgr([1.0] * 30 + [0.0] * 70, [0.0] * 100, [1.0] * 100, range(100))
    assert pgr.value == pytest.approx(-30 / 70)


@pytest.mark.parametrize(
    ("base", "teacher", "reason"),
    [
        ([0.0, 1.0] * 20, [1.0, 0.0] * 20, "not measurably better"),
        ([1.0] * 40, [0.0] * 40, "worse"),
        ([0.0], [1.0], "fewer than two"),
        ([], [], "fewer than two"),
    ],
)
def test_pgr_is_undefined_without_a_gap(base: list[float], teacher: list[float], reason: str) -> None:
    pgr = paired_bootstrap_pgr(base, base, teacher, range(len(base)))
    assert (pgr.value, pgr.low, pgr.high) == (None, None, None)
    assert reason in pgr.undefined


def test_pgr_interval_is_wider_for_copies_than_for_fresh_items() -> None:
    base, student, teacher = paired(np.random.default_rng(5), 200, (0.1, 0.5, 0.9))
    fresh = paired_bootstrap_pgr(base, student, teacher, range(200))
    base, student, teacher = (np.repeat(scores[:50], 4) for scores in (base, student, teacher))
    grouped = paired_bootstrap_pgr(base, student, teacher, np.repeat(np.arange(50), 4))
    assert fresh.low is not None
    assert fresh.high is not None
    assert grouped.low is not None
    assert grouped.high is not None
    assert grouped.high - grouped.low > 1.5 * (fresh.high - fresh.low)


@settings(max_examples=50)
@given(SCORES.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_pgr_does_not_depend_on_the_order_of_items(orders: tuple[list[Row], list[Row]]) -> None:
    one, other = (pgr_of(rows) for rows in orders)
    assert one == other


@settings(max_examples=50)
@given(SCORES)
def test_pgr_has_an_interval_or_a_reason(rows: list[Row]) -> None:
    pgr = pgr_of(rows)
    if pgr.value is None or pgr.low is None or pgr.high is None:
        assert pgr.undefined
    else:
        assert pgr.low <= pgr.high
        assert not pgr.undefined


def test_pgr_refuses_scores_of_unequal_length() -> None:
    with pytest.raises(BbkdError, match="unequal length"):
        paired_bootstrap_pgr([0.0, 1.0], [1.0], [1.0, 1.0], [1, 2])


def test_pgr_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng, truth, covered = np.random.default_rng(7), (0.55 - 0.2) / (0.9 - 0.2), 0
    for _ in range(1000):
        base, student, teacher = paired(rng, 200, (0.2, 0.55, 0.9))
        pgr = paired_bootstrap_pgr(base, student, teacher, range(200), draws=500)
        covered += pgr.low is not None and pgr.high is not None and pgr.low <= truth <= pgr.high
    assert 930 <= covered <= 970


def test_bootstrap_mean_covers_the_mean_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(8), 0
    for _ in range(1000):
        families = rng.normal(size=80)
        values = np.repeat(families, 3) + rng.normal(size=240)
        interval = bootstrap_mean(values, np.repeat(np.arange(80), 3), draws=250)
        covered += interval is not None and interval.low <= 0 <= interval.high
    assert 0.93 <= covered / 1000 <= 0.97


def test_bootstrap_mean_agrees_with_scipy() -> None:
    values = np.random.default_rng(9).exponential(size=300)
    theirs = scipy_stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(0))
    ours = bootstrap_mean(values, range(300))
    assert ours is not None
    low, high = theirs.confidence_interval
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=0.01)


def test_bootstrap_mean_of_one_family_is_not_known() -> None:
    assert bootstrap_mean([0.1, 0.9, 0.4], ["a", "a", "a"]) is None


def test_bootstrap_mean_depends_on_the_seed_alone() -> None:
    values = np.random.default_rng(3).normal(size=50)
    assert bootstrap_mean(values, range(50), seed=1) == bootstrap_mean(values, range(50), seed=1)
    assert bootstrap_mean(values, range(50), seed=1) != bootstrap_mean(values, range(50), seed=2)


def test_families_must_be_as_many_as_scores() -> None:
    with pytest.raises(BbkdError, match="3 scores, but 2 families"):
        bootstrap_mean([0.0, 1.0, 1.0], ["a", "b"])


def test_minimum_detectable_difference_is_found_in_four_of_five_experiments() -> None:
    n, rate, rng = 300, 0.2, np.random.default_rng(4)
    other = rate + minimum_detectable(n, rate)
    both = rate * other + 0.3 * np.sqrt(rate * (1 - rate) * other * (1 - other))
    cells = rng.multinomial(n, [both, rate - both, other - both, 1 - rate - other + both], size=2000)
    found = np.mean([mcnemar_exact(int(b), int(c)) < 0.05 for _, b, c, _ in cells])
    assert 0.74 <= found <= 0.84


@given(st.integers(6, 2000), st.floats(0, 1))
def test_more_items_show_smaller_differences(n: int, rate: float) -> None:
    assert 0 < minimum_detectable(2 * n, rate) <= minimum_detectable(n, rate) <= 1


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_handful_of_items_shows_nothing(n: int) -> None:
    assert minimum_detectable(n, 0.5) == 1.0
