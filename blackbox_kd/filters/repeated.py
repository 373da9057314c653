"""Answers that say the whole thing again."""

import re
from typing import Annotated, ClassVar

import msgspec

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.records import Completion, Verdict

BLANK = re.compile(r"\n[ \t]*\n")


class Repeated(RowRule, frozen=True, kw_only=True, tag="repeated"):
    """Rejects a completion that is one paragraph, or one block of `min_chars` characters, more than `max_times`."""

    thresholds: ClassVar[frozenset[str]] = frozenset({"max_times"})
    min_chars: Annotated[int, msgspec.Meta(ge=1)] = 12
    max_times: Annotated[int, msgspec.Meta(ge=1)] = 1

    def measure(self, completion: Completion) -> Measured:
        """How often the block stands there."""
        flat = " ".join(completion.text.split())
        if flat.rfind(flat[: self.min_chars]) <= 0 and "\n" not in completion.text.strip():
            return Measured(1)
        parts = [part.strip() for part in BLANK.split(completion.text) if part.strip()]
        same = len(parts) if len(set(parts)) == 1 else 1  # paragraphs count however short they are
        return Measured(max(same, copies(flat, self.min_chars), copies(f"{flat} ", self.min_chars)))

    def decide(self, found: Measured) -> Verdict:
        """Reject whole repetitions."""
        kept = not isinstance(found.value, int | float) or found.value <= self.max_times
        reason = "" if kept else "whole_text"
        return Verdict(rule=self.name, kept=kept, reason=reason, value=found.value, threshold=self.max_times)


def copies(text: str, min_chars: int) -> int:
    """How many copies of its shortest period a text is made of; 1 if it is not periodic or the period is too short."""
    if text.rfind(text[:min_chars]) <= 0:
        return 1
    period = (text + text).find(text, 1) if text else 0
    return len(text) // period if period >= min_chars else 1
