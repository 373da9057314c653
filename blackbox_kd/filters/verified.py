"""Answers that were verified: against a reference, by arithmetic or by unit tests."""

from abc import abstractmethod
from typing import Annotated, ClassVar, Literal

import msgspec

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.records import Completion, Verdict

ABSENT = Measured()


class Scored(RowRule, frozen=True, kw_only=True):
    """Base of the filters that read a score which the judge stage gave, under their own name."""

    unscored: Literal["keep", "reject"] = "keep"

    def measure(self, completion: Completion) -> Measured:
        """The score; None where there is none."""
        if not completion.scores:
            return ABSENT
        return Measured(completion.scores.get(self.name))

    def decide(self, found: Measured) -> Verdict:
        """Reject a score outside the bounds, and an absent one if `unscored` says so."""
        if not isinstance(found.value, int | float):
            kept = self.unscored == "keep"
            return Verdict(rule=self.name, kept=kept, reason="" if kept else "unscored", value=found.value)
        reason, threshold = self.against(found.value)
        return Verdict(rule=self.name, kept=not reason, reason=reason, value=found.value, threshold=threshold)

    @abstractmethod
    def against(self, score: float) -> tuple[str, float]:
        """The reason that speaks against a score, or none, and the threshold that it was held against."""


class Verified(Scored, frozen=True, kw_only=True, tag="verified"):
    """Rejects completions verified to be right to a share below `min_score`."""

    thresholds: ClassVar[frozenset[str]] = frozenset({"min_score", "unscored"})
    min_score: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0

    def against(self, score: float) -> tuple[str, float]:
        """`wrong` below the threshold."""
        return "wrong" if score < self.min_score else "", self.min_score
