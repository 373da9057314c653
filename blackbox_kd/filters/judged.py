"""Answers that a judge has graded."""

from typing import ClassVar

from blackbox_kd.filters.verified import Scored


class Judged(Scored, frozen=True, kw_only=True, tag="judged"):
    """Rejects completions that the judge graded below `min_score`, on the scale of its rubric."""

    on: ClassVar[bool] = False  # the scale is the rubric's: 1 to 5, or a share of comparisons won
    thresholds: ClassVar[frozenset[str]] = frozenset({"min_score", "unscored"})
    min_score: float = 3.0

    def against(self, score: float) -> tuple[str, float]:
        """`low_score` below the threshold."""
        return "low_score" if score < self.min_score else "", self.min_score
