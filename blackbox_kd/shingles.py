"""Text as sets of hashed word n-grams: groups of near-duplicates by exact Jaccard similarity, and what is nearest."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from blackbox_kd.minhash import (
    Buckets,
    Hashes,
    Ragged,
    band_keys,
    buckets_of,
    sets_of,
    shape,
    signatures,
    together,
)
from blackbox_kd.minhash import jaccard as jaccard
from blackbox_kd.text import fold, words

Shingles = Hashes  # (distinct shingles,), sorted
SIZE = 3  # words of a shingle
MISSED, MOST = 1e-8, 160  # share of pairs at the threshold that are not found, and hash functions
ALL_PAIRS = 16  # in a bucket of at most so many texts all pairs are compared; in a larger one, neighbours
FREQUENT = 0.01  # a shingle in a larger share of all texts is of their template ...
AT_LEAST = 10  # ... if it is in more texts than these
CELLS = 2_000_000  # matching shingles that are looked at together: below 100 MB
Closest = tuple[int, float]  # its index, and the similarity, 0 to 1


def shingles(text: str, size: int = SIZE) -> Shingles:
    """Hashes of the distinct runs of `size` words; a shorter text is one shingle of its own."""
    return sets_of([text], size).values


def each_of(texts: Sequence[str], size: int = SIZE) -> list[Shingles]:
    """The same of many texts at once."""
    sets = sets_of(texts, size)
    return [sets.one(index) for index in range(len(texts))]


def by_name(texts: Mapping[str, str]) -> dict[str, Shingles]:
    """The same of texts that have names."""
    return dict(zip(texts, each_of(list(texts.values())), strict=True))


def near_duplicate_groups(texts: Sequence[str], threshold: float = 0.8, size: int = SIZE) -> list[int]:
    """The group of each text, as the index of its first text; a Jaccard similarity >= `threshold` links two texts."""
    return groups_of(each_of(texts, size), threshold)


def groups_of(sets: Sequence[Shingles], threshold: float) -> list[int]:
    """The same, of texts that are sets of shingles already."""
    parent = list(range(len(sets)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for one, other in candidates(ragged(sets), threshold):
        low, high = sorted((root(one), root(other)))
        if low != high and jaccard(sets[one], sets[other]) >= threshold:
            parent[high] = low
    return [root(index) for index in range(len(sets))]


def candidates(sets: Ragged, threshold: float) -> Iterator[tuple[int, int]]:
    """Pairs of sets that share a band of their signatures."""
    form = shape(threshold, MISSED, MOST)
    bands = band_keys(signatures(sets, form.bands * form.rows), form, np.zeros(len(sets.ends), dtype=np.uint64))
    found: Buckets = together(buckets_of(keys) for keys in bands)
    for start, size in zip(found.starts.tolist(), found.sizes.tolist(), strict=True):
        members = found.members[start : start + size].tolist()
        if size <= ALL_PAIRS:
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


def closest(texts: Sequence[str], others: Sequence[str], *, of_text: bool) -> list[Closest | None]:
    """The best other text for each text by the shared share of the text's shingles, else of the other's."""
    one, other = without_frequent(each_of(texts), each_of(others))
    sizes = (one if of_text else other).sizes
    found: list[Closest | None] = [None] * len(texts)
    for index, member, count in shared(one, other):
        share = count / (sizes[index] if of_text else sizes[member])
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
        left.append(Ragged(part.values[rare], np.cumsum(np.bincount(part.owners[rare], minlength=len(part.ends)))))
    return tuple(left)


def ragged(sets: Sequence[Shingles]) -> Ragged:
    """The sets as one array."""
    ends = np.cumsum(np.array([len(one) for one in sets], dtype=np.int64))
    return Ragged(np.concatenate([np.empty(0, dtype=np.uint64), *sets]), ends)


def shared(one: Ragged, other: Ragged) -> Iterator[tuple[npt.NDArray[np.int64], ...]]:
    """(set of `one`, set of `other`, shingles that both have) for all pairs that share any, in blocks of whole sets."""
    order = np.argsort(other.values, kind="stable")
    values, owners, own = other.values[order], other.owners[order], one.owners
    low = np.searchsorted(values, one.values, side="left")
    times = np.searchsorted(values, one.values, side="right") - low
    ends = np.cumsum(np.bincount(own, weights=times, minlength=len(one.ends)))
    start = 0
    while start < len(one.ends):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + CELLS, side="right")))
        part = slice(*np.searchsorted(own, (start, stop)))
        many = times[part]
        places = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many) + np.repeat(low[part], many)
        pairs = np.repeat(own[part], many) * len(other.ends) + owners[places]
        found, count = np.unique(pairs, return_counts=True)
        yield found // max(1, len(other.ends)), found % max(1, len(other.ends)), count
        start = stop
