import asyncio
import json
import random
from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import BudgetReached, UsageError
from blackbox_kd.records import Json, Message, Usage
from blackbox_kd.teachers.budget import Amount, Budget, billed, paid, taken, worst
from blackbox_kd.teachers.ledger import Paid
from blackbox_kd.teachers.request import Asked, build
from blackbox_kd.teachers.target import Price, Sampling, Target

PRICE = Price(input_usd=100.0, output_usd=1_000.0, batch=0.5)
WHOM = Target(wire="openai", model="m", label="openai/m", base_url=None, identity="own", price=PRICE)
ABSURD: st.SearchStrategy[Json] = st.sampled_from([None, -1, "7", 10**18, 1.5, True, [], float(3)])


def asked(text: str = "Hi", max_tokens: int = 10, whom: Target = WHOM) -> Asked:
    """A request to a teacher whose price is known."""
    target = msgspec.structs.replace(whom, sampling=Sampling(max_tokens=max_tokens))
    return build((Message(role="user", content=text),), 0, target)


def reply(usage: Json) -> bytes:
    """A reply of the OpenAI wire with this usage."""
    return json.dumps({"choices": [{"message": {"content": "x"}}], "usage": usage}).encode()


def test_a_budget_without_a_price_is_refused(target: Callable[..., Target]) -> None:
    with pytest.raises(UsageError, match="the price of openai/simulated-tickets is not known"):
        Budget({"openai/simulated-tickets": 1.0}, (WHOM, target()))


def test_a_budget_cannot_hold_where_hours_alone_have_a_price(target: Callable[..., Target]) -> None:
    with pytest.raises(UsageError, match="not known by the token"):
        Budget({"openai/simulated-tickets": 1.0}, (target(price=Price(gpu_hour_usd=2.0)),))


def test_without_a_budget_no_price_is_needed(target: Callable[..., Target]) -> None:
    assert Budget({WHOM.label: 1.0}, (WHOM, target()), tokens_total=10).spent_usd == 0


def test_the_worst_case_is_a_token_a_byte_and_the_whole_limit() -> None:
    one = asked("\u20ac" * 50, max_tokens=7)
    assert one.size >= len(one.payload(False)) > 150
    assert worst(one).usd == pytest.approx((100 * one.size + 7_000) / 1e6)
    assert worst(one).tokens == one.size + 7
    assert worst(one, batch=True).usd == pytest.approx(worst(one).usd / 2)


async def test_nothing_is_sent_that_could_exceed_the_budget() -> None:
    budget = Budget({WHOM.label: 1.5 * worst(asked()).usd}, (WHOM,))
    budget.settle(asked(), await budget.reserve(asked()), worst(asked()))
    with pytest.raises(BudgetReached, match="budget reached"):
        await budget.reserve(asked())


async def test_no_token_is_bought_above_the_total_even_without_a_price(target: Callable[..., Target]) -> None:
    one = asked(whom=target())
    budget = Budget({}, (one.target,), tokens_total=1_000, spent_tokens=1_000 - worst(one).tokens)
    budget.settle(one, await budget.reserve(one), Amount(0.0, 1))
    with pytest.raises(BudgetReached, match=r"of 1,000 tokens bought") as raised:
        await budget.reserve(one)
    assert "max_tokens_total" in raised.value.fix


async def test_a_call_waits_for_what_others_may_leave() -> None:
    budget = Budget({WHOM.label: 1.5 * worst(asked()).usd}, (WHOM,))
    first = await budget.reserve(asked())
    assert budget.reserve_now(asked()) is None
    second = asyncio.create_task(budget.reserve(asked()))
    await asyncio.sleep(0)
    assert not second.done()
    budget.settle(asked(), first, Amount(0.1 * first.usd, 1))
    assert await second == worst(asked())


async def test_a_call_that_was_not_sent_costs_nothing() -> None:
    budget = Budget({WHOM.label: 1.0}, (WHOM,), tokens_total=10_000)
    budget.settle(asked(), await budget.reserve(asked()), None)
    assert (budget.spent_usd, budget.tokens.spent) == (0, 0)
    assert budget.tokens.reserved == 0


async def test_what_was_spent_before_counts() -> None:
    with pytest.raises(BudgetReached):
        await Budget({WHOM.label: 1.0}, (WHOM,), {WHOM.label: 1.0}).reserve(asked())


async def test_each_teacher_has_a_budget_of_its_own() -> None:
    other = msgspec.structs.replace(WHOM, label="openai/other")
    budget = Budget({WHOM.label: 1.0, other.label: 100.0}, (WHOM, other), {WHOM.label: 1.0})
    assert await budget.reserve(asked(whom=other)) == worst(asked())
    with pytest.raises(BudgetReached, match=r"1\.0000 of 1 USD spent on openai/m,"):
        await budget.reserve(asked())


