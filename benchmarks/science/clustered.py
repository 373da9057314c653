"""Scores of several models on items in families, with a known truth, for checks of intervals and decisions.

An item's difficulty is a uniform number. A model shares it with the others with probability sqrt(shared), so two models
have the same with probability `shared`; an item takes all of its family's with probability sqrt(icc), so `icc` is the
intra-class correlation whatever the rates.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import stats as scipy_stats

Array = npt.NDArray[np.float64]
Uniforms = npt.NDArray[np.float32]  # (repetitions, models, items)
NODES = 10_000  # quantiles that graded scores are read from


def sizes_of(families: int, size: int) -> npt.NDArray[np.int64]:
    """Items of each family; size 0 stands for 1 to 5 in turn."""
    return np.full(families, size) if size else np.arange(families) % 5 + 1


def uniforms(
    rng: np.random.Generator, repetitions: int, models: int, sizes: npt.NDArray[np.int64], icc: float, shared: float
) -> Uniforms:
    """Difficulties of the items for each model."""
    found = _alone(rng, (repetitions, models, int(sizes.sum())), shared)
    if icc:
        of = np.repeat(np.arange(len(sizes)), sizes)
        family = _alone(rng, (repetitions, models, len(sizes)), shared)[:, :, of]
        taken = rng.random((repetitions, 1, len(of)), dtype=np.float32) < np.sqrt(icc)
        found = np.where(taken, family, found)
    return found


def scores(difficulty: Uniforms, rate: float, graded: bool) -> Array:
    """Scores with this mean: right or wrong, or of a beta distribution with a + b = 4."""
    if not graded:
        return (difficulty < rate).astype(np.float64)
    return _quantiles(rate)[(difficulty * NODES).astype(np.int32)]


def summed(values: Array, sizes: npt.NDArray[np.int64]) -> Array:
    """The last axis summed over families."""
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    found: Array = np.add.reduceat(values, starts, axis=-1)
    return found


@lru_cache(maxsize=64)
def _quantiles(rate: float) -> Array:
    found: Array = scipy_stats.beta.ppf(1 - (np.arange(NODES) + 0.5) / NODES, 4 * rate, 4 * (1 - rate))
    return found


def _alone(rng: np.random.Generator, shape: tuple[int, int, int], shared: float) -> Uniforms:
    own = rng.random(shape, dtype=np.float32)
    if not shared:
        return own
    common = rng.random((shape[0], 1, shape[2]), dtype=np.float32)
    return np.where(rng.random(shape, dtype=np.float32) < np.sqrt(shared), common, own)
