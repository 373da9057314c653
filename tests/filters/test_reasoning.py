from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters.reasoning import Reasoning, split
from blackbox_kd.records import Completion


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Paris.", (None, "Paris.")),
        ("<think>France.</think>\n\nParis.", ("France.", "\n\nParis.")),
        ("\n<think>\nFrance.\n</think>Paris.", ("France.", "Paris.")),
        ("It is France.\n</think>\nParis.", ("It is France.", "\nParis.")),
        ("<think></think>Paris.", (None, "Paris.")),
        ("<think>France. Its capital", ("France. Its capital", "")),
        ("A model writes <think> and </think> around it.", (None, "A model writes <think> and </think> around it.")),
        ("It ends with `</think>`.", (None, "It ends with `</think>`.")),
        ("I think> so", (None, "I think> so")),
    ],
)
def test_reasoning_is_parted_from_the_answer(
    text: str, parts: tuple[str | None, str], completion: Callable[..., Completion]
) -> None:
    assert split(completion(text)) == parts


def test_what_the_provider_parted_counts(completion: Callable[..., Completion]) -> None:
    assert split(completion("Paris.", reasoning="France.")) == ("France.", "Paris.")


@given(st.text(st.characters(exclude_characters="<>")), st.text())
def test_what_was_joined_is_parted_again(completion: Callable[..., Completion], thought: str, answer: str) -> None:
    assert split(completion(f"<think>{thought}</think>{answer}")) == (thought.strip() or None, answer)


@pytest.mark.parametrize(("words", "reason"), [(1, "too_short"), (2, ""), (3, ""), (4, "too_long")])
def test_reasoning_has_bounds(words: int, reason: str, completion: Callable[..., Completion]) -> None:
    verdict = Reasoning(min_words=2, max_words=3).check(completion(reasoning="word " * words))
    assert (verdict.reason, verdict.value, verdict.kept) == (reason, words, not reason)


def test_an_answer_without_reasoning_is_kept(completion: Callable[..., Completion]) -> None:
    verdict = Reasoning(min_words=5).check(completion())
    assert (verdict.kept, verdict.value) == (True, None)
