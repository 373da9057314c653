from collections.abc import Callable

import pytest

from blackbox_kd.filters.empty import Empty
from blackbox_kd.records import Completion


@pytest.mark.parametrize("text", ["", " \n\t ", "\u200b\u200b", "\x00\x07", "\u00a0\u3000"])
def test_an_answer_that_shows_nothing_is_rejected(text: str, completion: Callable[..., Completion]) -> None:
    verdict = Empty().check(completion(text))
    assert (verdict.kept, verdict.reason, verdict.value) == (False, "empty", "nothing")


@pytest.mark.parametrize("text", ["<think>Let me see.</think>\n", "<think>Let me see. The capital of"])
def test_an_answer_that_is_only_a_block_of_reasoning_says_nothing(
    text: str, completion: Callable[..., Completion]
) -> None:
    assert Empty().check(completion(text)).reason == "no_final_text"


def test_an_answer_that_only_reasoned_has_a_reason_of_its_own(completion: Callable[..., Completion]) -> None:
    assert Empty().check(completion(" ", reasoning="Let me see.")).reason == "no_final_text"
    assert Empty().check(completion("Paris.", reasoning="Let me see.")).kept


@pytest.mark.parametrize("text", ["0", " . ", "好", "😀", "{}"])
def test_one_visible_character_is_an_answer(text: str, completion: Callable[..., Completion]) -> None:
    assert Empty().check(completion(text)).kept
