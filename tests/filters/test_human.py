from collections.abc import Callable

import pytest

from blackbox_kd.filters.human import Human
from blackbox_kd.records import Completion


@pytest.mark.parametrize(("score", "reason"), [(1.0, ""), (0.0, "rejected")])
def test_a_persons_verdict_stands(score: float, reason: str, completion: Callable[..., Completion]) -> None:
    verdict = Human().check(completion(scores={"human": score, "judged": 1.0}))
    assert (verdict.kept, verdict.reason, verdict.value) == (not reason, reason, score)
