from collections.abc import Callable

import msgspec
import pytest

from blackbox_kd.filters.difficulty import Difficulty
from blackbox_kd.records import Completion


@pytest.mark.parametrize(
    ("score", "reason", "threshold"),
    [(0.05, "too_easy", 0.2), (0.2, "", 1.0), (0.7, "", 1.0), (1.0, "", 1.0), (1.3, "unrelated", 1.0)],
)
def test_what_is_too_easy_or_unrelated_is_rejected(
    score: float, reason: str, threshold: float, completion: Callable[..., Completion]
) -> None:
    verdict = Difficulty(min_ifd=0.2).check(completion(scores={"difficulty": score}))
    assert (verdict.kept, verdict.reason, verdict.threshold) == (not reason, reason, threshold)


def test_by_default_nothing_is_too_easy(completion: Callable[..., Completion]) -> None:
    assert Difficulty().check(completion(scores={"difficulty": 0.0})).kept


def test_bounds_that_exclude_all_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"min_ifd: 0\.9 is above max_ifd, 0\.5"):
        msgspec.convert({"rule": "difficulty", "min_ifd": 0.9, "max_ifd": 0.5}, Difficulty)
