"""The scheduler against simulated servers, in virtual time: how much of the rate it uses, and how many 429s."""

import asyncio
import math
import random
import selectors
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from blackbox_kd.teachers.hints import Window
from blackbox_kd.teachers.limiter import Limiter
from blackbox_kd.teachers.pace import Bucket


class Jump(selectors.SelectSelector):
    """Waits for nothing: the loop's clock jumps to its next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let the time pass, all at once."""
        assert timeout is not None, "everybody waits, and no timer runs"
        self.now_s += max(0.0, timeout)
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self) -> None:
        self._jump = Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Seconds of virtual time."""
        return self._jump.now_s


class Provider(NamedTuple):
    """A token bucket of calls, or of tokens; `retry_after_s`: inf for the exact time, 0 for none."""

    rate: float
    burst: float
    latency_s: float = 0.05
    headers: bool = True
    retry_after_s: float = 1.0
    limit: float = 0.0  # the limit that headers tell; 0: the burst
    grain_s: float = 0.001  # of the time to reset
    jitter_s: float = 0.003  # on the way
    tokens: int = 0  # of a call on average; 0: the bucket is of calls


class Server:
    """One provider at work."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.left = provider.burst
        self.at_s: float | None = None
        self.rng = random.Random(0)
        self.seen: Counter[int] = Counter()
        self.used = 0.0
        self.admitted_s: list[float] = []

    def windows(self) -> tuple[Window, ...]:
        """The headers."""
        of = self.provider
        if not of.headers:
            return ()
        reset_s = math.ceil((of.burst - self.left) / of.rate / of.grain_s - 1e-6) * of.grain_s
        return (Window("tokens" if of.tokens else "requests", of.limit or of.burst, math.floor(self.left), reset_s),)

    async def call(self, tokens: int) -> tuple[bool, float, tuple[Window, ...]]:
        """Whether the call was admitted, Retry-After, and the headers as they were when it came in."""
        of, loop = self.provider, asyncio.get_running_loop()
        await asyncio.sleep(self.rng.uniform(0, of.jitter_s))
        now_s = loop.time()
        self.left = min(of.burst, self.left + (now_s - (self.at_s or now_s)) * of.rate)
        self.at_s = now_s
        cost = tokens if of.tokens else 1
        if self.left < cost:
            self.seen[429] += 1
            wait_s = (cost - self.left) / of.rate if of.retry_after_s == math.inf else of.retry_after_s
            windows = self.windows()
            await asyncio.sleep(0.001)
            return False, wait_s, windows
        self.left -= cost
        self.used += cost
        self.seen[200] += 1
        self.admitted_s.append(now_s)
        windows = self.windows()
        await asyncio.sleep(of.latency_s)
        return True, 0.0, windows


async def ask(server: Server, limiter: Limiter, sizes: Iterator[int], reserve: int) -> None:
    """Make call after call, each until it is answered; `reserve` times the tokens that it takes are reserved."""
    loop = asyncio.get_running_loop()
    for tokens in sizes:
        admitted, attempt = False, 0
        while not admitted:
            await limiter.enter(tokens * reserve)
            begun_s = loop.time()
            admitted, wait_s, windows = await server.call(tokens)
            if admitted:
                limiter.succeeded(loop.time() - begun_s, windows)
            else:
                limiter.throttled(wait_s, windows)
            limiter.leave(tokens * reserve)
            if not admitted:
                ceiling_s = 0.5 + 0.1 * wait_s if wait_s else min(60.0, 2.0**attempt)
                await asyncio.sleep(wait_s + server.rng.uniform(0.05 * ceiling_s, ceiling_s))
            attempt += 1


def in_virtual_time(work: Callable[[], Awaitable[Any]]) -> None:
    """Run to the end."""
    with asyncio.Runner(loop_factory=Loop) as runner:

        async def main() -> None:
            await work()

        runner.run(main())


class Outcome(NamedTuple):
    """Shares of the rate, of what was permitted (the bucket's content and the rate times the time), and of 429s."""

    of_rate: float
    of_permitted: float
    refused: float


