from collections.abc import Callable

import pytest

from blackbox_kd.filters.base import Measured
from blackbox_kd.filters.echo import Echo
from blackbox_kd.records import Completion, Message

ASKED = "What is the capital of France, and since when has it been?"


@pytest.mark.parametrize(
    "text",
    [
        ASKED,
        f"{ASKED} Paris, since the tenth century.",
        f"> {ASKED}\n\nParis.",
        ASKED.upper().replace(" ", "\n"),
        f'"{ASKED}"',
    ],
)
def test_an_answer_that_begins_with_the_whole_question_is_rejected(
    text: str, completion: Callable[..., Completion]
) -> None:
    verdict = Echo().check(completion(text, ASKED))
    assert (verdict.kept, verdict.reason, verdict.value) == (False, "prompt", 1.0)


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        (ASKED, "Paris."),
        (ASKED, "What is the capital of France? Paris."),
        (ASKED, ""),
        ("The capital of France", "The capital of France is Paris."),
        ("Say it after me: the cat sat on the mat, and so on.", "The cat sat on the mat, and so on."),
        ("Correct the spelling in this text: Teh cat sat on the mat.", "The cat sat on the mat."),
        ("Fix it:\n\ndef add(a, b):\n    return a - b  # as it says", "def add(a, b):\n    return a + b  # as it says"),
        ("", "Paris."),
    ],
)
def test_an_answer_may_use_the_words_of_the_prompt(
    prompt: str, text: str, completion: Callable[..., Completion]
) -> None:
    assert Echo().check(completion(text, prompt)).kept


def test_it_is_the_last_turn_that_is_echoed(completion: Callable[..., Completion]) -> None:
    turns = (Message(role="user", content=ASKED), Message(role="assistant", content="Paris."))
    later = "And what is the capital of Spain, if I may ask?"
    one = completion(f"{later} Madrid.", messages=(*turns, Message(role="user", content=later)))
    assert not Echo().check(one).kept
    assert Echo().check(completion(ASKED, messages=one.messages)).kept


def test_in_scripts_without_spaces_characters_are_counted(completion: Callable[..., Completion]) -> None:
    asked = "请解释一下光合作用的过程。"
    assert not Echo().check(completion(f"{asked}光合作用是……", asked)).kept
    assert Echo().check(completion("光合作用是……", asked)).kept


def test_the_share_that_is_echoed_is_measured_and_decided_upon_later(completion: Callable[..., Completion]) -> None:
    verdict = Echo().check(completion("What is the capital of Spain? Madrid.", ASKED))
    assert verdict.value == round(len("whatisthecapitalof") / len(ASKED.replace(" ", "")), 4)
    assert not Echo(max_share=0.3).decide(Measured(verdict.value)).kept
