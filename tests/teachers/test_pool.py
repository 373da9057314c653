import asyncio
from collections import Counter

import pytest

from blackbox_kd.errors import InputError
from blackbox_kd.teachers.limiter import START
from blackbox_kd.teachers.pool import READ_S, NoEndpoint, Pool, parse_endpoints

A, B, C = "http://127.0.0.1:8001/v1", "http://127.0.0.1:8002/v1", "http://127.0.0.1:8003/v1"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now_s


class Endpoints:
    """A file of addresses that a test writes."""

    def __init__(self, *urls: str) -> None:
        self.urls = urls
        self.trouble = ""
        self.reads = 0

    def __call__(self) -> tuple[str, ...]:
        """Read it."""
        self.reads += 1
        if self.trouble:
            raise InputError(self.trouble)
        return self.urls


async def spin() -> None:
    """Let every task that can move move."""
    for _ in range(5):
        await asyncio.sleep(0)


async def warm(pool: Pool) -> Pool:
    """A pool of which every endpoint has given its first reply."""
    entered = [await pool.enter() for _ in pool.urls]
    for url in entered:
        pool.succeeded(url, 0.1)
        pool.leave(url)
    return pool


async def test_calls_go_to_the_least_busy_endpoint() -> None:
    pool = await warm(Pool((A, B, C), 8, clock=Clock()))
    entered = Counter([await pool.enter() for _ in range(9)])
    assert entered == {A: 3, B: 3, C: 3}
    pool.leave(B)
    assert await pool.enter() == B
    assert pool.in_flight == 9


async def test_the_limit_is_that_of_all_endpoints_that_can_be_reached() -> None:
    pool = await warm(Pool((A, B), 64, clock=Clock()))
    assert pool.limit == 2 * START
    pool.dead(A)
    assert pool.limit == START


async def test_one_that_is_dead_is_set_aside_and_tried_again_by_one_call() -> None:
    clock = Clock()
    pool = await warm(Pool((A, B), 8, clock=clock))
    pool.dead(A)
    assert {await pool.enter() for _ in range(4)} == {B}
    clock.now_s += 30
    entered = Counter([await pool.enter() for _ in range(4)])
    assert entered == {A: 1, B: 3}


async def test_it_is_set_aside_twice_as_long_each_time_and_never_above_ten_minutes() -> None:
    clock, waits = Clock(), []
    pool = await warm(Pool((A, B), 8, clock=clock))
    for _ in range(7):
        pool.dead(A)
        pool.dead(A)  # a second call that was on its way
        begun_s = clock.now_s
        while pool.limit == START:
            clock.now_s += 1
        waits.append(clock.now_s - begun_s)
    assert waits == [30, 60, 120, 240, 480, 600, 600]


async def test_a_reply_ends_the_count_of_deaths() -> None:
    clock = Clock()
    pool = await warm(Pool((A, B), 8, clock=clock))
    for _ in range(3):
        pool.dead(A)
        clock.now_s += 600
    pool.succeeded(A, 0.1)
    pool.dead(A)
    clock.now_s += 30
    assert pool.limit == 2 * START


async def test_where_all_are_dead_nobody_waits() -> None:
    clock = Clock()
    pool = await warm(Pool((A, B), 8, clock=clock))
    pool.dead(A)
    clock.now_s += 10
    pool.dead(B)
    with pytest.raises(NoEndpoint, match="none of 2 endpoints can be reached; the next try would be in 20 s"):
        await pool.enter()


async def test_the_only_endpoint_is_never_set_aside() -> None:
    pool = await warm(Pool((A,), 8, clock=Clock()))
    pool.dead(A)
    assert await pool.enter() == A


async def test_who_waits_at_a_dead_endpoint_goes_to_another_one() -> None:
    pool = Pool((A, B), 1, clock=Clock())
    entered = [await pool.enter(), await pool.enter()]
    waiting = [asyncio.create_task(pool.enter()) for _ in range(2)]
    await spin()
    pool.dead(A)
    pool.succeeded(B, 0.1)
    pool.leave(B)
    await spin()
    assert sorted(entered) == [A, B]
    assert [task.result() for task in waiting if task.done()] == [B]
    for task in waiting:
        task.cancel()


