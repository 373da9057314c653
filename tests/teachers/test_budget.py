import asyncio
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import BudgetReached, UsageError
from blackbox_kd.records import Message
from blackbox_kd.teachers.budget import Budget, paid_usd, worst_usd
from blackbox_kd.teachers.request import Asked, build
from blackbox_kd.teachers.target import Price, Sampling, Target

PRICE = Price(input_usd=100.0, output_usd=1_000.0)
WHOM = Target(wire="openai", model="m", label="openai/m", base_url=None, identity="own", price=PRICE)


def asked(text: str = "Hi", max_tokens: int = 10) -> Asked:
    """A request to a teacher whose price is known."""
    sampling = Sampling(max_tokens=max_tokens)
    return build(
        (Message(role="user", content=text),),
        0,
        Target(wire="openai", model="m", label="openai/m", base_url=None, identity="o", price=PRICE, sampling=sampling),
    )


def test_a_budget_without_a_price_is_refused(target: Callable[..., Target]) -> None:
    with pytest.raises(UsageError, match="the price of openai/simulated-tickets is not known"):
        Budget({"openai/simulated-tickets": 1.0}, (WHOM, target()))


def test_without_a_budget_no_price_is_needed(target: Callable[..., Target]) -> None:
    assert Budget({WHOM.label: 1.0}, (WHOM, target())).spent_usd == 0


def test_the_worst_case_is_a_token_a_byte_and_the_whole_limit() -> None:
    one = asked(max_tokens=7)
    assert worst_usd(one) == pytest.approx((100 * len(one.body) + 7_000) / 1e6)


async def test_nothing_is_sent_that_could_exceed_the_budget() -> None:
    budget = Budget({WHOM.label: 1.5 * worst_usd(asked())}, (WHOM,))
    budget.settle(asked(), await budget.reserve(asked()), worst_usd(asked()))
    with pytest.raises(BudgetReached, match="budget reached"):
        await budget.reserve(asked())


async def test_a_call_waits_for_what_others_may_leave() -> None:
    budget = Budget({WHOM.label: 1.5 * worst_usd(asked())}, (WHOM,))
    first = await budget.reserve(asked())
    second = asyncio.create_task(budget.reserve(asked()))
    await asyncio.sleep(0)
    assert not second.done()
    budget.settle(asked(), first, 0.1 * first)
    assert await second == pytest.approx(worst_usd(asked()))


async def test_what_was_spent_before_counts() -> None:
    with pytest.raises(BudgetReached):
        await Budget({WHOM.label: 1.0}, (WHOM,), {WHOM.label: 1.0}).reserve(asked())


async def test_each_teacher_has_a_budget_of_its_own() -> None:
    other = msgspec.structs.replace(WHOM, label="openai/other")
    budget = Budget({WHOM.label: 1.0, other.label: 100.0}, (WHOM, other), {WHOM.label: 1.0})
    assert await budget.reserve(asked()._replace(target=other)) == pytest.approx(worst_usd(asked()))
    with pytest.raises(BudgetReached, match=r"1\.0000 of 1\.00 USD spent on openai/m,"):
        await budget.reserve(asked())


async def test_what_was_bought_now_is_told_apart_from_what_was_spent_before() -> None:
    budget = Budget({}, (WHOM,), {WHOM.label: 1.0})
    budget.settle(asked(), await budget.reserve(asked()), 0.25)
    assert (budget.bought_usd, budget.spent_usd) == (0.25, 1.25)


@settings(deadline=None)  # a busy machine
@given(
    calls=st.lists(st.tuples(st.integers(1, 200), st.floats(0, 1)), max_size=30),
    limit_usd=st.floats(0, 0.5),
    workers=st.integers(1, 8),
)
def test_the_budget_is_never_overshot(calls: list[tuple[int, float]], limit_usd: float, workers: int) -> None:
    budget = Budget({WHOM.label: limit_usd}, (WHOM,))
    left = iter(calls)

    async def work() -> None:
        for size, share in left:
            try:
                reserved = await budget.reserve(asked("x" * size, size))
            except BudgetReached:
                return
            await asyncio.sleep(0)
            budget.settle(asked("x" * size, size), reserved, share * reserved)

    async def all_of_them() -> None:
        await asyncio.gather(*(work() for _ in range(workers)))

    asyncio.run(all_of_them())
    assert budget.spent_usd <= limit_usd + 1e-9


def test_a_reply_costs_what_it_says() -> None:
    raw = b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 10, "completion_tokens": 2}}'
    assert paid_usd(asked(), raw) == pytest.approx(3_000 / 1e6)


@pytest.mark.parametrize("raw", [None, b"<html>", b"{}"])
def test_a_reply_that_says_nothing_costs_the_worst_case(raw: bytes | None) -> None:
    assert paid_usd(asked(), raw) == pytest.approx(worst_usd(asked()))
