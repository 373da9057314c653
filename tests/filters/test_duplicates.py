from collections.abc import Callable
from itertools import accumulate

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters.base import InMemory, in_turn
from blackbox_kd.filters.duplicates import Duplicates
from blackbox_kd.records import Completion, Message


def test_a_thousand_prompts_that_are_all_answered_yes_lose_none(completion: Callable[..., Completion]) -> None:
    asked = [completion("Yes.", f"Is {n} a number?", prompt_id=str(n)) for n in range(1000)]
    assert all(verdict.kept for verdict in Duplicates().run(asked))


@pytest.mark.parametrize("again", ["Paris.", " paris.\n", "PARIS."])
def test_the_same_answer_to_the_same_prompt_names_the_one_that_stays(
    again: str, completion: Callable[..., Completion]
) -> None:
    first, second = Duplicates().run([completion("Paris."), completion(again, sample=1)])
    assert (first.kept, second.kept, second.reason, second.duplicate_of) == (True, False, "exact", "p#0")


def test_another_answer_to_the_same_prompt_stays(completion: Callable[..., Completion]) -> None:
    assert all(one.kept for one in Duplicates().run([completion("Paris."), completion("Lyon.", sample=1)]))


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y ", "Y", "z"])), max_size=12))
def test_what_stays_has_no_duplicates_and_every_duplicate_names_one_that_stays(
    completion: Callable[..., Completion], pairs: list[tuple[str, str]]
) -> None:
    asked = [completion(text, prompt, prompt_id=prompt, sample=n) for n, (prompt, text) in enumerate(pairs)]
    verdicts = list(Duplicates().run(asked))
    kept = [one for one, verdict in zip(asked, verdicts, strict=True) if verdict.kept]
    assert {verdict.duplicate_of for verdict in verdicts if not verdict.kept} <= {one.id for one in kept}
    assert all(verdict.kept for verdict in Duplicates().run(kept))


def test_the_best_of_equals_stays_wherever_it_stands_and_in_whatever_shards(
    completion: Callable[..., Completion],
) -> None:
    rows = [completion(text, sample=number) for number, text in enumerate(["x", "y", "X", "x ", "y", "z"])]
    rule, rank, alive = Duplicates(), np.array([3, 2, 1, 0, 5, 4]), np.array([True] * 4 + [False, True])
    for sizes in ([6], [2, 0, 3, 1]):
        ends = list(accumulate(sizes))
        shards = [rows[end - size : end] for end, size in zip(ends, sizes, strict=True)]
        table = InMemory(tuple(rule.features(one, None) for one in shards), tuple(sizes))
        found = rule.decide(table, alive, rank, in_turn)
        assert found.duplicate_of is not None
        assert found.kept.tolist() == [False, True, False, True, True, True]
        assert found.duplicate_of.tolist() == [3, -1, 3, -1, -1, -1]


def test_a_turn_is_not_taken_for_another_roles(completion: Callable[..., Completion]) -> None:
    one, two = completion("Yes."), completion("Yes.", sample=1)
    other = msgspec.structs.replace(two, messages=(Message(role="system", content=two.messages[0].content),))
    assert [verdict.kept for verdict in Duplicates().run([one, other, two])] == [True, True, False]
