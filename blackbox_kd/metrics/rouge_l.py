"""ROUGE-L: the longest common subsequence of words (Lin 2004)."""

from collections.abc import Sequence

from blackbox_kd.metrics.base import Base
from blackbox_kd.text import fold, words


class RougeL(Base, frozen=True, kw_only=True, tag="rouge_l"):
    """F1 of the longest common subsequence of words (Lin 2004, whole texts, beta = 1).

    Case and punctuation are free. Texts without any word score 1.0 where they are the same, else 0.0.
    """

    def score(self, prediction: str, reference: str) -> float:
        """Score one answer, from 0 to 1."""
        one, other = words(prediction), words(reference)
        if not one or not other:
            return float(fold(prediction) == fold(reference))
        return 2 * common_subsequence(one, other) / (len(one) + len(other))


def common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence, by bit-parallel dynamic programming (Hyyrö 2004).

    Bit i of `row` is 0 where the i-th word of `one` makes the subsequence longer.
    """
    places: dict[str, int] = {}
    for index, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << index
    full = (1 << len(one)) - 1
    row = full
    for word in other:
        hits = row & places.get(word, 0)
        row = (row + hits | row - hits) & full
    return len(one) - row.bit_count()
