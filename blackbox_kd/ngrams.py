"""Which share of known texts a text holds word for word: hashed word n-grams, weighted by how many texts have them.

Coverage is counted in words, as in Touvron et al. (2023, Llama 2, A.6): a word is covered if a shared n-gram holds it.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint8]
UNIT = 60  # the full weight of a word
COMMON = 3  # an n-gram of so many texts counts in full; of more, in inverse proportion (inverse document frequency)
FREQUENT = 30  # an n-gram of more texts than these is of a template, which is no evidence at all
FACTORS = tuple(np.uint64(one) for one in (1, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F))
BITS = range(16, 27)  # of the prefilter's index: 64 KiB to 64 MiB
SIGNS = "’‘“”–—…•→\u00a0"
# Scripts without spaces between words: every character is a word.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
WORD_OR_LINE_END = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+|\n")
ASCII = bytes(ord(chr(code).lower()) if re.match(r"[\w\n]", chr(code)) else 32 for code in range(128)) + bytes(128)


class Best(NamedTuple):
    """The text of which most was found, its coverage from 0 to 1, and the first and last word where it was found."""

    text: int
    coverage: float
    first: int
    last: int


def folded(text: str) -> bytes:
    """The words (NFKC, lower case, no punctuation) with white space between them, in UTF-8; line ends stay."""
    if text.isascii():
        return text.encode().translate(ASCII)
    for sign in SIGNS:  # often the only ones that are not ASCII
        text = text.replace(sign, " ")
    if text.isascii():
        return text.encode().translate(ASCII)
    plain = unicodedata.normalize("NFKC", text).lower()
    return " ".join(WORD_OR_LINE_END.findall(plain)).encode("utf-8", "surrogatepass")


def hashed(words: Sequence[bytes]) -> Hashes:
    """One number a word."""
    return np.fromiter(map(crc32, words), np.uint64, len(words))


def grams(words: Hashes, size: int) -> Hashes:
    """One number for every run of `size` words, from two that overlap or touch, of half the size each."""
    if size == 1:
        return words
    half = (size + 1) // 2
    parts = grams(words, half)
    rest = size - half
    return parts[: max(0, len(parts) - rest)] * np.uint64(0x9E3779B97F4A7C15 * (2 * size + 1) % 2**64) + parts[rest:]


class Postings(NamedTuple):
    """The n-grams of one size that are evidence, and where in the texts they stand."""

    size: int
    values: Hashes  # (n-grams,), sorted, each once
    starts: Indices  # (n-grams + 1,); where the places of each begin
    places: Indices  # of the first word in the texts, one after another
    before: Indices  # (words + 1,); weight of all words of the texts before this one
    totals: Indices  # (texts,); weight of all words

    def of(self, slots: Indices) -> tuple[Indices, Indices]:
        """Places of some n-grams, in order, and which n-gram stands at each."""
        found = np.sort(slots)
        found = found[changes(found)]
        low = self.starts[found]
        many = self.starts[found + 1] - low
        total = int(many.sum())
        if total > len(found):
            low = np.arange(total) + (low - many.cumsum() + many).repeat(many)
            found = found.repeat(many)
        places = self.places[low]
        order = places.argsort()
        return places[order], found[order]


class Index:
    """Texts by their n-grams of some sizes. A text without an n-gram that is evidence is never found."""

    def __init__(self, texts: Sequence[Sequence[bytes]], sizes: Sequence[int]) -> None:
        self.smallest = min(sizes)
        words = hashed([word for text in texts for word in text])
        sizes_of = np.array([len(text) for text in texts], dtype=np.int64)
        self.owners = np.repeat(np.arange(len(texts)), sizes_of)  # (words,)
        known = self._inside(grams(words, self.smallest), self.smallest)
        bits = min(max(len(known).bit_length() + 4, BITS.start), BITS.stop)
        self.shift = np.uint64(64 - bits)
        # a Bloom filter (Bloom 1970), each of its hashes in a bit of its own
        self.known = np.zeros(1 << bits, dtype=np.uint8)
        for bit, factor in enumerate(FACTORS):
            self.known[known * factor >> self.shift] |= 1 << bit
        self.postings = [self._postings(words, size, len(texts)) for size in sorted(set(sizes))]

    def best(self, words: Hashes) -> Best | None:
        """The known text that is covered best at any of the sizes, the first of equals; None where none is."""
        values = grams(words, self.smallest)
        known = self.known[values >> self.shift] & 1
        begins = known.nonzero()[0]
        for bit, factor in enumerate(FACTORS[1:], 1):
            begins = begins[self.known[values[begins] * factor >> self.shift] & (1 << bit) > 0]
        best = None
        for postings in self.postings if len(begins) else ():
            found, certain = self._covered(words, known, begins, postings)
            if found is not None and (best is None or found.coverage > best.coverage):
                best = found
            if certain:
                break
        return best

    def _inside(self, values: Hashes, size: int) -> Hashes:
        """Without the n-grams that begin in one text and end in the next."""
        return values[self.owners[: len(values)] == self.owners[size - 1 :]] if len(values) else values

    def _postings(self, words: Hashes, size: int, texts: int) -> Postings:
        places = np.arange(max(0, len(words) - size + 1))
        places = places[self.owners[places] == self.owners[places + size - 1]]
        values = grams(words, size)[places]
        order = np.argsort(values, kind="stable")
        values, places = values[order], places[order]
        new = np.zeros(len(values), dtype=np.bool_)
        new[changes(values)] = True
        another = new.copy()
        another[1:] |= self.owners[places[1:]] != self.owners[places[:-1]]
        which = np.cumsum(new) - 1
        frequency = np.bincount(which[another])  # (n-grams,); texts that have it
        weights = np.minimum(UNIT, UNIT * COMMON // np.maximum(frequency, 1))
        weights[frequency > FREQUENT] = 0
        evidence = weights > 0
        kept = evidence[which]
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.bincount(which)[evidence])])
        by_place = np.full(len(words), UNIT + 1)
        by_place[places] = weights[which]
        by_word = by_place.copy()  # the least weight of all n-grams that hold the word
        for offset in range(1, size):
            np.minimum(by_word[offset:], by_place[:-offset], out=by_word[offset:])
        by_word[by_word > UNIT] = 0  # in no n-gram of this size
        before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(by_word)])
        totals = np.bincount(self.owners, weights=by_word, minlength=texts).astype(np.int64)
        return Postings(size, values[new][evidence], starts, places[kept], before, totals)

    def _covered(self, words: Hashes, known: Bits, begins: Indices, postings: Postings) -> tuple[Best | None, bool]:
        """(the best at one size, whether no larger size can show more); `begins`: of known n-grams of the smallest.

        None can where all the known n-grams are evidence and all words in them have their full weight.
        """
        size, values = postings.size, postings.values
        if size > self.smallest:  # a larger n-gram ends with a known one too
            ends = begins + (size - self.smallest)
            begins = begins[: ends.searchsorted(len(known))]
            begins = begins[known[ends[: len(begins)]] > 0]
        if not len(values) or not len(begins):
            return None, False
        start = begins[0]
        asked = grams(words[start : begins[-1] + size], size)[begins - start]
        slots = np.minimum(values.searchsorted(asked), len(values) - 1)
        equal = values[slots] == asked
        hits, slots = begins[equal], slots[equal]
        if not len(hits):
            return None, False
        places, found = postings.of(slots)
        owners = self.owners[places]
        ends = places + size
        np.minimum(ends[:-1], places[1:], out=ends[:-1])  # no word counts twice
        weights = postings.before[ends] - postings.before[places]
        firsts = changes(owners)
        owners = owners[firsts]
        shares = np.add.reduceat(weights, firsts) / np.maximum(1, postings.totals[owners])
        best = int(shares.argmax())
        of_best = found[firsts[best] : firsts[best + 1] if best + 1 < len(firsts) else None]
        of_best.sort()
        where = hits[of_best[np.minimum(of_best.searchsorted(slots), len(of_best) - 1)] == slots]
        certain = len(hits) == len(begins) and weights.sum() == UNIT * (ends - places).sum()
        return Best(int(owners[best]), float(shares[best]), int(where[0]), int(where[-1]) + size - 1), bool(certain)


def changes(values: Hashes | Indices) -> Indices:
    """Where a run of equal values begins."""
    new = np.empty(len(values), dtype=np.bool_)
    new[:1] = True
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return new.nonzero()[0]
