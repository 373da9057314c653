from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats as scipy_stats

Array = npt.NDArray[np.float64]
Simulate = Callable[..., Array]


@pytest.fixture
def simulate() -> Simulate:
    """Right and wrong answers of several models to the same items: (repetitions, models, families, items each)."""

    def make(
        rng: np.random.Generator, repetitions: int, families: int, size: int, icc: float, rates: tuple[float, ...]
    ) -> Array:
        def normal(*shape: int) -> Array:
            of_family, of_item = rng.normal(size=(repetitions, *shape, 1)), rng.normal(size=(repetitions, *shape, size))
            latent: Array = np.sqrt(icc) * of_family + np.sqrt(1 - icc) * of_item
            return latent

        latent = (normal(1, families) + normal(len(rates), families)) / np.sqrt(2)
        answers: Array = (latent < scipy_stats.norm.ppf(rates)[:, None, None]).astype(np.float64)
        return answers

    return make