async def test_who_waits_where_a_429_closed_the_gate_goes_to_another_one() -> None:
    pool = await warm(Pool((A, B), 2, clock=Clock()))
    for _ in range(4):
        await pool.enter()
    waiting = [asyncio.create_task(pool.enter()) for _ in range(2)]
    await spin()
    pool.throttled(A, 60.0)
    pool.leave(B)
    pool.leave(B)
    await spin()
    assert [task.result() for task in waiting] == [B, B]


async def test_a_free_slot_is_taken_by_who_waits_elsewhere() -> None:
    pool = await warm(Pool((A, B), 1, clock=Clock()))
    await pool.enter()
    await pool.enter()
    waiting = [asyncio.create_task(pool.enter()) for _ in range(2)]  # one at each
    await spin()
    for _ in range(2):  # B answers twice, A not at all
        pool.succeeded(B, 0.1)
        pool.leave(B)
        await spin()
    assert [task.done() and task.result() for task in waiting] == [B, B]


async def test_new_endpoints_join_and_those_that_are_gone_drain() -> None:
    clock, file = Clock(), Endpoints(A, B)
    pool = await warm(Pool((A, B), 8, clock=clock, read=file))
    assert {await pool.enter(), await pool.enter()} == {A, B}
    file.urls = (B, C)
    clock.now_s += READ_S
    assert {await pool.enter() for _ in range(2)} == {B, C}
    assert (pool.urls, pool.in_flight) == ((B, C), 4)
    pool.succeeded(A, 0.1)
    pool.leave(A)
    assert pool.in_flight == 3
    clock.now_s += READ_S
    file.urls = (A, B, C)
    await pool.enter()
    assert pool.urls == (A, B, C)


async def test_the_file_is_read_at_most_every_few_seconds() -> None:
    clock, file = Clock(), Endpoints(A)
    pool = Pool((A,), 8, clock=clock, read=file)
    for _ in range(100):
        pool.refresh(clock.now_s)
        clock.now_s += 0.1
    assert file.reads == 1


async def test_a_file_that_cannot_be_used_any_more_changes_nothing_and_is_told() -> None:
    clock, file = Clock(), Endpoints(A)
    file.trouble = "endpoints.txt:3: 'x' is no http address"
    pool = await warm(Pool((A, B), 8, clock=clock, read=file))
    clock.now_s += READ_S
    assert await pool.enter() in {A, B}
    assert pool.urls == (A, B)
    assert file.trouble in pool.waiting_for()


async def test_it_says_at_which_endpoint_calls_wait() -> None:
    pool = await warm(Pool((A, B), 1, clock=Clock()))
    pool.throttled(A, 12.0)
    pool.throttled(B, 12.0)
    waiting = asyncio.create_task(pool.enter())
    await spin()
    assert pool.waiting_for() in {f"12 s: the server asked for it (429) ({url})" for url in (A, B)}
    waiting.cancel()


async def test_a_stop_lets_everybody_in() -> None:
    stopping = asyncio.Event()
    pool = Pool((A, B), 1, stopping, Clock())
    entering = [asyncio.create_task(pool.enter()) for _ in range(6)]
    await spin()
    assert pool.in_flight == 2
    stopping.set()
    assert len(await asyncio.wait_for(asyncio.gather(*entering), 1.0)) == 6


def test_endpoints_are_one_a_line_and_comments_are_left_out() -> None:
    text = f"# mine\n{A}\n\n  {B}/  # the second\n"
    assert parse_endpoints(text, "endpoints.txt") == (A, B)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{A}\nnonsense\n", "endpoints.txt:2: 'nonsense' is no http address"),
        (f"{A}\n# {A}\n{A}/", "endpoints.txt:3: the same address as in line 1"),
        ("http://me:secret@127.0.0.1/v1", "endpoints.txt:1 holds a user name or password"),
        ("# nothing\n", "endpoints.txt names no address"),
        ("", "endpoints.txt names no address"),
    ],
)
def test_what_is_no_list_of_addresses_is_refused_by_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_endpoints(text, "endpoints.txt")
    assert message in caught.value.message
    assert caught.value.fix
