"""Nearly the same answer to nearly the same prompt, found by MinHash and measured exactly."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from blackbox_kd.filters.base import Array, Decided, Each, Features, Indices, Mask, SetRule, Table
from blackbox_kd.minhash import (
    PARITIES,
    Buckets,
    Hashes,
    Members,
    Ragged,
    band_keys,
    buckets_of,
    digest,
    jaccard,
    parities,
    scrambled,
    sets_of,
    shape,
    signatures,
    together,
)
from blackbox_kd.records import Completion
from blackbox_kd.shingles import AT_LEAST, FREQUENT
from blackbox_kd.text import fold

NUMBERS = re.compile(r"\d+")
PROMPT = 1  # the tag that keeps a prompt's shingles apart from the same ones in an answer
CHUNK = 4096  # completions that are compared in one task
FEW = 4  # with more than these, a bound is tried before any is compared
SHORT = 16  # runs of words; an answer that has no more says nothing of its own, so its prompt has to be the same


class Near(SetRule, frozen=True, kw_only=True, tag="near"):
    """Rejects a completion that is near a better one that is kept: both texts and both prompts, by Jaccard similarity.

    Compared are sets of runs of `words` words. Of prompts, the runs of their common template are left out and have to
    be equal, as have all numbers, and of short answers the whole prompts: equal answers to different questions all
    stay, whatever the prompts share. MinHash and banding (Broder 1997) bring pairs together; the exact similarity
    decides, so nothing below `threshold` is removed.
    """

    threshold: Annotated[float, msgspec.Meta(ge=0.3, le=1)] = 0.8
    words: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5

    def learn(self, sample: Sequence[Completion]) -> Array:
        """The shingles of the prompts' template, sorted."""
        prompts = sorted({asked(one) for one in sample})
        values, counts = np.unique(sets_of(prompts, self.words).values, return_counts=True)
        return values[counts > max(AT_LEAST, FREQUENT * len(prompts))]

    def features(self, completions: Sequence[Completion], learnt: Array | None) -> Features:
        """Sets of text and prompt with their ends, the prompt's key, and band keys of all, (bands, completions)."""
        form = shape(self.threshold)
        texts = sets_of([one.text for one in completions], self.words)
        prompts = [asked(one) for one in completions]
        own, guards = without(sets_of(prompts, self.words), learnt, prompts)
        whole = np.array([digest(fold(text)) for text in prompts], dtype=np.uint64)
        guards[texts.sizes == 1] += whole[texts.sizes == 1]  # near to such a text is only its like
        count = form.bands * form.rows
        both = np.minimum(signatures(texts, count), signatures(own, count, PROMPT))
        return {
            "text": texts.values,
            "text_ends": texts.ends,
            "prompt": own.values,
            "prompt_ends": own.ends,
            "whole_prompt": whole,
            "bands": band_keys(both, form, guards),
        }

    def decide(self, table: Table, alive: Mask, rank: Indices, each: Each) -> Decided:
        """Compare what shares a band, best first, each with those that are kept; value: the smaller similarity."""
        form, places = shape(self.threshold), np.flatnonzero(alive)
        buckets = together(each(shared, [BandTask(table, band, places) for band in range(form.bands)]))
        kept = np.ones(len(alive), dtype=np.bool_)
        value = np.full(len(alive), np.nan)
        duplicate_of = np.full(len(alive), -1, dtype=np.int64)
        for found in each(greedy, list(tasks(table, buckets, places, rank[places], self.threshold))):
            kept[found.removed] = False
            value[found.removed] = found.similarity
            duplicate_of[found.removed] = found.of
        return Decided(kept, "near", value, self.threshold, duplicate_of)


def asked(completion: Completion) -> str:
    """The turns of a prompt as one text."""
    return "\n".join(turn.content for turn in completion.messages)


def without(sets: Ragged, template: Array | None, prompts: Sequence[str]) -> tuple[Ragged, Hashes]:
    """(the prompts' sets without their template, what has to be equal: that template's part and the numbers).

    Of a prompt that is nothing but template the whole text is its one shingle.
    """
    owners = sets.owners
    common = np.zeros(len(sets.values), dtype=np.bool_)
    if template is not None and len(template):
        at = np.minimum(np.searchsorted(template, sets.values), len(template) - 1)
        common = template[at] == sets.values
    guards = np.array([digest(",".join(NUMBERS.findall(text))) for text in prompts], dtype=np.uint64)
    np.add.at(guards, owners[common], scrambled(sets.values[common]))
    left = np.bincount(owners[~common], minlength=len(prompts))
    bare = np.flatnonzero(left == 0)
    whole = np.array([digest(fold(prompts[index])) >> 16 for index in bare.tolist()], dtype=np.uint64)
    values, owned = np.concatenate([sets.values[~common], whole]), np.concatenate([owners[~common], bare])
    order = np.argsort(owned, kind="stable")
    return Ragged(values[order], np.cumsum(np.maximum(left, 1))), guards


class BandTask(NamedTuple):
    """One band of the completions that are left."""

    table: Table
    band: int
    places: Indices


def shared(task: BandTask) -> Buckets:
    """The buckets of a band that hold two completions or more, as indices into the places."""
    rows = [np.asarray(task.table.shard(number, "bands")[task.band]) for number in range(len(task.table.counts))]
    return buckets_of(np.concatenate([np.empty(0, dtype=np.uint64), *rows])[task.places])


