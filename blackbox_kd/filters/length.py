"""Answers that are too short or too long for the task."""

import re
from typing import Annotated, ClassVar

import msgspec

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.filters.reasoning import split
from blackbox_kd.records import Completion, Verdict

# Scripts without spaces between words: a character counts as a word.
ALONE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


class Length(RowRule, frozen=True, kw_only=True, tag="length"):
    """Keeps completions of `min_words` to `max_words` words, split at white space; a Chinese character is a word."""

    thresholds: ClassVar[frozenset[str]] = frozenset({"min_words", "max_words"})
    min_words: Annotated[int, msgspec.Meta(ge=0)] = 1
    max_words: Annotated[int, msgspec.Meta(ge=1)] = 2000

    def __post_init__(self) -> None:
        # ValueError: msgspec adds the path.
        if self.min_words > self.max_words:
            raise ValueError(f"min_words {self.min_words} is above max_words {self.max_words}")

    def measure(self, completion: Completion) -> Measured:
        """The number of words of the answer, without reasoning in front of it."""
        return Measured(count_words(split(completion)[1]))

    def decide(self, found: Measured) -> Verdict:
        """Reject outside the bounds."""
        count = found.value if isinstance(found.value, int | float) else 0
        short, long = count < self.min_words, count > self.max_words
        reason = "too_short" if short else "too_long" if long else ""
        threshold = self.min_words if short else self.max_words
        return Verdict(rule=self.name, kept=not reason, reason=reason, value=count, threshold=threshold)


def count_words(text: str) -> int:
    """Words between white space; in scripts that have none, characters."""
    return len((text if text.isascii() else ALONE.sub(" x ", text)).split())
