"""Texts as sets of word n-grams, many at once: 48-bit hashes, MinHash signatures, bands.

Broder (1997); Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, chapter 3. No Python loop sees a word: a block
of texts is one buffer of bytes, and a word's hash is a difference of prefix sums of a polynomial (Karp & Rabin 1987).
"""

import functools
import hashlib
import math
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blackbox_kd.text import WORD, fold

Hashes = npt.NDArray[np.uint64]
Members = npt.NDArray[np.int32]
BLOCK = 1 << 17  # characters of text that are hashed together: what fits into a cache
DOCS = 1 << 15  # texts of a block: their number has to fit into 16 bits
BITS = np.uint64(16)
BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse mod 2^64
END = "\0"
NONE, PART, ALL = range(3)
LAST = 0x40000  # code points; above them are no letters
ALONE = (  # code points of scripts that put no space between words: a character is a word
    *((0x0E00, 0x0F00), (0x1000, 0x10A0), (0x1780, 0x1800), (0x3040, 0x3100), (0x31F0, 0x3200), (0x3400, 0x4DC0)),
    *((0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x32400)),
)
MISSED = 1e-4  # share of pairs at exactly the threshold that no band brings together
MOST = 80  # hash functions
PARITIES = 512  # bits


class Ragged(NamedTuple):
    """Sets of hashes, each sorted, one after another; `ends` says where each ends."""

    values: Hashes
    ends: npt.NDArray[np.int64]  # (sets,)

    def one(self, index: int) -> Hashes:
        """One of the sets."""
        return self.values[self.ends[index - 1] if index else 0 : self.ends[index]]

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where each set starts, (sets,)."""
        return self.ends - self.sizes

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """How many members each set has, (sets,)."""
        return np.diff(self.ends, prepend=0)

    @property
    def owners(self) -> npt.NDArray[np.int64]:
        """The set that each member is of, (members,)."""
        return np.repeat(np.arange(len(self.ends)), self.sizes)


class Shape(NamedTuple):
    """How many bands of how many rows."""

    bands: int
    rows: int


def sets_of(texts: Sequence[str], size: int) -> Ragged:
    """Each text as its distinct runs of `size` words, in any case; one with fewer words is one run of its own."""
    parts = [block_sets(block, size) for block in blocks(texts)]
    if not parts:
        return Ragged(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64))
    counts = np.concatenate([counts for _, counts in parts])
    return Ragged(np.concatenate([values for values, _ in parts]), np.cumsum(counts))


def blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in blocks of whole texts."""
    start = chars = 0
    for index, text in enumerate(texts):
        chars += len(text)
        if chars >= BLOCK or index + 1 - start >= DOCS:
            yield texts[start : index + 1]
            start, chars = index + 1, 0
    if start < len(texts):
        yield texts[start:]


def block_sets(texts: Sequence[str], size: int) -> tuple[Hashes, npt.NDArray[np.int64]]:
    """(the sets' values one after another, how many each has)."""
    words, counts = word_hashes(texts)
    firsts = np.cumsum(counts) - counts
    runs = np.maximum(counts - size + 1, 0)  # (texts,)
    owners = np.repeat(np.arange(len(texts)), runs)
    places = np.arange(len(owners)) + np.repeat(firsts - np.cumsum(runs) + runs, runs)
    mixed = np.zeros(max(0, len(words) - size + 1), dtype=np.uint64)  # also runs from one text into the next
    for offset in range(size):
        mixed *= np.uint64(BASE)
        mixed += words[offset : offset + len(mixed)]
    short = np.flatnonzero(counts < size)
    own = np.array([digest(fold(texts[index])) for index in short.tolist()], dtype=np.uint64)
    values = np.concatenate([scrambled(mixed)[places], own]) >> BITS
    keyed = (np.concatenate([owners, short]).astype(np.uint64) << np.uint64(48)) | values
    keyed.sort()
    if len(keyed):
        keyed = keyed[np.concatenate([np.ones(1, dtype=np.bool_), keyed[1:] != keyed[:-1]])]
    owner = (keyed >> np.uint64(48)).astype(np.int64)
    return keyed & np.uint64((1 << 48) - 1), np.bincount(owner, minlength=len(texts))


