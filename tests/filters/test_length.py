from collections.abc import Callable

import msgspec
import pytest

from blackbox_kd.filters.length import Length, count_words
from blackbox_kd.filters.reasoning import Reasoning
from blackbox_kd.records import Completion


@pytest.mark.parametrize(
    ("words", "reason", "threshold"), [(1, "too_short", 2), (2, "", 4), (4, "", 4), (5, "too_long", 4)]
)
def test_both_bounds_are_allowed_lengths(
    words: int, reason: str, threshold: int, completion: Callable[..., Completion]
) -> None:
    verdict = Length(min_words=2, max_words=4).check(completion("word\n " * words))
    assert (verdict.reason, verdict.kept, verdict.value, verdict.threshold) == (reason, not reason, words, threshold)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("Der Bär isst Müsli.", 4),
        ("你好世界", 4),
        ("Python 是语言", 4),
        ("東京タワー", 5),
        ("한국어 단어", 2),
        ("e\u0301te\u0301", 1),
    ],
)
def test_a_character_is_a_word_where_no_spaces_part_them(text: str, words: int) -> None:
    assert count_words(text) == words


def test_reasoning_in_front_of_the_answer_does_not_count(completion: Callable[..., Completion]) -> None:
    assert Length().check(completion("<think>one two three</think>four")).value == 1


@pytest.mark.parametrize("rule", ["length", "reasoning"])
def test_bounds_that_nothing_is_within_are_refused(rule: str) -> None:
    kind = {"length": Length, "reasoning": Reasoning}[rule]
    with pytest.raises(msgspec.ValidationError, match="min_words 9 is above max_words 5"):
        msgspec.convert({"rule": rule, "min_words": 9, "max_words": 5}, kind)
