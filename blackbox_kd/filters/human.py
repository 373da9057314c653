"""Answers that people have looked at."""

from typing import ClassVar

from blackbox_kd.filters.verified import Scored

KEEP = 0.5  # a verdict is 0 or 1


class Human(Scored, frozen=True, kw_only=True, tag="human"):
    """Rejects completions that a person rejected: the score is 1 for keep and 0 for reject."""

    thresholds: ClassVar[frozenset[str]] = frozenset({"unscored"})

    def against(self, score: float) -> tuple[str, float]:
        """`rejected` for 0."""
        return "rejected" if score < KEEP else "", KEEP
