import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.teachers.limiter import CUT, DEBOUNCE_S, START, Limiter


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now_s


async def crowd(limiter: Limiter, calls: int) -> None:
    """So many callers at once, each of whom succeeds once."""

    async def call() -> None:
        async with limiter.slot():
            await asyncio.sleep(0)
            limiter.succeeded()

    await asyncio.gather(*(call() for _ in range(calls)))


async def spin() -> None:
    """Let every task that can move move."""
    for _ in range(5):
        await asyncio.sleep(0)


@settings(deadline=None)  # a busy machine
@given(most=st.integers(1, 20), workers=st.integers(1, 40), throttles=st.sets(st.integers(0, 40)))
def test_never_more_calls_in_flight_than_the_limit(most: int, workers: int, throttles: set[int]) -> None:
    async def busiest() -> float:
        limiter, above = Limiter(most), 0.0

        async def call(number: int) -> None:
            nonlocal above
            async with limiter.slot():
                # after a cut, those in flight already may stay; nobody may come in above the limit
                above = max(above, limiter.in_flight - limiter.limit if not throttles else limiter.in_flight - most)
                await asyncio.sleep(0)
                limiter.succeeded()
                if number in throttles:
                    limiter.throttled(0.0)

        await asyncio.gather(*(call(number) for number in range(workers)))
        return above

    assert asyncio.run(busiest()) <= 0


async def test_it_starts_low() -> None:
    assert (Limiter(100).limit, Limiter(3).limit) == (START, 3)


async def test_it_doubles_a_round_at_first() -> None:
    limiter = Limiter(1_000)
    await crowd(limiter, START + 2 * START)
    assert limiter.limit >= 2 * START


async def test_it_never_grows_beyond_the_most() -> None:
    limiter = Limiter(30)
    await crowd(limiter, 500)
    assert limiter.limit == 30


async def test_it_does_not_grow_while_slots_are_free() -> None:
    limiter = Limiter(100)
    async with limiter.slot():
        limiter.succeeded()
    assert limiter.limit == START


async def test_a_burst_of_429s_is_one_cut() -> None:
    limiter = Limiter(100, clock=Clock())
    for _ in range(10):
        limiter.throttled(0.0)
    assert limiter.limit == pytest.approx(START * CUT)


async def test_a_later_429_cuts_again() -> None:
    clock = Clock()
    limiter = Limiter(100, clock=clock)
    limiter.throttled(0.0)
    clock.now_s += DEBOUNCE_S
    limiter.throttled(0.0)
    assert limiter.limit == pytest.approx(START * CUT * CUT)


async def test_it_never_falls_below_one() -> None:
    clock = Clock()
    limiter = Limiter(100, clock=clock)
    for _ in range(50):
        limiter.throttled(0.0)
        clock.now_s += DEBOUNCE_S
    assert limiter.limit == 1.0


async def test_after_a_cut_it_grows_by_about_one_a_round() -> None:
    limiter = Limiter(100, clock=Clock())
    limiter.throttled(0.0)
    before = limiter.limit
    await crowd(limiter, 50)
    assert before + 2 <= limiter.limit <= before + 50 / before


async def test_nobody_passes_the_gate_before_its_time() -> None:
    clock = Clock()
    limiter = Limiter(100, clock=clock)
    limiter.throttled(0.01)
    slot = limiter.slot()
    entering = asyncio.create_task(slot.__aenter__())
    await spin()
    assert limiter.in_flight == 0
    clock.now_s += 1
    await entering
    assert limiter.in_flight == 1


async def test_who_waits_for_a_place_waits_for_the_gate_too() -> None:
    clock = Clock()
    limiter = Limiter(1, clock=clock)
    async with limiter.slot():
        slot = limiter.slot()
        waiting = asyncio.create_task(slot.__aenter__())
        await spin()
        limiter.throttled(0.01)
    await spin()
    assert (limiter.in_flight, waiting.done()) == (0, False)
    clock.now_s += 1
    await waiting
    assert limiter.in_flight == 1


async def test_a_shorter_wait_does_not_open_the_gate_early() -> None:
    clock = Clock()
    limiter = Limiter(1, clock=clock)
    limiter.throttled(500.0)
    limiter.throttled(1.0)
    clock.now_s += 100
    slot = limiter.slot()
    waiting = asyncio.create_task(slot.__aenter__())
    await spin()
    assert not waiting.done()
    waiting.cancel()


async def test_a_stop_opens_the_gate() -> None:
    stopping = asyncio.Event()
    limiter = Limiter(1, stopping)
    limiter.throttled(10_000.0)
    slot = limiter.slot()
    waiting = asyncio.create_task(slot.__aenter__())
    await spin()
    stopping.set()
    await asyncio.wait_for(waiting, 1.0)
    assert limiter.in_flight == 1


async def test_a_call_that_fails_gives_its_slot_back() -> None:
    limiter = Limiter(1)
    with pytest.raises(KeyError):
        async with limiter.slot():
            raise KeyError
    assert limiter.in_flight == 0


async def test_who_is_cancelled_while_waiting_takes_no_slot_along() -> None:
    limiter = Limiter(1)
    async with limiter.slot():
        slot = limiter.slot()
        waiting = asyncio.create_task(slot.__aenter__())
        await spin()
        waiting.cancel()
        await spin()
    async with asyncio.timeout(1), limiter.slot():
        assert limiter.in_flight == 1
