"""Answers that say the whole thing again."""

import re
from typing import Annotated

import msgspec

from blackbox_kd.filters.base import Rule
from blackbox_kd.records import Completion, Verdict


class Repeated(Rule, frozen=True, kw_only=True, tag="repeated"):
    """Rejects a completion that is one paragraph, or one block of `min_chars` characters, twice or more in a row."""

    min_chars: Annotated[int, msgspec.Meta(ge=1)] = 12

    def check(self, completion: Completion) -> Verdict:
        """Reject whole repetitions; the value is how often the block stands there."""
        flat = " ".join(completion.text.split())
        parts = [part.strip() for part in re.split(r"\n[ \t]*\n", completion.text) if part.strip()]
        same = len(parts) if len(set(parts)) == 1 else 1  # paragraphs count however short they are
        times = max(same, copies(flat, self.min_chars), copies(f"{flat} ", self.min_chars))
        kept = times < 2
        return Verdict(rule=self.name, kept=kept, reason="" if kept else "whole_text", value=times, threshold=1)


def copies(text: str, min_chars: int) -> int:
    """How many copies of its shortest period a text is made of; 1 if it is not periodic or the period is too short."""
    period = (text + text).find(text, 1) if text else 0
    return len(text) // period if period >= min_chars else 1
