from collections.abc import Callable

import pytest

from blackbox_kd.filters.judged import Judged
from blackbox_kd.records import Completion


@pytest.mark.parametrize(("score", "kept"), [(5.0, True), (3.0, True), (2.5, False), (1.0, False)])
def test_a_low_grade_is_rejected(score: float, kept: bool, completion: Callable[..., Completion]) -> None:
    verdict = Judged().check(completion(scores={"judged": score, "human": 0.0}))
    assert (verdict.kept, verdict.reason, verdict.value) == (kept, "" if kept else "low_score", score)
    assert verdict.threshold == 3.0


def test_the_scale_is_the_rubrics(completion: Callable[..., Completion]) -> None:
    assert not Judged(min_score=7).check(completion(scores={"judged": 6.5})).kept
