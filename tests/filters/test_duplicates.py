from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters.duplicates import Duplicates
from blackbox_kd.records import Completion


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
