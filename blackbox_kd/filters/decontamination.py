"""Evaluation items that a completion or its prompt gives away."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import msgspec
import numpy as np

from blackbox_kd.filters.base import Given, Measured, PreparedRule
from blackbox_kd.ngrams import WORD, Index, folded, hashed
from blackbox_kd.records import Completion, Span, Verdict

LINE_WORDS = 4  # a shorter item ("Yes") is found only where it is all that was asked
Size = Annotated[int, msgspec.Meta(ge=4, le=64)]


class Decontamination(PreparedRule, frozen=True, kw_only=True, tag="decontamination"):
    """Rejects what holds an item of the evaluation sets, `sets` being JSONL or Parquet files or patterns.

    The value is the highest coverage of one item: the share of its words, 0 to 1, in n-grams that it shares with prompt
    and completion together, at that of the `sizes` (in words) that shows more. What many items share, as a template
    or a famous quotation, counts little or nothing. An item that is too short for the smallest size is covered,
    wholly, by a line of the same words in prompt or completion; one below 4 words, only by the whole prompt.
    """

    thresholds: ClassVar[frozenset[str]] = frozenset({"threshold"})

    sets: tuple[str, ...] = ()
    threshold: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.4
    sizes: Annotated[tuple[Size, ...], msgspec.Meta(min_length=1)] = (8, 13)

    def files(self) -> tuple[str, ...]:
        """The evaluation sets."""
        return self.sets

    def measurer(self, given: Given) -> Callable[[Completion], Measured]:
        """Read and index the items, once; without sets nothing is measured."""
        if not self.sets:
            return lambda completion: Measured()
        return Items(list(dict.fromkeys(folded(item) for item in given.read_items(self.sets))), self.sizes).measure

    def decide(self, found: Measured) -> Verdict:
        """Reject from the threshold on."""
        kept = not isinstance(found.value, float) or found.value < self.threshold
        return Verdict(
            rule=self.name,
            kept=kept,
            reason="" if kept else "contaminated",
            value=found.value,
            threshold=self.threshold,
            span=found.span,
        )


class Items:
    """The items of evaluation sets, folded: the long ones by n-grams, and all of them whole."""

    def __init__(self, items: list[bytes], sizes: tuple[int, ...]) -> None:
        split = list({b" ".join(words): words for item in items if (words := item.split())}.values())
        self.index = Index([words for words in split if len(words) >= min(sizes)], sizes)
        self.whole = {b" ".join(words) for words in split}
        self.lines = {b" ".join(words) for words in split if LINE_WORDS <= len(words) < min(sizes)}

    def measure(self, completion: Completion) -> Measured:
        """The highest coverage of an item, and in the completion the words that give it away."""
        prompt = folded("\n".join(message.content for message in completion.messages))
        answer = folded(completion.text)
        before = prompt.split()
        after = answer.split()
        if b" ".join(before) in self.whole:
            return Measured(1.0)
        if self.lines and self.in_line(prompt, answer):
            return Measured(1.0)
        best = self.index.best(hashed(before + after))
        if best is None:
            return Measured(0.0)
        first, last = max(0, best.first - len(before)), best.last - len(before)
        span = span_of(completion.text, answer, first, last) if last >= 0 else None
        return Measured(best.coverage, span)

    def in_line(self, *texts: bytes) -> bool:
        """Whether a line has the words of a short item, and no others."""
        return any(b" ".join(line.split()) in self.lines for text in texts for line in text.split(b"\n"))


def span_of(text: str, plain: bytes, first: int, last: int) -> Span | None:
    """The characters from one word of a text to another; None where folding it changes the number of words."""
    if plain.isascii() and len(plain) == len(text):  # the usual case: every character in its place
        inside = np.frombuffer(b" %b " % plain, dtype=np.uint8) > ord(" ")
        edges = (inside[1:] != inside[:-1]).nonzero()[0]
        span = int(edges[2 * first]), int(edges[2 * last + 1])
        if folded(text[slice(*span)]) == plain[slice(*span)]:
            return span
    places = [match.span() for match in WORD.finditer(text)]
    return (places[first][0], places[last][1]) if len(places) == len(plain.split()) else None
