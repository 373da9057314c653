"""Text as sets of hashed word n-grams: groups of near-duplicates by exact Jaccard similarity, and what is nearest.

MinHash and banding follow Broder (1997) and Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, chapter 3.
"""

import itertools
import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blackbox_kd.text import fold, words

Shingles = npt.NDArray[np.uint64]  # (distinct shingles,), sorted
PERMUTATIONS = 128
ALL_PAIRS = 16  # in a bucket of at most so many texts all pairs are compared; in a larger one, neighbours
FREQUENT = 0.01  # a shingle in a larger share of all texts is of their template ...
AT_LEAST = 10  # ... if it is in more texts than these
CELLS = 2_000_000  # matching shingles that are looked at together: below 100 MB
Closest = tuple[int, float]  # its index, and the similarity, 0 to 1


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
    return groups_of([shingles(text, size) for text in texts], threshold)


def groups_of(sets: Sequence[Shingles], threshold: float) -> list[int]:
    """The same, of texts that are sets of shingles already."""
    parent = list(range(len(sets)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for one, other in candidates(signatures(sets), rows_of_band(threshold)):
        low, high = sorted((root(one), root(other)))
        if low != high and jaccard(sets[one], sets[other]) >= threshold:
            parent[high] = low
    return [root(index) for index in range(len(sets))]


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


class Near:
    """A collection of sets in which one with a Jaccard similarity >= `threshold` is found, exactly and without a scan.

    Two such sets share one of their `prefix` shingles in any common order, here by how many sets of the collection
    have it: prefix filtering (Chaudhuri, Ganti & Kaushik 2006; Bayardo, Ma & Srikant 2007).
    """

    def __init__(self, sets: Sequence[Shingles], threshold: float) -> None:
        self.threshold = threshold
        self.sets = sets
        self._found_in = Counter(shingle for one in sets for shingle in one.tolist())
        self._members: dict[int, list[int]] = defaultdict(list)
        for index, one in enumerate(sets):
            for shingle in self.prefix(one):
                self._members[shingle].append(index)

    def prefix(self, one: Shingles) -> list[int]:
        """The rarest shingles of a set, as many as must hold one of those that it shares with a near set."""
        ordered = sorted(one.tolist(), key=lambda shingle: (self._found_in.get(shingle, 0), shingle))
        return ordered[: len(ordered) - math.ceil(self.threshold * len(ordered) - 1e-9) + 1]

    def find(self, one: Shingles) -> Closest | None:
        """A near set of the collection and its similarity; None where there is none."""
        return next(self.matches(one), None)

    def matches(self, one: Shingles, among: Container[int] | None = None) -> Iterator[Closest]:
        """All near sets of the collection, or those `among` these, each with its similarity."""
        seen: set[int] = set()
        for shingle in self.prefix(one):
            for index in self._members.get(shingle, ()):
                if index not in seen and (among is None or index in among):
                    seen.add(index)
                    if (similarity := jaccard(one, self.sets[index])) >= self.threshold:
                        yield index, similarity


def nearest(texts: Sequence[str], others: Sequence[str]) -> list[Closest | None]:
    """For each text the other text that holds the largest share of it; None where none holds any of it.

    Measured is containment (Broder 1997), the share of the text's own shingles that the other has too: what the other
    says besides makes nobody forget what it gives away, while Jaccard similarity falls with every word added. Shingles
    of high document frequency over all the texts are left out on both sides: they are the template, which says
    nothing of the one text. Texts of the same words in any order have 1.0; one with nothing left has nothing else.
    """
    return closest(texts, others, of_text=True)


def holding_most(texts: Sequence[str], others: Sequence[str]) -> list[Closest | None]:
    """For each text the other one of which it holds the largest share, measured as in `nearest`; None as there."""
    return closest(texts, others, of_text=False)


class Ragged(NamedTuple):
    """Sets of shingles one after another; `owners` says which set each shingle is of."""

    values: Shingles
    owners: npt.NDArray[np.int64]  # (shingles,)
    sizes: npt.NDArray[np.int64]  # (sets,)


def closest(texts: Sequence[str], others: Sequence[str], *, of_text: bool) -> list[Closest | None]:
    """The best other text for each text by the shared share of the text's shingles, else of the other's."""
    one, other = without_frequent([shingles(text) for text in texts], [shingles(text) for text in others])
    found: list[Closest | None] = [None] * len(texts)
    for index, member, count in shared(one, other):
        share = count / (one.sizes[index] if of_text else other.sizes[member])
        order = np.lexsort((member, -share, index))
        _, firsts = np.unique(index[order], return_index=True)
        for best in order[firsts].tolist():
            found[int(index[best])] = int(member[best]), float(share[best])
    same: dict[str, int] = {}
    for place, text in enumerate(others):
        same.setdefault(any_order(text), place)
    for place, text in enumerate(texts):
        if (equal := same.get(any_order(text))) is not None:
            found[place] = equal, 1.0
    return found


def any_order(text: str) -> str:
    """The words of a text, sorted; a text without any is itself, folded."""
    return " ".join(sorted(words(text))) or fold(text)


def without_frequent(*collections: Sequence[Shingles]) -> tuple[Ragged, ...]:
    """The sets without shingles that more than 1 % of them all have, and more than ten."""
    whole = [ragged(sets) for sets in collections]
    values, counts = np.unique(np.concatenate([part.values for part in whole]), return_counts=True)
    frequent = values[counts > max(AT_LEAST, FREQUENT * sum(len(sets) for sets in collections))]
    left = []
    for part in whole:
        rare = ~np.isin(part.values, frequent)
        owners = part.owners[rare]
        left.append(Ragged(part.values[rare], owners, np.bincount(owners, minlength=len(part.sizes))))
    return tuple(left)


def ragged(sets: Sequence[Shingles]) -> Ragged:
    """The sets as one array."""
    sizes = np.array([len(one) for one in sets], dtype=np.int64)
    values = np.concatenate([np.empty(0, dtype=np.uint64), *sets])
    return Ragged(values, np.repeat(np.arange(len(sets)), sizes), sizes)


def shared(one: Ragged, other: Ragged) -> Iterator[tuple[npt.NDArray[np.int64], ...]]:
    """(set of `one`, set of `other`, shingles that both have) for all pairs that share any, in blocks of whole sets."""
    order = np.argsort(other.values, kind="stable")
    values, owners = other.values[order], other.owners[order]
    low = np.searchsorted(values, one.values, side="left")
    times = np.searchsorted(values, one.values, side="right") - low
    ends = np.cumsum(np.bincount(one.owners, weights=times, minlength=len(one.sizes)))
    start = 0
    while start < len(one.sizes):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + CELLS, side="right")))
        part = slice(*np.searchsorted(one.owners, (start, stop)))
        many = times[part]
        places = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many) + np.repeat(low[part], many)
        pairs = np.repeat(one.owners[part], many) * len(other.sizes) + owners[places]
        found, count = np.unique(pairs, return_counts=True)
        yield found // max(1, len(other.sizes)), found % max(1, len(other.sizes)), count
        start = stop
