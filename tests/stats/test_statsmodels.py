"""Cross-checks against statsmodels; all in one module, since its import takes seconds."""

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from blackbox_kd.stats import cohen_kappa, holm, mcnemar_exact, wilson


@pytest.mark.parametrize(("k", "n"), [(0, 12), (1, 9), (50, 120), (300, 300)])
def test_wilson_is_statsmodels(k: int, n: int) -> None:
    interval = wilson(k, n)
    assert (interval.low, interval.high) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-9)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (3, 9), (40, 20)])
def test_mcnemar_is_statsmodels(b: int, c: int) -> None:
    assert mcnemar_exact(b, c) == pytest.approx(mcnemar([[5, b], [c, 7]], exact=True).pvalue)


def test_holm_is_statsmodels() -> None:
    rng = np.random.default_rng(1)
    for size in (1, 2, 7, 20):
        p_values = (rng.random(size) ** 3).round(3).tolist()
        assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_kappa_and_its_interval_are_statsmodels_but_for_t_and_the_families_less_one() -> None:
    table = np.array([[30, 4, 2], [6, 20, 5], [1, 3, 9]])
    one = [str(row) for row in range(3) for column in range(3) for _ in range(table[row, column])]
    other = [str(column) for row in range(3) for column in range(3) for _ in range(table[row, column])]
    theirs, ours, n = cohens_kappa(table), cohen_kappa(one, other), len(one)
    assert ours.value == pytest.approx(theirs.kappa)
    assert ours.low is not None and ours.high is not None
    half = scipy_stats.t.ppf(0.975, n - 1) * theirs.std_kappa * np.sqrt(n / (n - 1))
    assert (ours.high - ours.low) / 2 == pytest.approx(half, rel=1e-4)
