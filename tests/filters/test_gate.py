import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters.gate import Gate, cut_off
from blackbox_kd.records import Completion, FinishReason

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


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
    assert (verdict.kept, verdict.reason) == (False, "cut_off")
    assert verdict.span is not None
    assert text[slice(*verdict.span)].endswith("item.cou")


def test_what_is_accepted_can_be_set(completion: Callable[..., Completion]) -> None:
    assert not Gate(accept=("stop",)).check(completion(finish_reason="unknown")).kept
    assert Gate(accept=("stop", "length")).check(completion(finish_reason="length")).kept


@pytest.mark.parametrize(
    "text",
    [
        "Paris.",
        "",
        "[1] Kim and Rush, 2016.",
        "[Verse 1]\nIt rains",
        "{name} is a placeholder.",
        "```\ncode\n```",
        '{"a": [1, 2]} as asked',
        '[{"```": null}]',
        "{x | x > 0} is a set",
    ],
)
def test_whole_texts_are_not_cut_off(text: str) -> None:
    assert not cut_off(text)


@given(st.lists(VALUES) | st.dictionaries(st.text(max_size=4), VALUES), st.booleans(), st.data())
def test_every_beginning_of_a_json_value_is_cut_off(value: object, escaped: bool, data: st.DataObject) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    end = data.draw(st.integers(1, len(text) - 1))
    assert cut_off(text[:end])
    assert not cut_off(text)


def test_deeply_nested_json_is_no_crash() -> None:
    assert cut_off("[" * 100_000)
