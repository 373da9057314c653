"""Plays as a client meets them on a real socket, and what the books say afterwards."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate import script as scripts
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.books import read_books
from blackbox_kd.simulate.script import Body, Drip, Error, Idle, Large, Play, Raw, Redirect, Stop, Stream
from blackbox_kd.simulate.server import serving

PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")
EACH = pytest.mark.parametrize("path", PATHS)
Post = Callable[..., Any]


def body(**fields: object) -> dict[str, object]:
    turns = [{"role": "user", "content": "hi"}]
    return {"model": "simulated", "max_tokens": 50, "messages": turns, "input": turns, **fields}


@asynccontextmanager
async def playing(play: Play, books: Path | None = None) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """A server whose first attempts meet the play and whose later ones are answered, and a client."""

    def first(asked: Asked, attempt: int) -> Play | None:
        return play if attempt == 1 else None

    async with serving(Simulated(), books=books, script=first) as url, aiohttp.ClientSession() as client:
        yield url, client


async def raw(url: str, path: str, limit_s: float = 5.0, **fields: object) -> bytes:
    """All bytes that come back to one request until the connection is closed."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    content = msgspec.json.encode(body(**fields))
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
    try:
        async with asyncio.timeout(limit_s):
            return await reader.read()
    finally:
        writer.close()


@EACH
@pytest.mark.parametrize("status", [400, 402, 418, 429, 529])
async def test_an_error_is_met_once_and_the_next_attempt_is_answered(path: str, status: int) -> None:
    async with playing(Error(status, "no", retry_after_s=0.5, headers={"x-should-retry": "false"})) as (url, client):
        async with client.post(url + path, json=body()) as got:
            assert (got.status, got.headers["retry-after-ms"], got.headers["x-should-retry"]) == (
                status,
                "500",
                "false",
            )
            assert (await got.json())["error"]["message"] == "no"
        async with client.post(url + path, json=body()) as got:
            assert got.status == 200


async def test_an_error_may_have_any_body_and_no_hint() -> None:
    silent = Simulated(retry_headers=False)
    html = Error(503, retry_after_s=2, body=b"<html>down</html>", content_type="text/html")
    async with (
        serving(silent, script=lambda asked, attempt: html) as url,
        aiohttp.ClientSession() as client,
        client.post(url + PATHS[0], json=body()) as got,
    ):
        assert (await got.text(), got.content_type, got.headers.get("retry-after")) == (
            *("<html>down</html>", "text/html", None),
        )


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer canary"}, {"x-api-key": "canary"}])
async def test_a_careless_server_repeats_the_key(headers: dict[str, str]) -> None:
    async with (
        playing(Error(401, reflect=True)) as (url, client),
        client.post(url + PATHS[2], json=body(), headers=headers) as got,
    ):
        assert "canary" in await got.text()


@EACH
async def test_a_reply_can_be_patched(path: str) -> None:
    async with (
        playing(Body(lambda reply: {**reply, "model": "other"})) as (url, client),
        client.post(url + path, json=body()) as got,
    ):
        assert (await got.json())["model"] == "other"


async def test_a_reply_can_be_other_bytes_in_any_encoding() -> None:
    packed = Body(gzip.compress(b"\xef\xbb\xbfhi"), content_type="text/plain", headers={"content-encoding": "gzip"})
    async with playing(packed) as (url, client), client.post(url + PATHS[0], json=body()) as got:
        assert await got.read() == b"\xef\xbb\xbfhi"


async def test_a_redirect_says_where_to() -> None:
    async with (
        playing(Redirect("http://127.0.0.1:1/there", 307)) as (url, client),
        client.post(url + PATHS[0], json=body(), allow_redirects=False) as got,
    ):
        assert (got.status, got.headers["location"]) == (307, "http://127.0.0.1:1/there")


@EACH
@pytest.mark.parametrize("stream", [False, True])
async def test_a_connection_may_be_reset_after_half_of_the_body(path: str, stream: bool) -> None:
    async with playing(Stop("half", "reset")) as (url, client):
        async with client.post(url + path, json=body(stream=stream)) as got:
            with pytest.raises(aiohttp.ClientError):
                await got.read()
        assert got.status == 200


async def test_a_reset_before_the_headers_is_a_real_one() -> None:
    async with playing(Stop("request", "reset")) as (url, _):
        with pytest.raises(ConnectionResetError):
            await raw(url, PATHS[0])


async def test_a_close_before_the_headers_is_a_clean_one() -> None:
    async with playing(Stop("request", "close")) as (url, _):
        assert await raw(url, PATHS[0]) == b""


@pytest.mark.parametrize(("after", "headers"), [("request", False), ("headers", True), ("half", True)])
async def test_silence_lasts_until_the_client_goes(after: Any, headers: bool) -> None:
    seen = b""
    async with playing(Stop(after, "silence")) as (url, _):
        host, _, port = url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        content = msgspec.json.encode(body())
        writer.write(
            f"POST {PATHS[0]} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
        )
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                while True:
                    seen += await reader.read(1 if not seen else 10_000) or b"closed"
        writer.close()
    assert seen.startswith(b"HTTP/1.1 200") == headers
    assert b"closed" not in seen