def outcome(provider: Provider, calls: int = 2_000, reserve: int = 1, queues: bool = False, most: int = 64) -> Outcome:
    """So many calls by 64 workers."""
    server, rng = Server(provider), random.Random(1)
    mean = provider.tokens or 1
    sizes = iter([rng.randint(max(1, mean // 4), 2 * mean - mean // 4) for _ in range(calls)])

    async def work() -> None:
        limiter = Limiter(most, clock=asyncio.get_running_loop().time, queues=queues)
        await asyncio.gather(*(ask(server, limiter, sizes, reserve) for _ in range(64)))

    in_virtual_time(work)
    took_s = server.admitted_s[-1] - server.admitted_s[0]
    permitted = min(provider.burst, server.used) + provider.rate * took_s
    refused = server.seen[429] / server.seen.total()
    return Outcome(server.used / (provider.rate * took_s), server.used / permitted, refused)


@pytest.mark.parametrize(
    "provider",
    [
        Provider(50, 50),
        Provider(5, 5),
        Provider(300, 300),
        Provider(50, 500),
        Provider(50, 10),
        Provider(5, 300, latency_s=1.0),
        Provider(50, 50, jitter_s=0.0),
        Provider(50, 50, grain_s=1.0),  # times in whole seconds, as Anthropic's
        Provider(50, 50, limit=3_000),  # the limit is of a minute, the bucket of a second
    ],
    ids=str,
)
def test_with_headers_it_reaches_95_percent_of_the_rate_and_below_1_percent_429s(provider: Provider) -> None:
    reached = outcome(provider)
    assert reached.of_rate >= 0.95
    assert reached.of_permitted >= 0.95
    assert reached.refused < 0.01


@pytest.mark.parametrize("reserve", [1, 10])
def test_tokens_a_minute_are_used_up_however_much_is_reserved(reserve: int) -> None:
    reached = outcome(Provider(50 * 200, 50 * 200, tokens=200), reserve=reserve)
    assert reached.of_permitted >= 0.95
    assert reached.refused < 0.01


@pytest.mark.parametrize(
    "provider",
    [
        Provider(50, 50, headers=False),
        Provider(50, 50, headers=False, retry_after_s=0.0),
        Provider(50, 50, headers=False, retry_after_s=math.inf),
        Provider(5, 5, headers=False),
        Provider(300, 300, headers=False, retry_after_s=0.0),
        Provider(50, 500, headers=False),
        Provider(50, 10, headers=False),
        Provider(5, 50, headers=False, latency_s=1.0),
    ],
    ids=str,
)
def test_without_headers_it_reaches_85_percent_of_the_rate_and_below_5_percent_429s(provider: Provider) -> None:
    reached = outcome(provider)
    assert reached.of_rate >= 0.85
    assert reached.of_permitted >= 0.85
    assert reached.refused < 0.05


@pytest.mark.parametrize("headers", [True, False])
def test_a_server_of_ones_own_with_a_limit_is_used_as_well(headers: bool) -> None:
    reached = outcome(Provider(50, 50, headers=headers), queues=True)
    assert reached.of_rate >= 0.95
    assert reached.refused < (0.01 if headers else 0.05)


@pytest.mark.parametrize(("per_minute", "grain_s"), [(5, 0.001), (5, 1.0), (10, 0.001), (10, 1.0)])
def test_a_bucket_of_one_call_whose_headers_tell_the_limit_of_a_minute_converges(
    per_minute: int, grain_s: float
) -> None:
    one = Provider(per_minute / 60, 1, latency_s=0.5, limit=per_minute, retry_after_s=math.inf, grain_s=grain_s)
    reached = outcome(one, calls=60)
    assert reached.of_rate >= 0.9
    assert reached.refused < 0.05


def test_five_requests_a_minute_for_64_workers_converge() -> None:
    reached = outcome(Provider(5 / 60, 5, latency_s=0.5, headers=False, retry_after_s=60.0), calls=100)
    assert reached.of_rate >= 0.85
    assert reached.refused < 0.10


class Queue(NamedTuple):
    """A server that takes so many calls at a time, and lets all others wait."""

    places: int
    work_s: float

    async def call(self, places: asyncio.Semaphore, rng: random.Random) -> None:
        """Wait for a place, and work."""
        async with places:
            await asyncio.sleep(self.work_s * rng.uniform(0.7, 1.3))


def queue_outcome(queue: Queue, calls: int, most: int) -> tuple[float, float]:
    """Calls a second and mean latency in the second half of a run."""
    ends: list[tuple[float, float]] = []

    async def work() -> None:
        loop, rng, rows = asyncio.get_running_loop(), random.Random(0), iter(range(calls))
        limiter, places = Limiter(most, clock=loop.time, queues=True), asyncio.Semaphore(queue.places)

        async def worker() -> None:
            for _ in rows:
                await limiter.enter()
                begun_s = loop.time()
                await queue.call(places, rng)
                ends.append((loop.time(), loop.time() - begun_s))
                limiter.succeeded(loop.time() - begun_s)
                limiter.leave()

        await asyncio.gather(*(worker() for _ in range(most)))

    in_virtual_time(work)
    half = ends[len(ends) // 2 :]
    return (len(half) - 1) / (half[-1][0] - half[0][0]), sum(latency_s for _, latency_s in half) / len(half)


@pytest.mark.parametrize("queue", [Queue(24, 0.05), Queue(4, 1.0), Queue(100, 1.0)], ids=str)
def test_a_server_that_queues_is_kept_busy_and_its_queue_short(queue: Queue) -> None:
    rate, latency_s = queue_outcome(queue, calls=4_000, most=512)
    assert rate >= 0.9 * queue.places / queue.work_s
    assert latency_s <= 6 * queue.work_s  # with all 512 in flight: 5 to 128 times


@settings(deadline=None, max_examples=40)
@given(
    sent=st.lists(st.tuples(st.floats(0, 0.2), st.integers(0, 5)), max_size=60),
    rate=st.floats(0.5, 100),
    size=st.integers(1, 50),
)
@example(sent=[(0.0, 3)] * 30, rate=50.0, size=50)
def test_never_more_is_sent_than_an_exact_header_allows(sent: list[tuple[float, int]], rate: float, size: int) -> None:
    now_s, left, bucket = 100.0, float(size - 1), Bucket(Window("requests", size, size - 1, 1 / rate), 100.0)
    bucket.read(now_s, now_s, Window("requests", size, size - 1, 1 / rate))
    for pause_s, calls in sent:
        now_s, left = now_s + pause_s, min(size, left + pause_s * rate)
        for _ in range(calls):
            if bucket.wait_s(now_s, 0) == 0:
                bucket.take(now_s, 0)
                left -= 1
                bucket.read(now_s, now_s, Window("requests", size, math.floor(left + 1e-9), (size - left) / rate))
    assert left >= -1e-6


def test_of_a_late_header_nothing_counts_twice_that_was_sent_meanwhile() -> None:
    bucket = Bucket(Window("requests", 50, 49, 0.02), 0.0)
    bucket.read(0.0, 0.0, Window("requests", 50, 49, 0.02))
    for call in range(10):
        bucket.take(1.0 + call / 100, 0)
    bucket.read(1.1, 1.0, Window("requests", 50, 49, 0.02))  # of the first of them: nine are on their way
    assert bucket.level == pytest.approx(49 - 9 + 0.1 * 50)
