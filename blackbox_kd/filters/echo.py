"""Answers that begin with the question, word for word."""

from typing import Annotated, ClassVar

import msgspec

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.filters.length import count_words
from blackbox_kd.records import Completion, Verdict
from blackbox_kd.repeats import alike

AT_MOST = 20_000  # characters of either text that are compared
MARKS = "\"'`>*_# \n\t“«"  # a quotation's


class Echo(RowRule, frozen=True, kw_only=True, tag="echo"):
    """Rejects a completion that starts with the whole last turn of its prompt, of `min_words` words or more.

    Case and white space are nothing. A shorter prompt may well be repeated, and so may a part of one, in extraction or
    in rewriting. Where the prompt is nothing but the text to be corrected, switch it off.
    """

    thresholds: ClassVar[frozenset[str]] = frozenset({"max_share"})
    min_words: Annotated[int, msgspec.Meta(ge=1)] = 8
    max_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.95

    def measure(self, completion: Completion) -> Measured:
        """The share of the prompt's characters with which the completion begins, 0 to 1."""
        prompt = completion.messages[-1].content[:AT_MOST].lstrip(MARKS)
        answer = completion.text[:AT_MOST].lstrip(MARKS)
        if prompt[:1].lower() != answer[:1].lower() or count_words(prompt) < self.min_words:
            return Measured(0.0)
        asked, begun = ("".join(text.lower().split()) for text in (prompt, answer))
        return Measured(round(alike(asked, 0, begun, 0) / len(asked), 4))

    def decide(self, found: Measured) -> Verdict:
        """Reject what repeats more of the prompt."""
        kept = not isinstance(found.value, int | float) or found.value <= self.max_share
        return Verdict(
            rule=self.name, kept=kept, reason="" if kept else "prompt", value=found.value, threshold=self.max_share
        )
