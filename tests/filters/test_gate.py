from collections.abc import Callable

import pytest

from blackbox_kd.filters.base import Given, Measured
from blackbox_kd.filters.gate import Gate
from blackbox_kd.records import Completion, FinishReason, Usage

CUT = "The capital of France is Paris. It lies on the Seine, and has been the seat of kings and of"
LIMIT = Given(max_tokens={"openai/teacher": 50})


def counted(tokens: int) -> Usage:
    return Usage(prompt_tokens=7, completion_tokens=tokens)


@pytest.mark.parametrize("reason", ["length", "content_filter", "refusal", "tool", "other"])
def test_only_what_the_teacher_finished_is_kept(reason: FinishReason, completion: Callable[..., Completion]) -> None:
    verdict = Gate().check(completion("A whole sentence.", finish_reason=reason))
    assert (verdict.kept, verdict.reason, verdict.value) == (False, reason, reason)


@pytest.mark.parametrize("reason", ["stop", "unknown"])
def test_a_finished_answer_and_one_of_unknown_end_are_kept(
    reason: FinishReason, completion: Callable[..., Completion]
) -> None:
    assert Gate().check(completion('{"queue": "billing"}', finish_reason=reason)).kept


def test_an_answer_of_unknown_end_that_breaks_off_is_rejected_with_its_end(
    completion: Callable[..., Completion],
) -> None:
    text = "Here it is:\n```python\nfor item in items:\n    total += item.price * item.cou"
    verdict = Gate().check(completion(text, finish_reason="unknown"))
    assert (verdict.kept, verdict.reason, verdict.value) == (False, "open_fence", "open_fence")
    assert verdict.span is not None
    assert text[slice(*verdict.span)].endswith("item.cou")


def test_what_the_teacher_stopped_by_itself_is_not_looked_at(completion: Callable[..., Completion]) -> None:
    assert Gate().check(completion(CUT, finish_reason="stop")).kept
    assert Gate().check(completion(CUT, finish_reason="unknown")).reason == "mid_sentence"


@pytest.mark.parametrize(("tokens", "reason"), [(49, ""), (50, "at_limit"), (51, "at_limit")])
def test_where_tokens_are_counted_the_limit_tells(
    tokens: int, reason: str, completion: Callable[..., Completion]
) -> None:
    one = completion("A whole sentence.", finish_reason="unknown", usage=counted(tokens))
    assert Gate().check(one, LIMIT).reason == reason


def test_what_stayed_below_the_limit_may_end_as_it_likes_but_leaves_nothing_open(
    completion: Callable[..., Completion],
) -> None:
    assert Gate().check(completion(CUT, finish_reason="unknown"), LIMIT).kept
    assert Gate().check(completion('{"a": [1', finish_reason="unknown"), LIMIT).reason == "open_json"


@pytest.mark.parametrize(
    "usage",
    [
        Usage(prompt_tokens=7, completion_tokens=60, source="estimated"),
        Usage(prompt_tokens=0, completion_tokens=0, source="none"),
        Usage(prompt_tokens=0, completion_tokens=0),
    ],
)
def test_an_estimate_is_no_count(usage: Usage, completion: Callable[..., Completion]) -> None:
    assert Gate().check(completion("Paris.", finish_reason="unknown", usage=usage), LIMIT).kept
    assert Gate().check(completion(CUT, finish_reason="unknown", usage=usage), LIMIT).reason == "mid_sentence"


def test_what_is_accepted_can_be_set(completion: Callable[..., Completion]) -> None:
    assert not Gate(accept=("stop",)).check(completion(finish_reason="unknown")).kept
    assert Gate(accept=("stop", "length")).check(completion(finish_reason="length")).kept
    verse = completion(CUT, finish_reason="unknown")
    assert Gate(accept=("stop", "unknown", "mid_sentence")).check(verse).kept


def test_another_choice_decides_on_what_was_measured(completion: Callable[..., Completion]) -> None:
    verdict = Gate().check(completion(CUT, finish_reason="unknown"))
    assert Gate().decide(Measured(verdict.value, verdict.span)) == verdict
