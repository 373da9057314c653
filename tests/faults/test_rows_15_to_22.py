"""Fault matrix, rows 15 to 22: clocks, wait hints, limits, and refusals that are about money."""

import random
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blackbox_kd.errors import ProviderRefused, ProviderUnavailable
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.script import Error, Play, Raw

Bench = Callable[..., AbstractAsyncContextManager[Any]]
WIRE = pytest.mark.parametrize("wire", ["openai", "anthropic"])
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NUMBERS = ("nan", "inf", "-5", "1e9", "1000000000", "1_000")
TEXTS = ("৪৫", "", " ", "0", "soon", "0x10", "9" * 5_000)


def http_date(at: datetime) -> str:
    """A point in time as HTTP headers write it."""
    return f"{at:%a, %d %b %Y %H:%M:%S} GMT"


@WIRE
async def test_row_15_what_happens_when_the_wall_clock_jumps_is_nothing(wire: str, bench: Bench) -> None:
    ahead = {"s": 0.0}
    dated = {"date": http_date(NOON), "retry-after": http_date(NOON + timedelta(seconds=30))}
    hints = ({"retry-after": "30"}, dated, {"retry-after-ms": "30000"})

    def jumping(asked: Asked, attempt: int) -> Play:
        ahead["s"] = random.Random(attempt).choice((-3600.0, 3600.0))
        return Error(503, headers=hints[attempt - 1])

    async with bench(wire, jumping, times=3, patience={"attempts": 4, "timeout_s": 60}) as one:
        one.client.clock = lambda: time.time() + ahead["s"]
        assert await one.ask(4) == await one.without_faults(4)
    assert len(one.waits) == 12
    assert all(30 <= wait_s <= 33.5 for wait_s in one.waits)


@pytest.mark.parametrize("hours", [-1, 1])
@WIRE
async def test_row_16_what_happens_when_the_servers_clock_is_an_hour_off_is_that_the_difference_counts(
    wire: str, hours: int, bench: Bench
) -> None:
    there = datetime.now(UTC) + timedelta(hours=hours)
    dated = {"date": http_date(there), "retry-after": http_date(there + timedelta(seconds=40))}
    async with bench(wire, Error(503, headers=dated), times=1) as one:
        assert await one.ask(3) == await one.without_faults(3)
    assert len(one.waits) == 3
    assert all(40 <= wait_s <= 44.5 for wait_s in one.waits)


@pytest.mark.parametrize(
    ("wire", "headers", "floor_s"),
    [
        ("openai", {"retry-after": "0.15"}, 0.15),
        ("openai", {"retry-after-ms": "150", "retry-after": "20"}, 0.15),
        ("openai", {}, 0.05),
        ("anthropic", {"retry-after": "1"}, 1.0),
        ("anthropic", {"retry-after-ms": "150"}, 0.15),
        ("anthropic", {}, 0.05),
    ],
)
async def test_row_17_what_happens_after_a_429_is_that_nobody_comes_before_the_hint(
    wire: str, headers: dict[str, str], floor_s: float, bench: Bench
) -> None:
    async with bench(wire, Error(429, headers=headers), after=1, times=1) as one:
        assert await one.ask(3) == await one.without_faults(3)
    came = {(arrival.prompt, arrival.attempt): arrival.at_s for arrival in one.seen}
    waited = [at_s - came[prompt, 1] for (prompt, attempt), at_s in came.items() if attempt == 2]
    assert len(waited) == 2
    assert floor_s <= min(*waited, *one.waits)


@WIRE
async def test_row_17_what_happens_in_a_burst_of_429s_is_one_cut(wire: str, bench: Bench) -> None:
    async with bench(wire, Error(429, headers={"retry-after-ms": "250"}), after=1, times=1) as one:
        assert await one.ask(9) == await one.without_faults(9)
    assert one.limits == [5] * 8  # of 8


@WIRE
async def test_row_17_what_happens_without_a_hint_is_jitter(wire: str, bench: Bench) -> None:
    async with bench(wire, Error(429), after=1, times=1) as one:
        assert await one.ask(9) == await one.without_faults(9)
    assert len(set(one.waits)) == 8
    assert all(0.05 <= wait_s <= 1.0 for wait_s in one.waits)


@pytest.mark.parametrize("hints", [NUMBERS, TEXTS], ids=["numbers", "texts"])
@pytest.mark.parametrize("status", [429, 503])
@WIRE
async def test_row_18_what_happens_with_a_hostile_hint_is_an_ordinary_backoff(
    wire: str, status: int, hints: tuple[str, ...], bench: Bench
) -> None:
    left, rows = list(hints), 1 + len(hints)

    def hostile(asked: Asked, attempt: int) -> Play:
        return Error(status, headers={"retry-after": left.pop()})

    async with bench(wire, hostile, after=1, times=1) as one:
        assert await one.ask(rows) == await one.without_faults(rows)
    assert len(one.waits) == len(hints)
    assert all(0.05 <= wait_s <= 1.0 for wait_s in one.waits)


