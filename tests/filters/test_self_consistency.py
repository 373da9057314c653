from collections.abc import Callable
from typing import get_args

import pytest

from blackbox_kd.filters import SetFilter
from blackbox_kd.filters.self_consistency import FINAL, Answer, SelfConsistency
from blackbox_kd.records import Completion


def test_votes_are_counted_before_copies_go() -> None:
    names = [kind.__name__ for kind in get_args(SetFilter)]
    assert names.index("SelfConsistency") < names.index("Duplicates")


def test_prompts_that_differ_in_case_alone_are_two(completion: Callable[..., Completion]) -> None:
    rows = [completion(text, f"Is {letter} a capital?") for text, letter in (("Yes.", "A"), ("No.", "a"))]
    assert all(one.kept for one in SelfConsistency().run(rows))


def test_it_is_off_by_default() -> None:
    assert not SelfConsistency.on


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        (["Paris.", "paris", "Lyon"], [True, True, False]),
        (["Paris", "Lyon"], [False, False]),
        (["Paris", "Paris", "Lyon", "Lyon"], [False] * 4),
        (["a", "a", "b", "c", "d"], [False] * 5),
        (["Paris"], [True]),
        (["Paris", "Paris"], [True, True]),
    ],
)
def test_the_majority_stays(answers: list[str], kept: list[bool], completion: Callable[..., Completion]) -> None:
    samples = [completion(text, sample=n) for n, text in enumerate(answers)]
    verdicts = list(SelfConsistency().run(samples))
    assert [one.kept for one in verdicts] == kept
    assert {one.reason for one in verdicts if not one.kept} <= {"no_consensus"}


def test_the_value_is_the_share_of_the_votes(completion: Callable[..., Completion]) -> None:
    samples = [completion(text, sample=n) for n, text in enumerate(["a", "b", "a", "a"])]
    assert [(one.value, one.threshold) for one in SelfConsistency().run(samples)] == [
        (0.75, 0.5),
        (0.25, 0.5),
        (0.75, 0.5),
        (0.75, 0.5),
    ]


def test_a_share_below_the_threshold_is_no_majority(completion: Callable[..., Completion]) -> None:
    samples = [completion(text, sample=n) for n, text in enumerate("aab")]
    assert not any(one.kept for one in SelfConsistency(threshold=0.8).run(samples))


def test_samples_without_an_answer_agree_with_none(completion: Callable[..., Completion]) -> None:
    samples = [completion(text, sample=n) for n, text in enumerate(["No idea.", "None.", "It is 4.", "4"])]
    assert [one.kept for one in SelfConsistency(answer="number").run(samples)] == [False, False, True, True]
    assert not any(one.kept for one in SelfConsistency(answer="number").run(samples[:2]))


def test_prompts_vote_apart(completion: Callable[..., Completion]) -> None:
    samples = [completion(text, "One?", prompt_id="1", sample=n) for n, text in enumerate("aab")]
    samples += [completion(text, "Two?", prompt_id="2", sample=n) for n, text in enumerate("bba")]
    assert [one.kept for one in SelfConsistency().run(samples)] == [True, True, False, True, True, False]


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        ("text", " Yes, it IS. ", "yes it is"),
        ("text", "...", "..."),
        ("number", "First 3, then 4.", "4"),
        ("number", "It costs $1,250.50.", "1250.5"),
        ("number", "1,000.0", "1000"),
        ("number", "\N{MINUS SIGN}7 °C", "-7"),
        ("number", "-0", "0"),
        ("number", "007", "7"),
        ("number", "in 5km", None),
        ("number", "none", None),
        ("choice", "The answer is (B).", "B"),
        ("choice", "Answer: **C**", "C"),
        ("choice", "Option A is wrong, so the answer is D", "D"),
        ("choice", "B) because", "B"),
        ("choice", "A", "A"),
        ("choice", "A good question, but the answer is a secret", None),
        ("json", 'So:\n```json\n{"b": 1, "a": [2]}\n```', '{"a":[2],"b":1}'),
        ("json", '{"a": 1}', '{"a":1}'),
        ("json", "{'a': 1}", None),
    ],
)
def test_answers_are_found(kind: Answer, text: str, answer: str | None) -> None:
    assert FINAL[kind](text) == answer


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", FINAL)
@pytest.mark.parametrize("unit", ["1", "1,000", ",000", "answer ", "answer(", "```\n", "[", "A", " ", "-"])
def test_an_endless_answer_takes_no_time(kind: Answer, unit: str) -> None:
    endless = unit * (300_000 // len(unit)) + "x"
    assert FINAL[kind](endless) is None or kind in {"text", "number", "choice"}


def test_nothing_is_kept_of_nothing() -> None:
    assert list(SelfConsistency().run([])) == []