def word_hashes(texts: Sequence[str]) -> tuple[Hashes, npt.NDArray[np.int64]]:
    """(hashes of the words of all texts, how many each text has)."""
    lower = [text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).lower() for text in texts]
    joined = END + END.join(lower) + END
    if joined.count(END) != len(texts) + 1:  # a text holds the separator
        joined = END + END.join(text.replace(END, " ") for text in lower) + END
    if joined.isascii():
        raw = joined.encode()
        codes: npt.NDArray[Any] = np.frombuffer(raw, dtype=np.uint8)
        kinds = np.frombuffer(raw.translate(kinds_of(256).tobytes()), dtype=np.uint8)
        edges = np.flatnonzero(kinds[1:] != kinds[:-1]) + 1
    else:
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        kinds = kinds_of(sys.maxunicode + 1)[codes]
        edges = np.flatnonzero((kinds[1:] != kinds[:-1]) | (kinds[1:] == ALL)) + 1
    starts, ends = edges[kinds[edges] != NONE], edges[kinds[edges - 1] != NONE]
    power, inverse = powers(1 << max(18, len(codes).bit_length()))
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(codes * power[: len(codes)], out=sums[1:])
    hashes = (sums[ends] - sums[starts]) * inverse[starts] + (ends - starts).astype(np.uint64)
    return scrambled(hashes), np.diff(np.searchsorted(starts, np.flatnonzero(codes == 0)))


@functools.cache
def kinds_of(count: int) -> npt.NDArray[np.uint8]:
    """Of each of the first code points, whether it is `NONE` of a word, `PART` of one, or `ALL` of one."""
    found = np.full(count, NONE, dtype=np.uint8)
    for match in WORD.finditer("".join(map(chr, range(min(count, LAST))))):
        found[slice(*match.span())] = PART
    for low, high in ALONE:
        found[low:high][found[low:high] == PART] = ALL
    return found


@functools.lru_cache(maxsize=2)
def powers(count: int) -> tuple[Hashes, Hashes]:
    """The powers of the base and of its inverse, mod 2^64."""
    found = []
    for base in (BASE, pow(BASE, -1, 1 << 64)):
        steps = np.full(count, base, dtype=np.uint64)
        steps[0] = 1
        found.append(np.multiply.accumulate(steps))
    return found[0], found[1]


def scrambled(values: Hashes) -> Hashes:
    """Every bit of a hash spread over all of them (the finalizer of MurmurHash3)."""
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xFF51AFD7ED558CCD)
    values ^= values >> np.uint64(33)
    values *= np.uint64(0xC4CEB9FE1A85EC53)
    values ^= values >> np.uint64(33)
    return values


