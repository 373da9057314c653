"""Answers that are too short or too long for the task."""

from typing import Annotated

import msgspec

from blackbox_kd.filters.base import Rule
from blackbox_kd.records import Completion, Verdict


class Length(Rule, frozen=True, kw_only=True, tag="length"):
    """Keeps completions of `min_words` to `max_words` words, split at white space."""

    min_words: Annotated[int, msgspec.Meta(ge=0)] = 1
    max_words: Annotated[int, msgspec.Meta(ge=1)] = 2000

    def check(self, completion: Completion) -> Verdict:
        """Reject outside the bounds; the value is the number of words."""
        count = len(completion.text.split())
        if count < self.min_words:
            return Verdict(rule=self.name, kept=False, reason="too_short", value=count, threshold=self.min_words)
        if count > self.max_words:
            return Verdict(rule=self.name, kept=False, reason="too_long", value=count, threshold=self.max_words)
        return Verdict(rule=self.name, kept=True, value=count, threshold=self.max_words)
