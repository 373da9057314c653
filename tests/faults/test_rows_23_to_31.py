"""Fault matrix, rows 23 to 31 but for 27 (25 is with the commands): refusals by status, and connections that fail."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from blackbox_kd.errors import ProviderRefused, ProviderUnavailable
from blackbox_kd.records import Completion
from blackbox_kd.simulate.script import Error, Idle, Play, Stop
from blackbox_kd.teachers.client import RowFailedError

Bench = Callable[..., AbstractAsyncContextManager[Any]]
WIRE = pytest.mark.parametrize("wire", ["openai", "anthropic"])
CANARY = b"<html>\x1b[31m\x1b]0;owned\x07<b>Bad\xff gateway\x00</b>\r\n</html>\x9b2J"


@WIRE
async def test_row_23_what_happens_with_an_error_page_is_another_attempt(wire: str, bench: Bench) -> None:
    pages = [Error(status, body=CANARY, content_type="text/html") for status in (500, 502, 503, 504)]
    async with bench(wire, pages, times=2) as one:
        assert await one.ask(4) == await one.without_faults(4)
    assert one.states == {"error": 8, "stored": 4}
    assert set(one.limits) == {8}  # no cut
    assert all(wait_s >= 0.05 for wait_s in one.waits)


@WIRE
async def test_row_23_what_happens_to_the_page_is_that_it_is_kept_raw_and_told_clean(wire: str, bench: Bench) -> None:
    async with bench(wire, Error(502, body=CANARY, content_type="text/html")) as one:
        (error,) = await one.ask()
    assert isinstance(error, RowFailedError)
    assert error.failure.retryable
    assert "Bad\ufffd gateway" in error.failure.message
    assert error.failure.message.isprintable()
    assert [attempt.raw for attempt in one.attempts] == [CANARY] * 3


@pytest.mark.parametrize("code", ["context_length_exceeded", "content_filter", "content_policy_violation"])
async def test_row_24_what_happens_with_a_refused_row_is_that_it_fails_once(code: str, bench: Bench) -> None:
    async with bench("openai", Error(400, "No.", code=code), after=2) as one:
        made = await one.ask(4)
        again = await one.ask(4)
    failed = [error.failure for error in made if isinstance(error, RowFailedError)]
    assert [(row.code, row.retryable, row.attempts) for row in failed] == [(code, False, 1)] * 2
    assert [error.failure for error in again if isinstance(error, RowFailedError)] == failed
    assert one.states == {"error": 2, "stored": 2}
    assert len(one.seen) == 4


@WIRE
async def test_row_26_what_happens_with_other_refusals_is_that_the_row_fails(wire: str, bench: Bench) -> None:
    refusals = [Error(status, type="odd", code="odd") for status in (413, 418, 422, 451)]
    async with bench(wire, refusals, after=1) as one:
        completion, *errors = await one.ask(5)
    assert isinstance(completion, Completion)
    assert [(error.failure.retryable, error.failure.attempts) for error in errors] == [(False, 1)] * 4
    assert one.states == {"error": 4, "stored": 1}


@WIRE
async def test_row_26_what_happens_with_an_unknown_5xx_is_another_attempt(wire: str, bench: Bench) -> None:
    async with bench(wire, Error(599), times=1) as one:
        assert await one.ask(2) == await one.without_faults(2)
    assert one.states == {"error": 2, "stored": 2}


@WIRE
async def test_row_28_what_happens_when_a_server_wants_no_retry_is_none(wire: str, bench: Bench) -> None:
    async with bench(wire, Error(503, headers={"x-should-retry": "false"}), times=1) as one:
        (error,) = await one.ask()
        assert await one.ask() == await one.without_faults()
    assert isinstance(error, RowFailedError)
    assert (error.failure.retryable, error.failure.attempts) == (True, 1)
    assert one.waits == []


@WIRE
async def test_row_28_what_happens_when_a_refusal_wants_a_retry_is_still_a_stop(wire: str, bench: Bench) -> None:
    async with bench(wire, Error(401, headers={"x-should-retry": "true"})) as one:
        with pytest.raises(ProviderRefused):
            await one.buy(20)
    assert (len(one.seen), one.waits) == (1, [])


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://teacher.invalid:81"])
@WIRE
async def test_row_29_what_happens_when_nobody_listens_is_a_few_attempts(wire: str, url: str, bench: Bench) -> None:
    async with bench(wire, url=url, patience={"attempts": 6}) as one:
        with pytest.raises(ProviderUnavailable, match=url.removeprefix("http://")) as raised:
            await one.buy(50)
    assert raised.value.exit_code == 6
    assert "Run the same command" in raised.value.fix
    assert set(one.states) == {"error"}  # nothing was sent
    assert len(one.attempts) <= 2 * 8 + 20 + 10  # workers, retries that the budget pays for, retries that it denies


@WIRE
async def test_row_30_what_happens_when_the_connection_breaks_is_another_attempt_and_an_ambiguous_one(
    wire: str, bench: Bench
) -> None:
    breaks: list[Play] = [Stop(after, "reset") for after in ("request", "headers", "half")]
    breaks += [Stop(after, "close") for after in ("request", "headers", "half")]
    async with bench(wire, breaks, times=1) as one:
        assert await one.ask(6) == await one.without_faults(6)
    assert one.states == {"ambiguous": 6, "stored": 6}
    assert one.billed == 12
    assert {attempt.code for attempt in one.attempts} == {"connection_lost", None}


@WIRE
async def test_row_30_what_happens_when_every_connection_breaks_is_three_attempts(wire: str, bench: Bench) -> None:
    async with bench(wire, Stop("half", "reset"), patience={"attempts": 6}) as one:
        made = await one.ask(2)
    assert [(error.failure.retryable, error.failure.attempts) for error in made] == [(True, 3)] * 2
    assert one.billed == one.states["ambiguous"] == 6


@WIRE
async def test_row_31_what_happens_when_an_idle_connection_closes_is_a_reply_billed_once(
    wire: str, bench: Bench
) -> None:
    async with bench(wire, Idle(0.0), patience={"concurrency": 1}) as one:
        assert await one.ask(8) == await one.without_faults(8)
    assert one.billed == one.states["stored"] == 8


@WIRE
async def test_row_31_what_happens_when_a_reset_meets_the_next_request_is_one_more(wire: str, bench: Bench) -> None:
    lost = Stop("request", "reset", billed=False)
    async with bench(wire, lost, after=1, times=1, patience={"concurrency": 1}) as one:
        assert await one.ask(2) == await one.without_faults(2)
    assert one.states == {"ambiguous": 1, "stored": 2}
    assert one.billed == 2


@WIRE
async def test_row_31_what_happens_when_the_connection_closed_long_ago_is_nothing(wire: str, bench: Bench) -> None:
    async with bench(wire, Idle(0.01)) as one:
        first = await one.ask(1)
        await asyncio.sleep(0.05)
        assert first + await one.ask(1, 1) == await one.without_faults(2)
    assert one.states == {"stored": 2}
