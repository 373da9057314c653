from collections.abc import Callable

import pytest

from blackbox_kd.filters.length import Length
from blackbox_kd.records import Completion


@pytest.mark.parametrize(
    ("words", "reason", "threshold"), [(1, "too_short", 2), (2, "", 4), (4, "", 4), (5, "too_long", 4)]
)
def test_both_bounds_are_allowed_lengths(
    words: int, reason: str, threshold: int, completion: Callable[..., Completion]
) -> None:
    verdict = Length(min_words=2, max_words=4).check(completion("word\n " * words))
    assert (verdict.reason, verdict.kept, verdict.value, verdict.threshold) == (reason, not reason, words, threshold)
