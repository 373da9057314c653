"""Which wordings speak for a class: a linear model over runs of one to three words, learnt from labelled texts.

Logistic regression (Cox 1958) over sets of n-grams. The weights lie in `wordings/NAME.json`; how they were learnt,
and from what, is in benchmarks/filter/learn.py.
"""

import functools
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from blackbox_kd.records import Span

FOLDER = Path(__file__).parent / "wordings"
ALONE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"  # scripts without spaces: a character is a word
TOKEN = re.compile(rf"<\w+>|[^\W\d_{ALONE}]+(?:'[^\W\d_{ALONE}]+)?|\d+|[.!?:;,\n…—–()。！？，]|[{ALONE}]")
LETTER = re.compile(f"[{ALONE}]")
LONGEST = 3  # words of a run; one more where a character is a word


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model. `classes` tell apart what is of the class at all: one weight each, for the features in `kinds`."""

    bias: float
    threshold: float
    weights: dict[str, float]
    cues: dict[str, float] = {}  # a text whose words sum to less than `glance` is not looked at further
    glance: float = 0.0
    classes: tuple[str, ...] = ()
    kinds: dict[str, tuple[float, ...]] = {}

    def score(self, features: Iterable[str]) -> float:
        """The log odds over the threshold: above 0, it is of the class. The same in whatever order a set comes."""
        return math.fsum((self.bias, -self.threshold, *filter(None, map(self.weights.get, features))))

    def kind(self, features: Iterable[str]) -> str:
        """The likeliest of the classes."""
        found = (self.kinds[one] for one in ("", *features) if one in self.kinds)  # "": the biases
        sums = [math.fsum(column) for column in zip(*found, strict=True)] or [0.0]
        return self.classes[max(range(len(sums)), key=sums.__getitem__)]

    def span(self, text: str) -> Span:
        """The stretch of a text (in small letters) whose words speak most for the class."""
        found = [match.span() for match in TOKEN.finditer(text)]
        words = tokens(text)
        gains = [0.0] * len(words)
        for size in range(1, LONGEST + 1):
            for start in range(len(words) - size + 1):
                weight = self.weights.get(" ".join(words[start : start + size]), 0.0) / size
                for place in range(start, start + size):
                    gains[place] += weight
        start, stop = densest(gains)
        return (found[start][0], found[stop - 1][1]) if found else (0, len(text))


def densest(gains: Sequence[float]) -> tuple[int, int]:
    """Where the run of the highest sum starts and stops (Kadane 1984)."""
    best, where, total, start = float("-inf"), (0, 1), 0.0, 0
    for place, gain in enumerate(gains):
        if total <= 0:
            total, start = 0.0, place
        total += gain
        if total > best:
            best, where = total, (start, place + 1)
    return where


def tokens(text: str) -> list[str]:
    """The words and marks of a text in small letters; every number is a 0."""
    return ["0" if one[0].isdigit() else one for one in TOKEN.findall(text)]


def grams(words: Sequence[str], tag: str = "") -> set[str]:
    """All runs of one to three words, four where a character is a word, with a tag before each."""
    runs = [tag + word for word in words] if tag else words
    found = set(runs)
    for size in range(1, LONGEST):
        runs = [f"{run} {word}" for run, word in zip(runs, words[size:], strict=False)]
        found.update(runs)
    if any(map(LETTER.match, words)):
        longest = zip(words, runs, words[LONGEST:], strict=False)
        found.update(f"{run} {word}" for first, run, word in longest if LETTER.match(first))
    return found


@functools.cache
def wording(name: str) -> Wording:
    """The model of that name."""
    return msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=Wording)
