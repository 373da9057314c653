"""Text as sets of hashed word n-grams, and groups of near-duplicates verified by exact Jaccard similarity.

MinHash and banding follow Broder (1997) and Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, chapter 3.
"""

import itertools
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from blackbox_kd.text import fold, words

Shingles = npt.NDArray[np.uint64]  # (distinct shingles,), sorted
PERMUTATIONS = 128
ALL_PAIRS = 16  # in a bucket of at most so many texts all pairs are compared; in a larger one, neighbours


def shingles(text: str, size: int = 3) -> Shingles:
    """Hashes of the distinct runs of `size` words; a shorter text is one shingle of its own."""
    tokens = words(text)
    hashes = np.array([zlib.crc32(t.encode("utf-8", "surrogatepass")) for t in tokens], dtype=np.uint64)
    if len(hashes) < size:
        return np.array([zlib.crc32(fold(text).encode("utf-8", "surrogatepass"))], dtype=np.uint64)
    mixed = np.zeros(len(hashes) - size + 1, dtype=np.uint64)
    for offset in range(size):
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + hashes[offset : len(hashes) - size + 1 + offset]
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed)


def jaccard(one: Shingles, other: Shingles) -> float:
    """Size of the intersection over size of the union; 1.0 for two empty sets."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    union = len(one) + len(other) - shared
    return shared / union if union else 1.0


def signatures(sets: Sequence[Shingles]) -> npt.NDArray[np.uint64]:
    """MinHash signatures, (texts, PERMUTATIONS)."""
    rng = np.random.default_rng(20240229)
    multiplier = rng.integers(1, 2**63, PERMUTATIONS, dtype=np.uint64) | np.uint64(1)
    addend = rng.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64)
    out = np.empty((len(sets), PERMUTATIONS), dtype=np.uint64)
    for index, values in enumerate(sets):
        out[index] = (values[:, None] * multiplier + addend).min(axis=0)  # (shingles, permutations) -> (permutations,)
    return out


def near_duplicate_groups(texts: Sequence[str], threshold: float = 0.8, size: int = 3) -> list[int]:
    """The group of each text, as the index of its first text; a Jaccard similarity >= `threshold` links two texts."""
    sets = [shingles(text, size) for text in texts]
    parent = list(range(len(texts)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for one, other in candidates(signatures(sets), rows_of_band(threshold)):
        low, high = sorted((root(one), root(other)))
        if low != high and jaccard(sets[one], sets[other]) >= threshold:
            parent[high] = low
    return [root(index) for index in range(len(texts))]


def rows_of_band(threshold: float) -> int:
    """Rows a band, so that a pair at the threshold meets with probability > 0.999 (from 0.06 upwards)."""
    return 4 if threshold >= 0.7 else 2 if threshold >= 0.4 else 1


def candidates(signed: npt.NDArray[np.uint64], rows: int) -> Iterator[tuple[int, int]]:
    """Pairs of texts that share a band of `rows` rows of their signatures, (texts, PERMUTATIONS)."""
    for start in range(0, PERMUTATIONS, rows):
        buckets: dict[bytes, list[int]] = defaultdict(list)
        for index, signature in enumerate(signed):
            buckets[signature[start : start + rows].tobytes()].append(index)
        for members in buckets.values():
            if len(members) <= ALL_PAIRS:
                yield from itertools.combinations(members, 2)
            else:
                yield from ((members[0], index) for index in members[1:])
                yield from itertools.pairwise(members)
