"""Fault matrix, row 36: bodies without end, gzip bombs, nested and wrong encodings, on every wire, streamed or not."""

import contextlib
import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.simulate.script import Body, Large, Play
from blackbox_kd.teachers.body import MOST_BYTES
from blackbox_kd.teachers.client import RowFailedError
from blackbox_kd.teachers.target import Api

MakeBench = Callable[..., AbstractAsyncContextManager[Any]]
WIRES: tuple[Api, ...] = ("openai", "responses", "anthropic")
ABOVE = b'"' + b"a" * (MOST_BYTES - 1) + b'"'  # one byte too many
NESTED = gzip.compress(gzip.compress(b"{}"))
GZIP = {"content-encoding": "gzip"}

TOO_BIG: dict[str, tuple[Play, ...]] = {  # what the attempt counts as
    "ambiguous": (Body(ABOVE), Large(2048), Large(2048, packed=True)),
    "error": (
        Body(ABOVE, status=400, billed=False),
        Body(ABOVE, status=500, billed=False),
        Body(gzip.compress(ABOVE), status=400, headers=GZIP, billed=False),
    ),
}
UNREADABLE: dict[str, Body] = {
    "nested": Body(NESTED, headers={"content-encoding": "gzip, gzip"}),
    "nested and told once": Body(NESTED, headers=GZIP),
    "brotli": Body(b"\x8b\x01\x80{}\x03", headers={"content-encoding": "br"}),
    "no gzip": Body(b'{"a": 1}', headers=GZIP),
}


@pytest.mark.parametrize("state", list(TOO_BIG))
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("wire", WIRES)
async def test_row_36_a_body_that_is_too_big_fails_its_row_after_one_attempt(
    wire: Api, stream: bool, state: str, bench: MakeBench
) -> None:
    playing = iter(TOO_BIG[state])
    async with bench(wire, lambda asked, attempt: next(playing), stream=stream) as one:
        for number in range(3):
            (outcome,) = await one.ask(1, number)
            assert isinstance(outcome, RowFailedError)
            assert (outcome.failure.code, outcome.failure.retryable) == ("too_big", False)
        assert [(made.state, made.code, made.raw) for made in one.attempts] == [(state, "too_big", b"")] * 3
        assert one.waits == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("wire", WIRES)
async def test_row_36_an_encoding_that_cannot_be_read_fails_its_row_and_its_bytes_are_kept(
    wire: Api, stream: bool, bench: MakeBench
) -> None:
    plays = list(UNREADABLE.values())
    playing = iter(plays)
    async with bench(wire, lambda asked, attempt: next(playing), stream=stream) as one:
        for number, play in enumerate(plays):
            (outcome,) = await one.ask(1, number)
            assert isinstance(outcome, RowFailedError)
            assert outcome.failure.code == "malformed_paid"
            assert isinstance(play.content, bytes)
            unpacked = gzip.decompress(play.content) if play is UNREADABLE["nested and told once"] else play.content
            assert (one.attempts[-1].state, one.attempts[-1].raw) == ("stored", unpacked)
        assert (len(one.attempts), one.waits) == (len(plays), [])


@pytest.mark.parametrize("headers", [GZIP, {"content-encoding": "identity"}])
@pytest.mark.parametrize("wire", WIRES)
async def test_row_36_a_reply_that_is_only_called_gzip_is_read(
    wire: Api, headers: dict[str, str], bench: MakeBench
) -> None:
    async with bench(wire, lambda asked, attempt: Body(lambda reply: reply, headers=headers)) as one:
        (made,) = await one.ask()
        (expected,) = await one.without_faults()
    assert made.text == expected.text


CHILD = """
import asyncio, json, resource, sys
from pathlib import Path
from blackbox_kd.records import Message, Prompt
from blackbox_kd.teachers.budget import Budget
from blackbox_kd.teachers.client import RowFailedError, TeacherClient
from blackbox_kd.teachers.ledger import open_ledger
from blackbox_kd.teachers.target import Patience, Target

async def main(url, ledger):
    target = Target(wire="openai", model="m", label="openai/m", base_url=url, identity="own", official=False)
    codes, sizes, budget = [], [], Budget({}, (target,))
    with open_ledger(Path(ledger)) as store:
        async with TeacherClient((target,), {"openai/m": "k"}, store, Patience(attempts=1), budget) as client:
            for number in range(9):
                turn = Message(role="user", content=str(number))
                try:
                    await client.ask(Prompt(id="p", messages=(turn,), split="train", family="p"), 0)
                except RowFailedError as error:
                    codes.append(error.failure.code)
                sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    print(json.dumps([codes, sizes]))

asyncio.run(main(*sys.argv[1:]))
"""


class Answers(BaseHTTPRequestHandler):
    """Gives the next of some bodies to each request."""

    bodies: Iterator[bytes]

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers["content-length"]))
        body = next(self.bodies)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if body.startswith(b"\x1f\x8b"):
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Say nothing."""


def test_row_36_memory_is_bounded(tmp_path: Path) -> None:
    bomb, long = gzip.compress(b"a" * 8 * MOST_BYTES, 1), b"a" * 2 * MOST_BYTES
    handler = type("Handler", (Answers,), {"bodies": iter([b'{"choices": []}', *[bomb, long] * 4])})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        child = [sys.executable, "-c", CHILD, url, str(tmp_path / "ledger.sqlite3")]
        done = subprocess.run(child, capture_output=True, text=True, timeout=60, check=False)
        server.shutdown()
    assert done.returncode == 0, done.stderr
    codes, mebibytes = json.loads(done.stdout)
    assert codes == ["malformed_paid", *["too_big"] * 8]
    assert mebibytes[-1] - mebibytes[0] <= 4 * MOST_BYTES // 2**20
