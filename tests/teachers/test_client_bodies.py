import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.errors import ProviderRefused
from blackbox_kd.records import Prompt
from blackbox_kd.teachers.body import MOST_BYTES
from blackbox_kd.teachers.client import RowFailedError, TeacherClient
from blackbox_kd.teachers.target import Patience, Target

Asking = Callable[..., AbstractAsyncContextManager[TeacherClient]]
Serve = Callable[..., AbstractAsyncContextManager[Any]]
Http = Callable[..., bytes]
Said = Callable[..., dict[str, object]]
MakeTarget = Callable[..., Target]
MakePrompt = Callable[..., Prompt]
ONCE = Patience(concurrency=8, timeout_s=20, attempts=1)
UPSTREAM = {"error": {"code": 502, "message": "upstream"}}


def attempts(folder: Path) -> list[tuple[str, str | None, bytes]]:
    """(state, code, raw) of every attempt in the ledger."""
    db = sqlite3.connect(folder / "ledger.sqlite3")
    found = db.execute("SELECT state, code, raw FROM attempt ORDER BY id").fetchall()
    db.close()
    return found


async def test_an_error_in_disguise_is_tried_again_and_kept(
    serve: Serve, http: Http, said: Said, target: MakeTarget, asking: Asking, prompt: MakePrompt, tmp_path: Path
) -> None:
    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(http(200, UPSTREAM if number == 1 else said()))

    async with serve(answer) as server, asking(target(server.url)) as client:
        assert (await client.ask(prompt(), 0)).text == "Paris."
    first, second = attempts(tmp_path)
    assert (first, second[0]) == (("ambiguous", "http_502", json.dumps(UPSTREAM).encode()), "stored")


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
async def test_an_error_in_disguise_that_stays_leaves_the_row_for_later(
    wire: str, serve: Serve, http: Http, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    async with serve(http(200, UPSTREAM)) as server, asking(target(server.url, wire), patience=ONCE) as client:
        with pytest.raises(RowFailedError) as raised:
            await client.ask(prompt(), 0)
    assert (raised.value.failure.code, raised.value.failure.retryable) == ("http_502", True)


async def test_a_refusal_of_money_in_disguise_stops_the_run(
    serve: Serve, http: Http, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    answer = http(200, {"error": {"code": "insufficient_quota"}})
    async with serve(answer) as server, asking(target(server.url)) as client:
        with pytest.raises(ProviderRefused, match="insufficient_quota"):
            await client.ask(prompt(), 0)


async def test_an_endless_reply_is_cut_and_fails_its_row(
    serve: Serve, http: Http, said: Said, target: MakeTarget, asking: Asking, prompt: MakePrompt, tmp_path: Path
) -> None:
    answer = http(200, said("x" * MOST_BYTES))
    async with serve(answer) as server, asking(target(server.url), patience=ONCE) as client:
        with pytest.raises(RowFailedError) as raised:
            await client.ask(prompt(), 0)
    assert (raised.value.failure.code, raised.value.failure.retryable) == ("too_big", False)
    assert attempts(tmp_path) == [("ambiguous", "too_big", b"")]