async def test_what_was_bought_now_is_told_apart_from_what_was_spent_before() -> None:
    budget = Budget({}, (WHOM,), {WHOM.label: 1.0})
    budget.settle(asked(), await budget.reserve(asked()), Amount(0.25, 9))
    assert (budget.bought_usd, budget.spent_usd) == (0.25, 1.25)


@pytest.mark.parametrize(
    ("limits", "tokens", "said"),
    [
        ({}, None, "0.5000 USD"),
        ({WHOM.label: 2.0}, None, "0.5000 of 2.00 USD"),
        ({}, 5_000, "0.5000 USD, 1,000 of 5,000 tokens"),
    ],
)
def test_what_was_spent_is_said_with_its_limits(limits: dict[str, float], tokens: int | None, said: str) -> None:
    assert Budget(limits, (WHOM,), {WHOM.label: 0.5}, tokens, 1_000).said == said


def test_an_unknown_cost_is_not_said_to_be_zero(target: Callable[..., Target]) -> None:
    assert Budget({}, (target(),)).said == "cost unknown"


@st.composite
def outcomes(draw: st.DrawFn) -> tuple[int, bool, float, Json]:
    """Length and limit of a call, whether its reply is lost, what of its worst case is billed, the usage it tells."""
    size = draw(st.integers(1, 200))
    share = draw(st.floats(0, 1))
    true: Json = {"prompt_tokens": int(size * share), "completion_tokens": int(size * share)}
    said: Json = draw(
        st.one_of(
            st.just(true),
            st.fixed_dictionaries({"prompt_tokens": ABSURD, "completion_tokens": ABSURD | st.integers(0, 99)}),
            st.none(),
            st.just({}),
            st.just("free"),
        )
    )
    return size, draw(st.booleans()), share, said


@settings(deadline=None)  # a busy machine
@given(
    calls=st.lists(outcomes(), max_size=40),
    limit_usd=st.none() | st.floats(0, 0.5),
    limit_tokens=st.none() | st.integers(0, 3_000),
    batch=st.booleans(),
    seed=st.integers(0, 9),
)
def test_the_budget_is_never_overshot(
    calls: list[tuple[int, bool, float, Json]],
    limit_usd: float | None,
    limit_tokens: int | None,
    batch: bool,
    seed: int,
) -> None:
    """By the provider's own books, whatever its replies say, with eight calls in flight that end in any order."""
    limits = {} if limit_usd is None else {WHOM.label: limit_usd}
    budget = Budget(limits, (WHOM,), tokens_total=limit_tokens)
    rng, books = random.Random(seed), list[Usage]()

    async def work(left: Iterator[tuple[int, bool, float, Json]]) -> None:
        for size, lost, share, said in left:
            one = asked("x" * size, size)
            try:
                reserved = await budget.reserve(one, batch)
            except BudgetReached:
                return
            for _ in range(rng.randint(0, 3)):
                await asyncio.sleep(0)
            books.append(Usage(prompt_tokens=int(size * share), completion_tokens=int(size * share)))
            budget.settle(one, reserved, paid(one, None if lost else reply(said), batch))

    async def all_of_them() -> None:
        left = iter(calls)
        await asyncio.gather(*(work(left) for _ in range(8)))

    asyncio.run(all_of_them())
    billed_usd = sum(PRICE.cost_usd(one, batch) for one in books)
    tokens = sum(one.prompt_tokens + one.completion_tokens for one in books)
    assert limit_usd is None or billed_usd <= budget.spent_usd + 1e-9 <= limit_usd + 2e-9
    assert limit_tokens is None or tokens <= budget.tokens.spent <= limit_tokens


def test_a_reply_costs_what_it_says() -> None:
    raw = reply({"prompt_tokens": 10, "completion_tokens": 2})
    assert paid(asked(), raw).usd == pytest.approx(3_000 / 1e6)
    assert paid(asked(), raw).tokens == 12
    assert paid(asked(), raw, batch=True).usd == pytest.approx(1_500 / 1e6)


@pytest.mark.parametrize("raw", [None, b"<html>", b"{}", reply(None), reply({"prompt_tokens": 10})])
def test_a_reply_that_says_nothing_costs_the_worst_case(raw: bytes | None) -> None:
    assert paid(asked(), raw) == worst(asked())


def test_a_provider_that_counts_more_than_a_call_may_take_is_believed() -> None:
    used = Usage(prompt_tokens=10, completion_tokens=10**6)
    assert billed(asked(), used).usd > worst(asked()).usd


def test_a_reply_that_was_never_seen_counts_at_the_limit_that_it_was_asked_with() -> None:
    one = asked()
    for limit in (1, 100_000):
        assert taken(one, Paid(None, False, limit)) == worst(one._replace(max_tokens=limit))
