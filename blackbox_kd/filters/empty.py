"""Answers that say nothing."""

import re

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.filters.reasoning import split
from blackbox_kd.records import Completion, Verdict

WORDLIKE = re.compile(r"\w")  # nearly every answer has one at its start


class Empty(RowRule, frozen=True, kw_only=True, tag="empty"):
    """Rejects a completion without a single visible character; `no_final_text` is one that only reasoned."""

    def measure(self, completion: Completion) -> Measured:
        """`text`, `reasoning` where that is all there is, or `nothing`."""
        reasoning, answer = split(completion)
        if WORDLIKE.search(answer) or any(one.isprintable() and not one.isspace() for one in answer):
            return Measured("text")
        return Measured("reasoning" if reasoning else "nothing")

    def decide(self, found: Measured) -> Verdict:
        """Reject if only white space and control characters are left."""
        reason = {"text": "", "reasoning": "no_final_text"}.get(str(found.value), "empty")
        return Verdict(rule=self.name, kept=not reason, reason=reason, value=found.value)
