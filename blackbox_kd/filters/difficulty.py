"""Answers that teach the student nothing, or nothing about their prompt."""

from typing import Annotated, ClassVar

import msgspec

from blackbox_kd.filters.verified import Scored


class Difficulty(Scored, frozen=True, kw_only=True, tag="difficulty"):
    """Keeps completions whose instruction-following difficulty is from `min_ifd` to `max_ifd` (Li et al. 2023).

    IFD (arXiv 2308.12032) is the student's loss on the answer given its prompt, over that on the answer alone: near 0,
    the student can do it already; above 1, the prompt is no help, so that prompt and answer hardly belong together.
    """

    thresholds: ClassVar[frozenset[str]] = frozenset({"min_ifd", "max_ifd", "unscored"})
    min_ifd: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    max_ifd: Annotated[float, msgspec.Meta(gt=0)] = 1.0

    def __post_init__(self) -> None:
        # ValueError: msgspec adds the path.
        if self.min_ifd > self.max_ifd:
            raise ValueError(f"min_ifd: {self.min_ifd} is above max_ifd, {self.max_ifd}")

    def against(self, score: float) -> tuple[str, float]:
        """`too_easy` below the lower threshold, `unrelated` above the upper one."""
        if score < self.min_ifd:
            return "too_easy", self.min_ifd
        return "unrelated" if score > self.max_ifd else "", self.max_ifd