class GreedyTask(NamedTuple):
    """Whole components: their completions, best first, and the buckets that each is in."""

    table: Table
    nodes: Indices
    bucket: Members
    ends: Indices  # of each node's buckets
    threshold: float


class Removed(NamedTuple):
    """Who is near a better one that is kept."""

    removed: Indices
    of: Indices
    similarity: Array


def tasks(table: Table, buckets: Buckets, places: Indices, rank: Indices, threshold: float) -> Iterator[GreedyTask]:
    """Components in chunks; each completion's buckets with it. `rank` is that of the `places`."""
    many = np.bincount(buckets.members, minlength=len(places))  # buckets of each
    nodes = np.flatnonzero(many)
    labels = buckets.components(len(places))[nodes]
    order = np.lexsort((rank[nodes], labels))  # by component, the best first
    nodes, labels = nodes[order], labels[order]
    at = np.zeros(len(places), dtype=np.uint32)
    at[nodes] = np.arange(len(nodes))
    keyed = at[buckets.members].astype(np.uint64) << np.uint64(32)
    keyed |= buckets.numbers.astype(np.uint64)
    keyed.sort()
    bucket = (keyed & np.uint64(0xFFFFFFFF)).astype(np.int32)
    del keyed
    ends = np.cumsum(many[nodes])
    last = np.flatnonzero(np.append(labels[1:] != labels[:-1], True)) + 1  # where components end
    start = 0
    while start < len(nodes):
        at_least = int(np.searchsorted(last, start + CHUNK))
        stop = int(last[min(at_least, len(last) - 1)])
        first = int(ends[start - 1]) if start else 0
        part = slice(first, int(ends[stop - 1]))
        yield GreedyTask(table, places[nodes[start:stop]], bucket[part], ends[start:stop] - first, threshold)
        start = stop


def greedy(task: GreedyTask) -> Removed:
    """Go through the completions, best first: one that is near a kept one goes, any other is kept."""
    sets = Sets(task)
    kept: dict[int, list[int]] = {}
    removed: list[tuple[int, int, float]] = []
    start = 0
    for place, end in enumerate(task.ends.tolist()):
        buckets = task.bucket[start:end].tolist()
        start = end
        others = sorted({other for bucket in buckets for other in kept.get(bucket, ())})  # the best first
        if found := sets.near(place, others):
            removed.append((place, *found))
        else:
            for bucket in buckets:
                kept.setdefault(bucket, []).append(place)
    columns = list(zip(*removed, strict=True)) or [(), (), ()]
    who, of = (task.nodes[np.array(column, dtype=np.int64)] for column in columns[:2])
    return Removed(who, of, np.array(columns[2], dtype=np.float64))


class Sets:
    """The sets of a task's completions, each known by its place among them."""

    def __init__(self, task: GreedyTask) -> None:
        self._table, self._threshold = task.table, task.threshold
        ends = np.cumsum(task.table.counts)
        shards = np.searchsorted(ends, task.nodes, side="right")
        self._where = list(zip(shards.tolist(), (task.nodes - np.append(0, ends)[shards]).tolist(), strict=True))
        self._open: dict[int, tuple[Ragged, Ragged, Array]] = {}
        self._sizes = np.zeros(len(task.nodes), dtype=np.int64)  # of the text's set; 0 where its parities are unknown
        self._parities = np.empty((len(task.nodes), PARITIES // 64), dtype=np.uint64)

    def near(self, place: int, others: Sequence[int]) -> tuple[int, float] | None:
        """The first of the others that is near, and how near: the smaller of the similarities of prompts and texts."""
        for other in others if len(others) <= FEW else self._possible(place, np.array(others)):
            found = 1.0
            if not self._askable(place, other):
                continue
            for one, two in zip(self._sets(place), self._sets(other), strict=True):
                low, high = sorted((len(one), len(two)))
                found = min(found, jaccard(one, two)) if low >= self._threshold * high else 0.0
                if found < self._threshold:
                    break
            else:
                return other, found
        return None

    def _askable(self, place: int, other: int) -> bool:
        """Whether the answers are long enough to be compared, or the prompts the same."""
        if min(len(self._sets(place)[1]), len(self._sets(other)[1])) > SHORT:
            return True
        keys = [self._open[number][2][index] for number, index in map(self._where.__getitem__, (place, other))]
        return bool(keys[0] == keys[1])

    def _possible(self, place: int, others: Indices) -> list[int]:
        """The others whose text's set has no more members apart than the threshold allows: a bound, no estimate."""
        places = np.append(others, place)
        for one in places[self._sizes[places] == 0].tolist():
            text = self._sets(one)[1]
            self._sizes[one], self._parities[one] = len(text), parities(text)
        apart = np.bitwise_count(self._parities[others] ^ self._parities[place]).sum(axis=1, dtype=np.int64)
        both = self._sizes[others] + self._sizes[place]
        possible: list[int] = others[apart * (1 + self._threshold) <= both * (1 - self._threshold) + 1e-6].tolist()
        return possible

    def _sets(self, place: int) -> tuple[Hashes, Hashes]:
        """(of its prompt, of its text)."""
        number, index = self._where[place]
        if number not in self._open:
            read = (
                np.asarray(self._table.shard(number, name))
                for name in ("prompt", "prompt_ends", "text", "text_ends", "whole_prompt")
            )
            prompt, prompt_ends, text, text_ends, whole = read
            self._open[number] = Ragged(prompt, prompt_ends), Ragged(text, text_ends), whole
        prompts, texts, _ = self._open[number]
        return prompts.one(index), texts.one(index)