async def test_a_silent_server_ends_at_once_when_it_is_told_to() -> None:
    async with playing(Stop("request", "silence")) as (url, _):
        waiting = asyncio.create_task(raw(url, PATHS[0]))
        await asyncio.sleep(0.05)
        begun = time.monotonic()
    assert await waiting == b""
    assert time.monotonic() - begun < 0.5


async def test_a_drip_is_slow_and_whole() -> None:
    async with playing(Drip(2_000)) as (url, client):
        begun = time.monotonic()
        async with client.post(url + PATHS[0], json=body()) as got:
            headers_s = time.monotonic() - begun
            assert len((await got.json())["choices"]) == 1
        assert time.monotonic() - begun > headers_s + 0.1


@pytest.mark.parametrize("framing", ["short_length", "long_length", "bad_chunk", "no_status_line"])
async def test_broken_framing_is_seen_as_such(framing: str) -> None:
    async with playing(Raw(getattr(scripts, framing))) as (url, client):
        with pytest.raises((aiohttp.ClientError, ValueError)):
            async with client.post(url + PATHS[0], json=body()) as got:
                await got.json()


@pytest.mark.parametrize("framing", [scripts.http_1_0, scripts.interim])
async def test_odd_framing_can_be_read(framing: Callable[[bytes], bytes]) -> None:
    async with playing(Raw(framing)) as (url, client), client.post(url + PATHS[0], json=body()) as got:
        assert (await got.json())["object"] == "chat.completion"


async def test_raw_bytes_are_all_that_comes() -> None:
    async with playing(Raw(b"SSH-2.0-nothing\r\n")) as (url, _):
        assert await raw(url, PATHS[0]) == b"SSH-2.0-nothing\r\n"


@pytest.mark.parametrize("packed", [False, True])
async def test_a_large_body_is_sent_in_full(packed: bool) -> None:
    async with playing(Large(3, packed)) as (url, client), client.post(url + PATHS[0], json=body()) as got:
        assert len(await got.read()) == 3 * 1024 * 1024 + 2


async def test_a_large_body_ends_where_the_client_stops_reading() -> None:
    async with playing(Large(2_000)) as (url, client), client.post(url + PATHS[0], json=body()) as got:
        assert await got.content.read(10) == b'"' + b"a" * 9
        got.close()
        async with client.post(url + PATHS[0], json=body()) as again:
            assert again.status == 200


async def test_an_idle_connection_is_closed_by_the_server() -> None:
    async with playing(Idle(0.05)) as (url, _):
        got = await raw(url, PATHS[0], limit_s=2.0)
        assert got.startswith(b"HTTP/1.1 200")
        assert b"onnection: close" not in got


@EACH
async def test_pings_come_until_the_client_goes(path: str) -> None:
    async with (
        playing(Stream("pings")) as (url, client),
        client.post(url + path, json=body(stream=True)) as got,
    ):
        assert len([await got.content.readuntil(b"\n\n") for _ in range(8)]) == 8


@EACH
@pytest.mark.parametrize("fault", ["no_end", "character", "event", "error", "duplicate"])
async def test_the_http_response_of_a_spoilt_stream_ends_well(path: str, fault: Any) -> None:
    async with (
        playing(Stream(fault)) as (url, client),
        client.post(url + path, json=body(stream=True)) as got,
    ):
        assert (got.status, got.content_type) == (200, "text/event-stream")
        assert len(await got.read()) > 100


PLAYS: tuple[tuple[Play, int], ...] = (
    (Error(500), 0),
    (Error(504, billed=True), 1),
    (Redirect("http://127.0.0.1:1/"), 0),
    (Body(b"{"), 1),
    (Stop("request", "reset"), 1),
    (Stop("request", "reset", billed=False), 0),
    (Stop("half", "close"), 1),
    (Drip(1e6), 1),
    (Raw(b"nothing"), 1),
    (Large(1), 1),
    (Idle(1.0), 1),
    (Stream("error"), 1),
)


@pytest.mark.parametrize(("play", "lines"), PLAYS, ids=lambda value: type(value).__name__)
@EACH
async def test_the_books_say_what_each_play_cost(path: str, play: Play, lines: int, tmp_path: Path) -> None:
    books = tmp_path / "books.jsonl"
    async with playing(play, books) as (url, client):
        for _ in range(2):  # the second attempt is answered, and billed
            try:
                async with client.post(
                    url + path, json=body(stream=isinstance(play, Stream)), allow_redirects=False
                ) as got:
                    await got.read()
            except aiohttp.ClientError:
                continue
    assert len(list(read_books(books))) == lines + 1