@WIRE
async def test_row_18_what_happens_with_a_hint_of_10_mb_is_a_broken_response(wire: str, bench: Bench) -> None:
    endless = Raw(b"HTTP/1.1 429 X\r\nretry-after: " + b"9" * 10_000_000 + b"\r\n\r\n", billed=False)
    async with bench(wire, endless, times=1) as one:
        assert await one.ask() == await one.without_faults()
    assert one.states == {"ambiguous": 1, "stored": 1}


SPENT = [
    Error(429, type="insufficient_quota", code="insufficient_quota"),
    Error(429, code="credit_balance_exhausted"),
    Error(429, code="organization_spend_limit_exceeded"),
    Error(429, code="project_spend_limit_exceeded"),
    Error(429, code="organization_usage_limit_exceeded"),
    Error(429, code="billing_hard_limit_reached"),
]
ENFORCED = (
    b'{"type": "error", "error": {"type": "rate_limit_error", "message": "Spend limit reached.",'
    b' "details": {"error_code": "enforced_spend_limit_reached"}}}'
)
SELF_SET = "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."
CLAUDE_SPENT = [
    Error(429, body=ENFORCED),
    Error(400, SELF_SET, type="invalid_request_error"),
    Error(402, "Your credit is used up.", type="billing_error"),
]


async def refused(one: Any) -> None:
    """Three rows of thirty are paid, then every request is refused: each call in flight once, and no row again."""
    with pytest.raises(ProviderRefused) as raised:
        await one.buy(30)
    assert raised.value.exit_code == 5
    assert "/settings/" in raised.value.fix
    assert one.states["stored"] == one.billed == 3
    assert 1 <= len(one.seen) - 3 <= 8
    assert (one.most_asked, one.waits) == (1, [])


@pytest.mark.parametrize("play", SPENT, ids=lambda play: play.code)
async def test_row_19_what_happens_when_the_money_is_spent_is_that_the_run_stops(play: Error, bench: Bench) -> None:
    async with bench("openai", play, after=3) as one:
        await refused(one)


@pytest.mark.parametrize("play", CLAUDE_SPENT, ids=["enforced limit", "own limit", "402"])
async def test_row_20_what_happens_when_the_money_is_spent_is_that_the_run_stops(play: Error, bench: Bench) -> None:
    async with bench("anthropic", play, after=3) as one:
        await refused(one)


DAILY = [
    Error(429, "Rate limit reached for requests per day (RPD): Limit 200. Try again later."),
    Error(429, "Slow down.", headers={"retry-after": "21600"}),
    Error(429, "Slow down.", headers={"retry-after": "999999"}),
]


@pytest.mark.parametrize("play", DAILY, ids=["in words", "6 hours", "11 days"])
@WIRE
async def test_row_21_what_happens_at_a_daily_limit_is_a_stop_with_the_time(
    wire: str, play: Error, bench: Bench
) -> None:
    async with bench(wire, play, after=3) as one:
        with pytest.raises(ProviderUnavailable, match=r"It asks to wait \d+ (h|min)") as raised:
            await one.buy(30)
    assert "Run the same command after 20" in raised.value.fix
    assert (one.states["stored"], one.most_asked, one.waits) == (3, 1, [])


OVERLOADED = Error(529, "Overloaded", type="overloaded_error")


async def test_row_22_what_happens_when_an_overload_passes_is_that_all_recover(bench: Bench) -> None:
    async with bench("anthropic", OVERLOADED, times=3, patience={"attempts": 6}) as one:
        assert await one.ask(4) == await one.without_faults(4)
    assert one.states == {"error": 12, "stored": 4}
    assert all(0.15 <= wait_s <= 12.0 for wait_s in one.waits)
    assert set(one.limits) == {8}  # no cut


async def test_row_22_what_happens_when_an_overload_stays_is_that_the_retry_budget_ends_it(bench: Bench) -> None:
    async with bench("anthropic", OVERLOADED, after=3, patience={"attempts": 6}) as one:
        with pytest.raises(ProviderUnavailable) as raised:
            await one.buy(100)
    assert raised.value.exit_code == 6
    assert one.states["stored"] == 3
    assert len(one.waits) == 20  # what 100 tokens pay for
    assert len(one.seen) <= 3 + 8 + 20 + 10  # answered, in flight, retried, denied
