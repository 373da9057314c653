import json
from pathlib import Path
from typing import get_args

import pytest

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.records import Message, Prompt
from blackbox_kd.run import RunDir
from blackbox_kd.stages.estimating import Forecast, estimated
from blackbox_kd.stages.tallying import Spread, guess, spoken
from blackbox_kd.stages.targets import target_of
from blackbox_kd.teachers.ledger import Ledger, open_ledger
from blackbox_kd.teachers.request import Asked, build
from blackbox_kd.teachers.target import Api, Patience, Target

TEACHER = Teacher(model="openai/m", base_url="http://127.0.0.1:9/v1", system="Be brief, and answer in English.")
OTHER = Teacher(model="openai/m", base_url="http://127.0.0.1:9/v1", system="Be long.")


def asked(text: str, root: Path, teacher: Teacher = TEACHER) -> Asked:
    """A request of the teacher's."""
    return build((Message(role="user", content=text),), 0, target_of(teacher, root))


async def answer(ledger: Ledger, one: Asked, completion_tokens: int) -> None:
    """Store a reply of a provider that counts two characters a token."""
    attempt = await ledger.claim(one.key, one.target.label, one.identity, one.max_tokens)
    used = {"prompt_tokens": 2 * guess(one.messages, one.target), "completion_tokens": completion_tokens}
    choice = {"message": {"content": "x"}, "finish_reason": "stop"}
    await ledger.store(attempt, 200, {}, json.dumps({"choices": [choice], "usage": used}).encode())


def forecast(run: RunDir, teacher: Teacher = TEACHER, **patience: bool) -> Forecast:
    """What asking for the prompts of the fixture would take."""
    return estimated(run, Config(teacher=(teacher,), query=Patience(**patience)), collect=False)


@pytest.mark.parametrize("wire", get_args(Api))
def test_a_stored_request_has_the_texts_of_its_prompt(wire: Api) -> None:
    shots = (Message(role="user", content="One?"), Message(role="assistant", content="One, of course."))
    target = Target(wire=wire, model="m", label="m", base_url=None, identity="own", system="Be brief.", shots=shots)
    messages = (Message(role="user", content="Is it a question of some length?"),)
    assert spoken(build(messages, 0, target).identity) == guess(messages, target) > 10


async def test_replies_to_other_prompts_tell_tokens_and_lengths(run: RunDir, prompts: list[Prompt]) -> None:
    with open_ledger(run.root / ".bbkd" / "ledger.sqlite3") as ledger:
        for number in range(6):
            await answer(ledger, asked(f"Another prompt, number {number}", run.root), 30)
    (one,) = forecast(run).estimates
    told = sum(guess(prompt.messages, target_of(TEACHER, run.root)) for prompt in prompts)
    assert (one.calls, one.cached, one.basis) == (10, 0, "replies")
    assert one.prompt_tokens == 2 * told
    assert (one.completion_tokens, one.completion_tokens_low, one.completion_tokens_high) == (300, 300, 300)
    assert one.wall_s is not None


async def test_answers_to_another_system_prompt_tell_nothing_of_the_length(run: RunDir, prompts: list[Prompt]) -> None:
    with open_ledger(run.root / ".bbkd" / "ledger.sqlite3") as ledger:
        for number in range(6):
            await answer(ledger, asked(f"Another prompt, number {number}", run.root, OTHER), 30)
    (one,) = forecast(run).estimates
    told = sum(guess(prompt.messages, target_of(TEACHER, run.root)) for prompt in prompts)
    assert (one.prompt_tokens, one.basis, one.completion_tokens) == (2 * told, "limits", None)


async def test_rows_that_failed_for_good_are_asked_only_where_that_is_wanted(
    run: RunDir, prompts: list[Prompt]
) -> None:
    with open_ledger(run.root / ".bbkd" / "ledger.sqlite3") as ledger:
        failed = build(prompts[0].messages, 0, target_of(TEACHER, run.root))
        await ledger.fail(
            await ledger.claim(failed.key, "openai/m", failed.identity, failed.max_tokens),
            "http_400",
            400,
            {},
            b"",
            ambiguous=False,
        )
        await ledger.give_up(failed.key, "http_400", "no")
    found = [forecast(run, retry_failed=again).estimates[0] for again in (False, True)]
    assert [(one.failed, one.calls) for one in found] == [(1, 9), (0, 10)]


async def test_rows_of_an_open_batch_are_told_apart(run: RunDir, prompts: list[Prompt]) -> None:
    with open_ledger(run.root / ".bbkd" / "ledger.sqlite3") as ledger:
        rows = [build(one.messages, 0, target_of(TEACHER, run.root)) for one in prompts[:3]]
        await ledger.reserve_batch("f" * 64, "openai/m", [(one.key, one.identity, 9) for one in rows])
    (one,) = forecast(run).estimates
    assert (one.calls, one.in_batches) == (10, 3)


def test_many_replies_have_a_narrow_range() -> None:
    few, many = Spread(), Spread()
    for number in range(1_000):
        many.add(number % 10)
        if number < 10:
            few.add(number)
    assert few.mean == many.mean == 4.5
    assert 0 < many.margin(100) < few.margin(100)
