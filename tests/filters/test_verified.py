from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters.base import Measured
from blackbox_kd.filters.difficulty import Difficulty
from blackbox_kd.filters.human import Human
from blackbox_kd.filters.judged import Judged
from blackbox_kd.filters.verified import Scored, Verified
from blackbox_kd.records import Completion

RULES: list[Scored] = [Verified(), Judged(), Difficulty(), Human()]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_completion_without_the_score_passes_unless_told_otherwise(
    rule: Scored, completion: Callable[..., Completion]
) -> None:
    others = {one.name: 0.0 for one in RULES if one.name != rule.name}
    for scores in ({}, others):
        verdict = rule.check(completion(scores=scores))
        assert (verdict.kept, verdict.reason, verdict.value) == (True, "", None)
        verdict = type(rule)(unscored="reject").check(completion(scores=scores))
        assert (verdict.kept, verdict.reason, verdict.value) == (False, "unscored", None)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@given(st.floats(allow_nan=False) | st.none())
def test_the_verdict_follows_from_what_was_measured(rule: Scored, score: float | None) -> None:
    verdict = rule.decide(Measured(score))
    assert verdict.value == score
    assert verdict.kept == (verdict.reason == "")
    assert rule.decide(Measured(verdict.value, verdict.span)) == verdict


@pytest.mark.parametrize(("score", "kept"), [(1.0, True), (0.99, False), (0.0, False)])
def test_only_what_is_verified_to_be_right_passes(
    score: float, kept: bool, completion: Callable[..., Completion]
) -> None:
    verdict = Verified().check(completion(scores={"verified": score}))
    assert (verdict.kept, verdict.reason, verdict.threshold) == (kept, "" if kept else "wrong", 1.0)


def test_part_of_the_tests_may_be_enough(completion: Callable[..., Completion]) -> None:
    assert Verified(min_score=0.5).check(completion(scores={"verified": 0.75})).kept
