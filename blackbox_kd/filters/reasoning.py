"""What a reasoning teacher thought before it answered: how long, and whether the student learns it."""

from typing import Annotated, ClassVar

import msgspec

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.records import Completion, Verdict

OPEN, CLOSE = "<think>", "</think>"


class Reasoning(RowRule, frozen=True, kw_only=True, tag="reasoning"):
    """Keeps completions whose reasoning, if there is any, has `min_words` to `max_words` words.

    With `keep` the student learns it, as `<think>` in front of the answer; else it learns the answer alone.
    """

    thresholds: ClassVar[frozenset[str]] = frozenset({"min_words", "max_words", "keep"})
    min_words: Annotated[int, msgspec.Meta(ge=0)] = 0
    max_words: Annotated[int, msgspec.Meta(ge=1)] = 20_000
    keep: bool = False

    def __post_init__(self) -> None:
        # ValueError: msgspec adds the path.
        if self.min_words > self.max_words:
            raise ValueError(f"min_words {self.min_words} is above max_words {self.max_words}")

    def measure(self, completion: Completion) -> Measured:
        """The number of its words; None where there is no reasoning."""
        reasoning, _ = split(completion)
        return Measured(None if reasoning is None else len(reasoning.split()))

    def decide(self, found: Measured) -> Verdict:
        """Reject outside the bounds."""
        if not isinstance(found.value, int | float):
            return Verdict(rule=self.name, kept=True)
        short, long = found.value < self.min_words, found.value > self.max_words
        reason = "too_short" if short else "too_long" if long else ""
        threshold = self.min_words if short else self.max_words
        return Verdict(rule=self.name, kept=not reason, reason=reason, value=found.value, threshold=threshold)


def split(completion: Completion) -> tuple[str | None, str]:
    """(reasoning, answer): as the provider parted them, else at the `</think>` of a text that begins with it.

    A chat template may have opened the block itself, so that the text holds the end alone.
    """
    text = completion.text
    if "think>" not in text:
        return completion.reasoning, text
    before, closed, answer = text.partition(CLOSE)
    start = before.lstrip()
    if not closed:  # all of it is reasoning if it begins with the block
        only = start.startswith(OPEN)
        return (
            (completion.reasoning or start.removeprefix(OPEN).strip() or None, "")
            if only
            else (completion.reasoning, text)
        )
    if not start.startswith(OPEN) and OPEN in before:  # somewhere inside the answer: text about such blocks
        return completion.reasoning, text
    if not start.startswith(OPEN) and "`" in before[-1:]:
        return completion.reasoning, text
    inline = start.removeprefix(OPEN).strip()
    return completion.reasoning or inline or None, answer
