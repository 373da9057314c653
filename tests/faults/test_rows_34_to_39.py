"""Fault matrix, rows 34, 35 and 39: silence, broken framing, and errors that come as 200."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from blackbox_kd.errors import ProviderRefused
from blackbox_kd.simulate.script import (
    Body,
    Drip,
    Play,
    Raw,
    Stop,
    Stream,
    bad_chunk,
    http_1_0,
    interim,
    long_length,
    no_status_line,
    short_length,
)

Bench = Callable[..., AbstractAsyncContextManager[Any]]
WIRE = pytest.mark.parametrize("wire", ["openai", "anthropic"])
SOON_S = 0.3
SILENCES = [Stop("request", "silence"), Stop("headers", "silence"), Stop("half", "silence")]


@WIRE
async def test_row_34_what_happens_in_a_silence_is_that_the_deadline_ends_it(wire: str, bench: Bench) -> None:
    began = time.monotonic()
    async with bench(wire, [*SILENCES, Drip(50.0)], times=1, patience={"timeout_s": SOON_S}) as one:
        made = await one.ask(4)
    assert SOON_S <= time.monotonic() - began < 3.0
    assert made == await one.without_faults(4)
    assert one.states == {"ambiguous": 4, "stored": 4}
    assert {attempt.code for attempt in one.attempts} == {"timeout", None}
    assert one.billed == 8


@WIRE
async def test_row_34_what_happens_in_a_streams_silence_is_that_it_ends(wire: str, bench: Bench) -> None:
    patience = {"timeout_s": 60, "first_token_s": SOON_S, "idle_s": SOON_S}
    async with bench(wire, [*SILENCES, Stream("silence")], times=1, patience=patience, stream=True) as one:
        assert await one.ask(4) == await one.without_faults(4)
    assert one.states == {"ambiguous": 4, "stored": 4}
    assert one.billed == 8


@WIRE
async def test_row_34_what_happens_to_a_stream_that_drips_is_that_it_comes_whole(wire: str, bench: Bench) -> None:
    patience = {"timeout_s": 0.1, "first_token_s": 5, "idle_s": 1}
    async with bench(wire, Drip(10_000.0), patience=patience, stream=True) as one:
        began = time.monotonic()
        assert await one.ask() == await one.without_faults()
    assert time.monotonic() - began > 0.1
    assert one.states == {"stored": 1}


@WIRE
async def test_row_35_what_happens_with_broken_framing_is_another_attempt(wire: str, bench: Bench) -> None:
    broken: list[Play] = [Raw(framing) for framing in (short_length, long_length, bad_chunk, no_status_line)]
    async with bench(wire, broken, times=1) as one:
        assert await one.ask(4) == await one.without_faults(4)
    assert one.states == {"ambiguous": 4, "stored": 4}
    assert one.billed == 8


@WIRE
async def test_row_35_what_happens_with_unusual_framing_is_a_reply(wire: str, bench: Bench) -> None:
    unusual: list[Play] = [Raw(http_1_0), Raw(interim)]
    async with bench(wire, unusual) as one:
        assert await one.ask(4) == await one.without_faults(4)
    assert one.states == {"stored": 4}


def disguised(code: object) -> Body:
    """A gateway's error, sent as 200; the provider behind it was not paid."""
    return Body(lambda _: {"error": {"code": code, "message": "Provider returned error"}}, billed=False)


@WIRE
async def test_row_39_what_happens_with_a_passing_error_in_a_200_is_another_attempt(wire: str, bench: Bench) -> None:
    passing: list[Play] = [disguised(code) for code in (408, 500, 502, 503, "invalid")]
    async with bench(wire, passing, times=1) as one:
        assert await one.ask(5) == await one.without_faults(5)
    assert one.states == {"ambiguous": 5, "stored": 5}
    assert set(one.limits) == {8}


@WIRE
async def test_row_39_what_happens_with_a_429_in_a_200_is_one_cut(wire: str, bench: Bench) -> None:
    async with bench(wire, disguised(429), after=1, times=1) as one:
        assert await one.ask(4) == await one.without_faults(4)
    assert one.states == {"ambiguous": 3, "stored": 4}
    assert set(one.limits) == {5}


@WIRE
async def test_row_39_what_happens_with_a_refused_row_in_a_200_is_that_it_fails_once(wire: str, bench: Bench) -> None:
    refused: list[Play] = [disguised(code) for code in (400, "context_length_exceeded", "content_filter")]
    async with bench(wire, refused, after=1) as one:
        _, *errors = await one.ask(4)
    assert [(error.failure.retryable, error.failure.attempts) for error in errors] == [(False, 1)] * 3


@pytest.mark.parametrize("code", [401, "insufficient_quota", "model_not_found"])
@WIRE
async def test_row_39_what_happens_with_a_refusal_in_a_200_is_that_the_run_stops(
    wire: str, code: object, bench: Bench
) -> None:
    async with bench(wire, disguised(code), after=3) as one:
        with pytest.raises(ProviderRefused):
            await one.buy(20)
    assert 1 <= len(one.seen) - 3 <= 8
    assert (one.most_asked, one.states["stored"]) == (1, 3)
