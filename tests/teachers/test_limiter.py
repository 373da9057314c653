import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.teachers.hints import Window
from blackbox_kd.teachers.limiter import CUT, FREEZE_S, START, Limiter


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now_s


async def spin() -> None:
    """Let every task that can move move."""
    for _ in range(5):
        await asyncio.sleep(0)


async def warm(most: int, clock: Clock | None = None, queues: bool = False) -> Limiter:
    """A limiter past its first reply."""
    limiter = Limiter(most, clock=clock or Clock(), queues=queues)
    await limiter.enter()
    limiter.succeeded(0.1)
    limiter.leave()
    return limiter


async def crowd(limiter: Limiter, calls: int) -> None:
    """So many callers at once, each of whom succeeds once."""

    async def call() -> None:
        await limiter.enter()
        await asyncio.sleep(0)
        limiter.succeeded(0.1)
        limiter.leave()

    await asyncio.gather(*(call() for _ in range(calls)))


async def queue(limiter: Limiter, callers: int) -> list[asyncio.Task[bool]]:
    """So many callers that enter, those who can, or wait."""
    tasks = [asyncio.create_task(limiter.enter()) for _ in range(callers)]
    await spin()
    return tasks


async def give_up(tasks: list[asyncio.Task[bool]]) -> None:
    """Cancel those who still wait."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@settings(deadline=None)  # a busy machine
@given(most=st.integers(1, 20), workers=st.integers(1, 40))
def test_never_more_calls_in_flight_than_the_limit(most: int, workers: int) -> None:
    async def busiest() -> float:
        limiter, above = Limiter(most, clock=Clock()), 0.0

        async def call() -> None:
            nonlocal above
            await limiter.enter()
            above = max(above, limiter.in_flight - limiter.limit)
            await asyncio.sleep(0)
            limiter.succeeded(0.1)
            limiter.leave()

        await asyncio.gather(*(call() for _ in range(workers)))
        return max(above, limiter.in_flight)

    assert asyncio.run(busiest()) <= 0


async def test_after_a_cut_nobody_comes_in_above_the_limit() -> None:
    clock = Clock()
    limiter = await warm(8, clock)
    inside = await queue(limiter, 8)
    waiting = await queue(limiter, 2)
    limiter.throttled(0.0)
    clock.now_s += 100
    for _ in range(3):
        limiter.leave()
    assert (len(inside), limiter.in_flight, int(limiter.limit)) == (8, 5, 5)
    limiter.leave()
    assert limiter.in_flight == 5
    await give_up(waiting)


class Calls:
    """Callers of a limiter, driven step by step."""

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter
        self.tasks: list[asyncio.Task[bool]] = []
        self.left: set[asyncio.Task[bool]] = set()

    def enter(self) -> None:
        """One more comes."""
        self.tasks.append(asyncio.create_task(self.limiter.enter()))

    def cancel(self) -> None:
        """The last one is cancelled, wherever it is."""
        if self.tasks:
            self.tasks[-1].cancel()

    def leave(self) -> bool:
        """One of those inside leaves, if there is one."""
        inside = [one for one in self.tasks if one.done() and not one.cancelled() and one not in self.left]
        if inside:
            self.left.add(inside[0])
            self.limiter.leave()
        return bool(inside)


@settings(deadline=None)
@given(actions=st.lists(st.sampled_from(["enter", "cancel", "leave", "429", "time"]), max_size=60))
def test_no_slot_is_lost_whatever_happens(actions: list[str]) -> None:
    async def in_the_end() -> tuple[int, int]:
        clock = Clock()
        calls = Calls(await warm(4, clock))
        for action in actions:
            if action == "429":
                calls.limiter.throttled(1.0)
            elif action == "time":
                clock.now_s += 100
            else:
                getattr(calls, action)()
            await asyncio.sleep(0)
        await give_up(calls.tasks)
        while calls.leave():
            pass
        return calls.limiter.in_flight, calls.limiter.waiting

    assert asyncio.run(in_the_end()) == (0, 0)


async def test_the_first_call_goes_alone_until_its_reply() -> None:
    limiter = Limiter(100, clock=Clock())
    waiting = await queue(limiter, 20)
    assert (limiter.in_flight, limiter.waiting_for()) == (1, "the first reply, before more is sent")
    limiter.succeeded(0.1)
    limiter.leave()
    assert limiter.in_flight == START
    await give_up(waiting)


async def test_it_doubles_a_round_at_first() -> None:
    limiter = await warm(1_000)
    await crowd(limiter, START + 2 * START)
    assert limiter.limit >= 2 * START


async def test_it_never_grows_beyond_the_most() -> None:
    limiter = await warm(30)
    await crowd(limiter, 500)
    assert limiter.limit == 30


async def test_it_does_not_grow_while_slots_are_free() -> None:
    clock = Clock()
    limiter = await warm(100, clock)
    for _ in range(20):
        await limiter.enter()
        clock.now_s += 0.1
        limiter.succeeded(0.1)
        limiter.leave()
    assert limiter.limit == START


async def test_a_burst_of_429s_is_one_cut() -> None:
    limiter = await warm(100)
    for _ in range(10):
        limiter.throttled(0.0)
    assert limiter.limit == pytest.approx(START * CUT)


async def test_a_429_after_the_gate_opened_cuts_again() -> None:
    clock = Clock()
    limiter = await warm(100, clock)
    limiter.throttled(2.0)
    clock.now_s += 2.0
    limiter.throttled(2.0)
    assert limiter.limit == pytest.approx(START * CUT * CUT)


async def test_it_never_falls_below_one() -> None:
    clock = Clock()
    limiter = await warm(100, clock)
    for _ in range(50):
        limiter.throttled(0.0)
        clock.now_s += 100
    assert limiter.limit == 1.0


async def test_a_5xx_stops_growth_for_a_while_and_cuts_nothing() -> None:
    clock = Clock()
    limiter = await warm(100, clock)
    limiter.failed()
    await crowd(limiter, 50)
    assert limiter.limit == START
    clock.now_s += FREEZE_S
    await crowd(limiter, 50)
    assert limiter.limit > START


async def test_nobody_passes_the_gate_before_its_time_and_then_not_all_at_once() -> None:
    clock = Clock()
    limiter = await warm(100, clock)
    limiter.throttled(0.02)
    waiting = await queue(limiter, 20)
    assert (limiter.in_flight, limiter.waiting_for()) == (0, "1 s: the server asked for it (429)")
    clock.now_s += 0.11
    await asyncio.sleep(0.15)  # a real timer looks at the clock of the test
    assert limiter.in_flight == 1
    await give_up([task for task in waiting if not task.done()])


async def test_a_shorter_wait_does_not_open_the_gate_early() -> None:
    clock = Clock()
    limiter = await warm(1, clock)
    limiter.throttled(500.0)
    limiter.throttled(1.0)
    clock.now_s += 100
    waiting = await queue(limiter, 1)
    assert not waiting[0].done()
    await give_up(waiting)


async def test_pauses_grow_while_a_server_that_tells_no_time_answers_nothing_but_429() -> None:
    clock = Clock()
    limiter = await warm(8, clock)
    pauses = []
    for _ in range(4):
        limiter.throttled(0.0)
        begun_s = clock.now_s
        while limiter.load == float("inf"):
            clock.now_s += 0.05
        pauses.append(clock.now_s - begun_s)
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 16 * pauses[0]


async def test_a_stop_lets_everybody_in() -> None:
    stopping = asyncio.Event()
    limiter = Limiter(1, stopping, Clock())
    limiter.throttled(10_000.0)
    waiting = await queue(limiter, 5)
    assert limiter.in_flight == 0
    stopping.set()
    await asyncio.wait_for(asyncio.gather(*waiting), 1.0)
    await asyncio.wait_for(limiter.enter(), 1.0)
    assert limiter.in_flight == 6


async def test_who_is_cancelled_while_waiting_takes_no_slot_along() -> None:
    limiter = await warm(1)
    await limiter.enter()
    waiting = await queue(limiter, 3)
    waiting[0].cancel()
    await spin()
    limiter.leave()
    await spin()
    assert (limiter.in_flight, limiter.waiting, waiting[1].done()) == (1, 1, True)
    await give_up(waiting)


async def test_who_is_cancelled_with_the_slot_in_hand_gives_it_back() -> None:
    limiter = await warm(1)
    await limiter.enter()
    waiting = await queue(limiter, 2)
    limiter.leave()
    waiting[0].cancel()  # the slot is his, and he has not run yet
    await spin()
    assert (waiting[0].cancelled(), waiting[1].done(), limiter.in_flight) == (True, True, 1)


async def test_it_says_which_limit_it_waits_for() -> None:
    clock = Clock()
    limiter = await warm(100, clock)
    await limiter.enter()
    limiter.succeeded(0.0, (Window("requests", 3_000, 0, 60.0),))
    limiter.leave()
    await queue(limiter, 1)
    assert limiter.waiting_for() == "1 s: 0 of 3,000 requests a minute left"


async def test_nothing_is_said_while_only_replies_are_waited_for() -> None:
    limiter = await warm(1)
    await limiter.enter()
    await queue(limiter, 1)
    assert limiter.waiting_for() == ""
