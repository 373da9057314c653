"""chrF: character n-grams (Popović 2015), by sacrebleu (Post 2018)."""

import functools
from typing import TYPE_CHECKING, Literal

from blackbox_kd.metrics.base import Base

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF


class Chrf(Base, frozen=True, kw_only=True, tag="chrf"):
    """Sentence chrF2, as a share; with `word_order = 2` chrF++ (Popović 2017). Whitespace does not count.

    Two texts without any character score 1.0.
    """

    word_order: Literal[0, 2] = 0

    def score(self, prediction: str, reference: str) -> float:
        """Score one answer, from 0 to 1."""
        if not prediction.strip() and not reference.strip():
            return 1.0
        score: float = _chrf(self.word_order).sentence_score(prediction, [reference]).score
        return min(1.0, score / 100)


@functools.cache
def _chrf(word_order: int) -> "CHRF":
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(word_order=word_order)
