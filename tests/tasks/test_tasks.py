import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import UsageError
from blackbox_kd.tasks import TASKS, TaskPrompts, named

ALL = pytest.mark.parametrize("name", list(TASKS))
SEEDS = st.integers(min_value=0, max_value=2**32)
NAMES = st.sampled_from(sorted(TASKS))
TEXTS = st.text(max_size=200)


@given(name=NAMES, seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_the_oracle_finds_every_reference_from_the_prompt_alone(name: str, seed: int) -> None:
    task = TASKS[name]
    answers = [(task.answer(row.prompt, random.Random(seed)), row.reference) for row in task.generate(60, seed, 40)]
    assert all(answer is not None and task.check(answer, reference) == 1.0 for answer, reference in answers)


@given(name=NAMES, seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_a_wrong_answer_never_checks_as_right(name: str, seed: int) -> None:
    task, rng = TASKS[name], random.Random(seed)
    for row in task.generate(60, seed, 40):
        answer = task.answer(row.prompt, rng)
        assert answer is not None
        assert task.check(task.wrong(answer, rng), row.reference) == 0.0


@ALL
@pytest.mark.parametrize("seed", range(5))
def test_reserved_values_and_phrasings_stay_out_of_seen_rows(name: str, seed: int) -> None:
    task = TASKS[name]
    rows = list(task.generate(600, seed, 300))
    seen = [row for row in rows if row.slice == "seen"]
    unseen = [row for row in rows if row.slice == "unseen"]
    text = "\n".join(row.prompt + row.reference for row in seen).lower()
    assert not [value for value in task.reserved if value.lower() in text]
    assert not {row.family for row in seen} & {row.family for row in unseen}


@ALL
def test_unseen_rows_are_45_per_cent_of_the_held_out_and_pinned(name: str) -> None:
    rows = list(TASKS[name].generate(400, 3, 200))
    assert [row.split for row in rows if row.slice == "unseen"] == ["held_out"] * 90
    assert {row.split for row in rows if row.slice == "seen"} == {None}


@ALL
def test_prompts_of_a_run_are_distinct(name: str) -> None:
    prompts = [row.prompt for row in TASKS[name].generate(2000, 0, 300)]
    assert len(set(prompts)) == 2000


@ALL
def test_the_seed_decides_the_rows(name: str) -> None:
    task = TASKS[name]
    assert list(task.generate(50, 7, 20)) == list(task.generate(50, 7, 20))
    assert list(task.generate(50, 7, 20)) != list(task.generate(50, 8, 20))


@ALL
def test_there_are_enough_phrasings_to_split_by(name: str) -> None:
    rows = list(TASKS[name].generate(2000, 0, 300))
    assert len({row.family for row in rows if row.slice == "seen"}) >= 20


@ALL
def test_the_shots_are_answered_as_the_oracle_answers(name: str) -> None:
    task = TASKS[name]
    questions, answers = task.shots[::2], task.shots[1::2]
    said = [task.answer(question.content, random.Random(0)) or "" for question in questions]
    assert [task.check(text, answer.content) for text, answer in zip(said, answers, strict=True)] == [1.0] * len(said)


@ALL
def test_surrounding_space_does_not_matter_to_the_checker(name: str) -> None:
    task = TASKS[name]
    row = next(task.generate(1, 0))
    assert task.check(f"  {row.reference} \n", row.reference) == 1.0


@given(name=NAMES, text=TEXTS)
@settings(deadline=None)
def test_the_oracle_and_the_checker_take_any_text(name: str, text: str) -> None:
    task = TASKS[name]
    row = next(task.generate(1, 0))
    assert task.answer(text, random.Random(0)) is None or name != "tickets"
    assert task.check(text, row.reference) in (0.0, 1.0)


def test_more_held_out_than_prompts_is_refused() -> None:
    with pytest.raises(UsageError, match="30 held-out prompts of 20"):
        list(TASKS["units"].generate(20, 0, 30))


def test_a_used_up_space_of_prompts_is_told() -> None:
    tiny = type(TASKS["units"])(
        **{field: getattr(TASKS["units"], field) for field in TASKS["units"].__struct_fields__ if field != "make"},
        make=lambda rng, unseen: TASKS["units"].make(random.Random(0), unseen),
    )
    with pytest.raises(UsageError, match="no more distinct prompts after 1"):
        list(tiny.generate(2, 0))


def test_an_unknown_task_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="tickets, units, word_problems"):
        named("ticket")


def test_task_prompts_draw_the_rows_of_their_task() -> None:
    rows = list(TaskPrompts(task="units", count=20).rows(seed=1, held_out=10))
    assert rows == list(TASKS["units"].generate(20, 1, 10))
