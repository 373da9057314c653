"""Answers that say nothing."""

from blackbox_kd.filters.base import Rule
from blackbox_kd.records import Completion, Verdict


class Empty(Rule, frozen=True, kw_only=True, tag="empty"):
    """Rejects a completion without a single visible character; `no_final_text` is one that only reasoned."""

    def check(self, completion: Completion) -> Verdict:
        """Reject if only white space and control characters are left."""
        visible = sum(1 for character in completion.text if character.isprintable() and not character.isspace())
        if visible:
            return Verdict(rule=self.name, kept=True, value=visible, threshold=1)
        reason = "no_final_text" if completion.reasoning else "empty"
        return Verdict(rule=self.name, kept=False, reason=reason, value=0, threshold=1)
