"""Answers that say nothing."""

from blackbox_kd.filters.base import Rule
from blackbox_kd.records import Completion, Verdict


class Empty(Rule, frozen=True, kw_only=True, tag="empty"):
    """Rejects a completion without a single visible character."""

    def check(self, completion: Completion) -> Verdict:
        """Reject if only white space and control characters are left."""
        visible = sum(1 for character in completion.text if character.isprintable() and not character.isspace())
        return Verdict(rule=self.name, kept=visible > 0, reason="" if visible else "empty", value=visible, threshold=1)
