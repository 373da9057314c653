"""Fault matrix, rows 60 to 62: the last cent, a limit far below what is wanted, and an outage."""

import asyncio
import random
import selectors
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.errors import BudgetReached, ProviderUnavailable
from blackbox_kd.records import Message
from blackbox_kd.simulate.asked import Asked as Seen
from blackbox_kd.simulate.books import read_books
from blackbox_kd.simulate.limits import AnthropicLimits, OpenAILimits
from blackbox_kd.simulate.script import Error, Stop
from blackbox_kd.simulate.shapes import Fault
from blackbox_kd.teachers.budget import Amount, Budget, worst
from blackbox_kd.teachers.hints import windows
from blackbox_kd.teachers.limiter import Limiter
from blackbox_kd.teachers.request import build
from blackbox_kd.teachers.retry import backoff_s
from blackbox_kd.teachers.target import Price, Sampling, Target

Bench = Callable[..., AbstractAsyncContextManager[Any]]
WIRE = pytest.mark.parametrize("wire", ["openai", "anthropic"])
CENT = Price(input_usd=0.0, output_usd=100.0)  # with 100 tokens at most: a cent a call, at most
HUNDRED = Sampling(max_tokens=100)


@settings(deadline=None)  # a busy machine
@given(replies=st.lists(st.floats(0, 1) | st.none(), max_size=60), cents=st.floats(0.5, 12), seed=st.integers(0, 9))
def test_row_60_what_happens_with_the_last_cents_is_that_they_are_not_overspent(
    replies: list[float | None], cents: float, seed: int
) -> None:
    """Eight workers, replies that cost a part of the worst case, or (None) all of it because they were never seen."""
    whom = Target(
        wire="openai", model="m", label="openai/m", base_url=None, identity="own", price=CENT, sampling=HUNDRED
    )
    one, rng = build((Message(role="user", content="Hi"),), 0, whom), random.Random(seed)
    budget = Budget({whom.label: 1.0}, (whom,), {whom.label: 1.0 - cents / 100})
    account, most, left = budget.accounts[whom.label], worst(one), iter(replies)

    async def work() -> None:
        for share in left:
            try:
                reserved = await budget.reserve(one)
            except BudgetReached:
                assert account.spent + most.usd > 1.0  # it stops only where it has to
                return
            assert account.spent + account.reserved <= 1.0 + 1e-9
            for _ in range(rng.randint(0, 3)):
                await asyncio.sleep(0)
            budget.settle(one, reserved, reserved if share is None else Amount(share * reserved.usd, 1))

    async def eight() -> None:
        await asyncio.gather(*(work() for _ in range(8)))

    asyncio.run(eight())
    assert account.spent <= 1.0 + 1e-9
    assert account.open == 0


@pytest.mark.parametrize("cents", [1.0, 3.5])
@WIRE
async def test_row_60_what_happens_with_eight_workers_is_that_the_budget_holds(
    wire: str, cents: float, bench: Bench
) -> None:
    async with bench(wire, budget=cents / 100, price=CENT, sampling=HUNDRED) as one:
        with pytest.raises(BudgetReached) as raised:
            await one.buy(40)
        spent_usd = one.client.budget.spent_usd
    billed_usd = sum(100.0 * entry.completion_tokens / 1e6 for entry in read_books(one.books))
    assert raised.value.exit_code == 4
    assert 0 < billed_usd == pytest.approx(spent_usd)
    assert cents / 100 - 0.01 < billed_usd <= cents / 100
    assert one.most_asked == 1


