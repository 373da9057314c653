"""Fault matrix, rows 37 and 38: 2xx bodies that are no JSON, or broken JSON. What was paid is not asked again."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from blackbox_kd.records import Completion
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.script import OK, Body, Play, Raw, Stream
from blackbox_kd.simulate.shapes import Event
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.client import RowFailedError
from blackbox_kd.teachers.target import Api

MakeBench = Callable[..., AbstractAsyncContextManager[Any]]
WIRES: tuple[Api, ...] = ("openai", "responses", "anthropic")
ROWS = list(TASKS["tickets"].generate(20, 1, 0))
BOM = b"\xef\xbb\xbf"


async def fates(
    bench: MakeBench, wire: Api, plays: dict[str, Play], stream: bool = False
) -> tuple[dict[str, str], dict[str, bytes]]:
    """What becomes of a row for each play, its text or the code of its failure, and the bodies that the ledger keeps.

    A row is asked once, after one that is answered; a paid one is not asked again.
    """
    names = dict(zip([row.prompt for row in ROWS[1:]], plays, strict=False))

    def script(asked: Asked, attempt: int) -> Play | None:
        return plays[names[asked.prompt]] if asked.prompt in names else None

    found: dict[str, str] = {}
    raw: dict[str, bytes] = {}
    async with bench(wire, script, patience={"attempts": 1}, stream=stream) as one:
        assert word((await one.ask())[0]) == ROWS[0].reference
        for number, name in enumerate(plays, 1):
            (made,) = await one.ask(first=number)
            found[name], raw[name] = word(made), one.attempts[-1].raw
            if one.attempts[-1].state == "stored":
                assert word((await one.ask(first=number))[0]) == found[name]
        assert (len(one.seen), one.states.get("error")) == (1 + len(plays), None)
    return found, raw


def word(made: object) -> str:
    """A completion's text, a failure's code."""
    return made.failure.code if isinstance(made, RowFailedError) else made.text if isinstance(made, Completion) else ""


def answer(play: str, plays: dict[str, Play]) -> str:
    """What the teacher says to the row of a play, where nothing is in the way."""
    return ROWS[1 + list(plays).index(play)].reference


def sized(change: Callable[[bytes], bytes]) -> Raw:
    """The reply's own body, changed."""

    def framed(body: bytes) -> bytes:
        changed = change(body)
        return OK + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(changed) + changed

    return Raw(framed)


def opened(extra: bytes) -> Raw:
    """A reply whose object begins with further fields."""
    return sized(lambda body: b"{" + extra + b"," + body[1:])


NO_JSON: dict[str, Play] = {
    "empty": Body(b""),
    "html": Body(b"<html><body>Sign in to the network</body></html>", content_type="text/html"),
    "text": Body(b"The answer is 42.", content_type="text/plain"),
    "bom": sized(lambda body: BOM + body),
    "bom alone": Body(BOM),
    "ndjson": Body(b'{"choices": []}\n{"choices": []}\n', content_type="application/x-ndjson"),
    "list": Body(b"[]"),
    "null": Body(b"null"),
}


@pytest.mark.parametrize("wire", WIRES)
async def test_row_37_what_happens_to_a_success_that_is_no_json(wire: Api, bench: MakeBench) -> None:
    found, raw = await fates(bench, wire, NO_JSON)
    assert found == dict.fromkeys(NO_JSON, "malformed_paid") | {"bom": answer("bom", NO_JSON)}
    kept = {name: play.content for name, play in NO_JSON.items() if isinstance(play, Body)}
    assert {name: raw[name] for name in kept} == kept


@pytest.mark.parametrize("wire", WIRES)
async def test_row_37_what_happens_where_a_stream_was_asked_for(wire: Api, bench: MakeBench) -> None:
    found, _ = await fates(bench, wire, NO_JSON, stream=True)
    short = dict.fromkeys(("empty", "bom alone", "list", "null"), "incomplete")  # perhaps the beginning of an event
    assert found == dict.fromkeys(NO_JSON, "malformed_paid") | {"bom": answer("bom", NO_JSON)} | short


BROKEN_JSON: dict[str, Play] = {
    "cut": sized(lambda body: body[: len(body) // 2]),
    "nan": Body(lambda reply: {**reply, "usage": float("nan")}),
    "infinity": opened(b'"x":-Infinity'),
    "duplicate keys": opened(b'"choices":[],"content":[],"output":[]'),
    "endless number": opened(b'"x":' + b"9" * 5000),
    "deep": opened(b'"x":' + b"[" * 100_000 + b"]" * 100_000),
    "deep and cut": Body(b'{"x":' * 100_000),
    "surrogate": Body(lambda reply: {**reply, "note": "\ud800"}),
}


@pytest.mark.parametrize("wire", WIRES)
async def test_row_38_what_happens_to_malformed_json(wire: Api, bench: MakeBench) -> None:
    found, _ = await fates(bench, wire, BROKEN_JSON)
    fine = {name: answer(name, BROKEN_JSON) for name in ("duplicate keys", "surrogate")}
    assert found == dict.fromkeys(BROKEN_JSON, "malformed_paid") | fine


EVENTS = {
    "cut": '{"choices": [',
    "nan": '{"x": NaN}',
    "endless number": '{"x": ' + "9" * 5000 + "}",
    "deep": "[" * 100_000 + "]" * 100_000,
}


def broken(wire: Api, text: str) -> Stream:
    """A stream with an event of that text before the last one, or as the last where that is the whole reply."""
    if wire == "responses":
        return Stream(lambda events: [*events[:-1], Event("response.completed", text)])
    return Stream(lambda events: [*events[:-1], Event(events[-2].name, text), events[-1]])


@pytest.mark.parametrize("wire", WIRES)
async def test_row_38_what_happens_to_malformed_json_in_an_event(wire: Api, bench: MakeBench) -> None:
    plays: dict[str, Play] = {name: broken(wire, text) for name, text in EVENTS.items()}
    found, _ = await fates(bench, wire, plays, stream=True)
    assert found == dict.fromkeys(plays, "malformed_paid")
