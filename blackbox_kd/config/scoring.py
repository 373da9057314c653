"""`[scoring]`: what train completions are scored by that no filter can compute from their text."""

from typing import Annotated, Literal

import msgspec

from blackbox_kd.metrics import Metric


class Scoring(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the judge stage does; nothing by default. Only `judge` costs money: it asks the model of `[judge]`."""

    verify: tuple[str | Metric, ...] = ()  # metrics as in [evaluate], each against the prompt's reference
    judge: Literal["", "pointwise", "pairwise"] = ""  # 1 to 5 each; or samples of a prompt against each other
    rubric: str = ""  # own template in place of ours
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None  # completions that are judged; None: all
    difficulty: bool = False  # instruction-following difficulty with the student
    review: str = ""  # CSV of `bbkd review` that people filled in

    @property
    def asked(self) -> bool:
        """Whether anything is to be scored."""
        return bool(self.verify or self.judge or self.difficulty or self.review)