@WIRE
async def test_row_60_what_happens_when_the_last_cent_is_lost_is_that_it_counts_as_spent(
    wire: str, bench: Bench
) -> None:
    async with bench(wire, Stop("half", "reset"), budget=0.015, price=CENT, sampling=HUNDRED) as one:
        with pytest.raises(BudgetReached):
            await one.buy(40)
        assert one.client.budget.spent_usd == pytest.approx(0.01)
    assert one.states == {"ambiguous": 1}


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop without sockets, whose clock jumps to the next timer."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Virtual seconds."""
        return self.now_s


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait in virtual time."""
        assert timeout is not None, "nothing will ever happen"
        self._loop.now_s += max(0.0, timeout)
        return super().select(0)


def virtually(what: Callable[[VirtualLoop], Coroutine[Any, Any, None]]) -> float:
    """Run it in virtual time; returns the seconds that passed there."""
    loop = VirtualLoop()
    try:
        loop.run_until_complete(what(loop))
    finally:
        loop.close()
    return loop.now_s - 1_000.0


@pytest.mark.parametrize(
    ("rate_headers", "rows", "refused", "longer"),
    [(True, 80, 0.05, 1.1), (False, 200, 0.1, 1.15)],
    ids=["headers", "no headers"],
)
@WIRE
def test_row_61_what_happens_at_5_calls_a_minute_is_that_64_workers_finish(
    wire: str, rate_headers: bool, rows: int, refused: float, longer: float
) -> None:
    told, statuses = Simulated(max_requests_per_minute=5, rate_headers=rate_headers, burst=0.1), Counter[int]()
    server = OpenAILimits(told) if wire == "openai" else AnthropicLimits(told)
    row, rng = Seen("d", "m", "p", 10, 100), random.Random(7)

    async def called(limiter: Limiter, loop: VirtualLoop) -> Fault | None:
        await limiter.enter(100)
        await asyncio.sleep(0.2)
        fault, seen = server.refusal(row, loop.time()), windows(server.headers(loop.time()), time.time())
        await asyncio.sleep(0.2)
        if fault is None:
            limiter.succeeded(0.4, seen)
        else:
            limiter.throttled(fault.retry_after_s or 0.0, seen)
        limiter.leave(100)
        statuses[200 if fault is None else fault.status] += 1
        return fault

    async def storm(loop: VirtualLoop) -> None:
        limiter, left = Limiter(64, clock=loop.time, queues=True), iter(range(rows))

        async def work() -> None:
            for _ in left:
                attempt = 0
                while fault := await called(limiter, loop):
                    attempt += 1
                    await asyncio.sleep(backoff_s(fault.retry_after_s or 0.0, attempt, 1.0, rng))

        await asyncio.gather(*(work() for _ in range(64)))

    took_s = virtually(storm)
    assert statuses[200] == rows
    assert statuses[429] < refused * statuses.total()
    assert took_s < longer * rows * 12


def test_row_61_what_happens_when_all_rows_are_refused_first_and_no_time_is_told_is_that_they_finish() -> None:
    rows, rng = 9, random.Random(7)

    async def storm(loop: VirtualLoop) -> None:
        limiter = Limiter(64, clock=loop.time)

        async def ask() -> None:
            for attempt in (1, 2):
                await limiter.enter()
                await asyncio.sleep(0.05)
                if attempt == 2:
                    limiter.succeeded(0.05)
                else:
                    limiter.throttled(0.0)
                limiter.leave()
                if attempt == 1:
                    await asyncio.sleep(backoff_s(0.0, attempt, 1.0, rng))

        await asyncio.gather(*(ask() for _ in range(rows)))

    assert virtually(storm) < 20


@WIRE
async def test_row_61_what_happens_to_64_workers_at_a_narrow_limit_is_that_they_finish(wire: str, bench: Bench) -> None:
    narrow = Simulated(task="tickets", max_requests_per_minute=1_200, burst=0.05)
    async with bench(wire, settings=narrow, patience={"concurrency": 64, "attempts": 6}) as one:
        assert await one.buy(75) == (0, 0, None)
    assert one.states["stored"] == 75
    assert one.states.get("error", 0) <= 64  # one burst, when the limit is met first


@pytest.mark.parametrize(
    ("wire", "concurrency", "rows"), [("anthropic", 8, 60), ("openai", 8, 60), ("openai", 64, 150)]
)
async def test_row_62_what_happens_in_an_outage_is_a_bounded_number_of_calls(
    wire: str, concurrency: int, rows: int, bench: Bench
) -> None:
    patience = {"concurrency": concurrency, "attempts": 6}
    async with bench(wire, Error(503), after=5, patience=patience) as one:
        with pytest.raises(ProviderUnavailable) as raised:
            await one.buy(rows)
        assert len(one.seen) <= rows + max(100, 10 * concurrency) / 5
    assert (raised.value.exit_code, one.states["stored"]) == (6, 5)
    async with bench(wire, patience=patience) as one:
        assert await one.buy(rows) == (0, 0, None)
    assert len(one.seen) == rows - 5
