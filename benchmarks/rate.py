"""What share of a provider's permitted rate the scheduler reaches, and what share of its requests are answered 429.

    .venv/bin/python benchmarks/rate.py
    .venv/bin/python benchmarks/rate.py --rates 50 --bursts 50 --headers openai none --requests 2000
    .venv/bin/python benchmarks/rate.py --overhead

A token-bucket server on a real socket, in a process of its own; a plain aiohttp client that knows nothing of its limits
but what `teachers.limiter` learns. The permitted number of requests is the bucket's content plus rate times seconds.
"""

import argparse
import asyncio
import contextlib
import itertools
import math
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import aiohttp
from aiohttp import web

from blackbox_kd.teachers.hints import Window, retry_after_s, windows
from blackbox_kd.teachers.limiter import Limiter

HEADERS = ("openai", "anthropic", "none")


class Case(NamedTuple):
    """One server: requests a second, size of the bucket, latency, style of headers, seconds of Retry-After."""

    rate: float
    burst: float
    latency_s: float
    headers: str
    retry_after_s: float


class Bucket:
    """A token bucket of requests that refills evenly."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.left = case.burst
        self.at_s = time.monotonic()

    def admits(self) -> bool:
        """Take one request out of the bucket, if there is one."""
        now_s = time.monotonic()
        self.left = min(self.case.burst, self.left + (now_s - self.at_s) * self.case.rate)
        self.at_s = now_s
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def told(self) -> dict[str, str]:
        """The bucket as a provider's headers tell it."""
        full_s = (self.case.burst - self.left) / self.case.rate
        if self.case.headers == "openai":
            return {
                "x-ratelimit-limit-requests": f"{self.case.burst:.0f}",
                "x-ratelimit-remaining-requests": str(int(self.left)),
                "x-ratelimit-reset-requests": f"{full_s:.3f}s" if full_s >= 1 else f"{1000 * full_s:.0f}ms",
            }
        if self.case.headers == "anthropic":
            full = datetime.now(UTC) + timedelta(seconds=math.ceil(full_s))
            return {
                "anthropic-ratelimit-requests-limit": f"{self.case.burst:.0f}",
                "anthropic-ratelimit-requests-remaining": str(int(self.left)),
                "anthropic-ratelimit-requests-reset": full.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        return {}


async def serve(case: Case) -> None:
    """Serve one case until the process is ended; prints the port first."""
    bucket = Bucket(case)

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        admitted, told = bucket.admits(), bucket.told()
        if not admitted:
            after = {"retry-after": f"{case.retry_after_s:g}"} if case.retry_after_s else {}
            return web.Response(status=429, headers=told | after)
        await asyncio.sleep(case.latency_s)
        return web.Response(text="{}", headers=told)

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def server(case: Case) -> AsyncIterator[str]:
    """A server in a child process; yields its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--serve", *map(str, case), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}/"
    finally:
        process.terminate()
        await process.wait()


async def worker(session: aiohttp.ClientSession, url: str, limiter: Limiter, rows: Iterator[int]) -> Counter[int]:
    """Ask row after row, each until it is answered; counts the answers by status."""
    rng, seen = random.Random(0), Counter[int]()
    for _ in rows:
        for attempt in itertools.count():
            await limiter.enter()
            begun = time.monotonic()
            async with session.post(url, data=b"{}") as response:
                await response.read()
                status, told = response.status, response.headers
            now_s = time.time()
            seen[status] += 1
            if status == 200:
                limiter.succeeded(time.monotonic() - begun, windows(told, now_s))
                limiter.leave()
                break
            wait_s = retry_after_s(told, now_s) or 0.0
            limiter.throttled(wait_s, windows(told, now_s))
            limiter.leave()
            await asyncio.sleep(wait_s + rng.uniform(0.05, 0.5 + 0.1 * wait_s if wait_s else min(60.0, 2.0**attempt)))
    return seen


async def measure(case: Case, requests: int, most: int, queues: bool) -> str:
    """One case as a row of the table."""
    limiter, rows = Limiter(most, queues=queues), iter(range(requests))
    connector = aiohttp.TCPConnector(limit=0)
    async with server(case) as url, aiohttp.ClientSession(connector=connector) as session:
        begun, cpu_s = time.monotonic(), time.process_time()
        counts = await asyncio.gather(*(worker(session, url, limiter, rows) for _ in range(most)))
        took_s, cpu_s = time.monotonic() - begun, time.process_time() - cpu_s
    seen = sum(counts, Counter[int]())
    cells = [f"{case.rate:g}", f"{case.burst:g}", f"{1000 * case.latency_s:g} ms", case.headers]
    cells.append(f"{case.retry_after_s:g} s" if case.retry_after_s else "none")
    cells += [f"{took_s:.1f}", f"{100 * requests / took_s / case.rate:.1f} %"]
    cells.append(f"{100 * requests / (case.burst + case.rate * took_s):.1f} %")
    cells += [f"{100 * seen[429] / seen.total():.2f} % ({seen[429]})", f"{1000 * cpu_s / requests:.2f}"]
    return "| " + " | ".join(cells) + " |"


async def grid(chosen: argparse.Namespace) -> None:
    """Measure all cases, one after the other."""
    head = "| rate/s | burst | latency | headers | retry-after | s | of rate | of permitted | 429s | CPU ms/request |"
    sys.stdout.write(head + "\n" + "|---" * head.count(" | ") + "|---|\n")
    for rate, burst, style, after_s in itertools.product(
        chosen.rates, chosen.bursts, chosen.headers, chosen.retry_after_s
    ):
        case = Case(rate, burst * rate if chosen.burst_s else burst, chosen.latency_s, style, after_s)
        sys.stdout.write(await measure(case, chosen.requests, chosen.concurrency, chosen.queues) + "\n")
        sys.stdout.flush()


async def loop_cpu_s(calls: int, in_flight: int, limiter: Limiter | None, told: tuple[Window, ...]) -> float:
    """CPU seconds of so many calls that do nothing but sleep."""
    rows = iter(range(calls))

    async def sleeper() -> None:
        for _ in rows:
            if limiter:
                await limiter.enter(100)
            await asyncio.sleep(0.01)
            if limiter:
                limiter.succeeded(0.01, told)
                limiter.leave(100)

    begun_s = time.process_time()
    await asyncio.gather(*(sleeper() for _ in range(2 * in_flight if limiter else in_flight)))
    return time.process_time() - begun_s


def overhead(calls: int = 20_000) -> str:
    """What entering and leaving costs, twice as many callers as slots, at a server without a limit."""
    told = (Window("requests", 1e9, 9e8, 6.0), Window("tokens", 1e12, 9e11, 6.0))
    lines = ["| in flight | rate headers | CPU microseconds a call |", "|---|---|---|"]
    for in_flight, windows_ in itertools.product((64, 512), ((), told)):
        bare = min(asyncio.run(loop_cpu_s(calls, in_flight, None, ())) for _ in range(3))
        limited = min(asyncio.run(loop_cpu_s(calls, in_flight, Limiter(in_flight), windows_)) for _ in range(3))
        lines.append(f"| {in_flight} | {len(windows_) or 'none'} | {1e6 * (limited - bare) / calls:.1f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print a Markdown table, or serve one case."""
    if sys.argv[1:2] == ["--serve"]:
        rate, burst, latency_s, headers, retry_after = sys.argv[2:7]
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(Case(float(rate), float(burst), float(latency_s), headers, float(retry_after))))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--rates", type=float, nargs="+", default=[50.0], help="requests a second")
    parser.add_argument("--bursts", type=float, nargs="+", default=[50.0], help="requests that a full bucket holds")
    parser.add_argument("--burst-s", action="store_true", help="bursts are in seconds of the rate")
    parser.add_argument("--headers", nargs="+", choices=HEADERS, default=HEADERS)
    parser.add_argument("--retry-after-s", type=float, nargs="+", default=[1.0], help="0: no such header")
    parser.add_argument("--latency-s", type=float, default=0.05)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--queues", action="store_true", help="as for a server of one's own")
    parser.add_argument("--overhead", action="store_true", help="measure what the scheduler itself costs")
    chosen = parser.parse_args()
    if chosen.overhead:
        sys.stdout.write(overhead())
    else:
        asyncio.run(grid(chosen))


if __name__ == "__main__":
    main()