def digest(text: str) -> int:
    """A 64-bit hash of one text."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def shape(threshold: float, missed: float = MISSED, most: int = MOST) -> Shape:
    """Bands and rows that bring together all pairs of this Jaccard similarity but the share missed, and few below it.

    At most so many hash functions, unless bands of one row need more.
    """
    for rows in range(20, 0, -1):
        bands = math.ceil(math.log(missed) / math.log1p(-(threshold**rows))) if threshold < 1 else 1
        if bands * rows <= most or rows == 1:
            break
    return Shape(bands, rows)


def signatures(sets: Ragged, count: int, tag: int = 0) -> npt.NDArray[np.uint32]:
    """MinHash signatures, (count, sets), of sets that are not empty; a `tag` makes equal members different ones."""
    found = np.empty((count, len(sets.ends)), dtype=np.uint32)
    if not len(sets.ends):
        return found
    rng = np.random.default_rng(20240229)
    multipliers = rng.integers(0, 2**32, count, dtype=np.uint32) | np.uint32(1)
    addends = rng.integers(0, 2**32, count, dtype=np.uint32)
    step = 1 << 16
    starts = sets.starts
    begin = 0
    while begin < len(sets.ends):
        stop = max(begin + 1, int(np.searchsorted(sets.ends, starts[begin] + step, side="right")))
        low, high = starts[begin], sets.ends[stop - 1]
        values = (scrambled(sets.values[low:high] + np.uint64(tag)) >> np.uint64(32)).astype(np.uint32)
        offsets = starts[begin:stop] - low
        for index in range(count):
            np.minimum.reduceat(values * multipliers[index] + addends[index], offsets, out=found[index, begin:stop])
        begin = stop
    return found


def band_keys(signature: npt.NDArray[np.uint32], form: Shape, guard: Hashes) -> Hashes:
    """(bands, sets): equal keys where all rows of a band and the guards are equal."""
    found = np.empty((form.bands, signature.shape[1]), dtype=np.uint64)
    for band in range(form.bands):
        mixed = guard + np.uint64(band)
        for row in range(form.rows):
            mixed = mixed * np.uint64(BASE) + signature[band * form.rows + row]
        found[band] = scrambled(mixed)
    return found


def jaccard(one: Hashes, other: Hashes) -> float:
    """Size of the intersection over size of the union, of two sorted sets; 1.0 for two empty ones."""
    if len(one) < len(other):
        one, other = other, one
    if not len(other):
        return float(not len(one))
    shared = int(np.count_nonzero(one.take(one.searchsorted(other), mode="clip") == other))
    return shared / (len(one) + len(other) - shared)


def parities(one: Hashes) -> Hashes:
    """Of each class of hashes, whether the set has an odd number, (PARITIES / 64,).

    Where two sets differ in a bit, they differ in a member: so many members at least are apart.
    """
    odd = np.bincount((one % np.uint64(PARITIES)).astype(np.int64), minlength=PARITIES) & 1
    return np.packbits(odd.astype(np.bool_)).view(np.uint64)


class Buckets(NamedTuple):
    """Members that have a key in common with others, bucket by bucket; `sizes` says how many each bucket has."""

    members: Members
    sizes: Members

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where each bucket starts, (buckets,)."""
        return np.cumsum(self.sizes, dtype=np.int64) - self.sizes

    @property
    def numbers(self) -> Members:
        """The bucket of each membership, (memberships,)."""
        return np.repeat(np.arange(len(self.sizes), dtype=np.int32), self.sizes)

    def components(self, count: int) -> Members:
        """For each of `count` members the lowest that it is connected with, by buckets of buckets."""
        labels = np.arange(count, dtype=np.int32)
        starts = self.starts
        while len(starts):
            lowest = np.minimum.reduceat(labels[self.members], starts)
            after = labels.copy()
            np.minimum.at(after, self.members, np.repeat(lowest, self.sizes))
            after = after[after]
            if np.array_equal(after, labels):
                break
            labels = after
        return labels


def buckets_of(keys: Hashes) -> Buckets:
    """The keys, (members,), that two or more have; of a key the lowest bits count only while there are few members."""
    low = np.uint64((1 << len(keys).bit_length()) - 1)
    packed = (keys & ~low) | np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    new = np.ones(len(packed) + 1, dtype=np.bool_)
    new[1:-1] = (packed[1:] ^ packed[:-1]) > low
    sizes = np.diff(np.flatnonzero(new)).astype(np.int32)
    several = np.repeat(sizes > 1, sizes)
    return Buckets((packed[several] & low).astype(np.int32), sizes[sizes > 1])


def together(bands: Iterable[Buckets]) -> Buckets:
    """The buckets of all bands, one of those with the same members."""
    seen = np.empty(0, dtype=np.uint64)
    found = [Buckets(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))]
    for one in bands:
        if len(one.sizes):
            names = np.add.reduceat(scrambled(one.members.astype(np.uint64) + np.uint64(1)), one.starts)
            new = ~np.isin(names, seen)
            seen = np.concatenate([seen, names[new]])
            found.append(Buckets(one.members[np.repeat(new, one.sizes)], one.sizes[new]))
    members, sizes = zip(*found, strict=True)
    return Buckets(np.concatenate(members), np.concatenate(sizes))
