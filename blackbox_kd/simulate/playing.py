"""Replies, streams and plays on the socket of one request."""

import asyncio
import json
import socket
import struct
import zlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from aiohttp import web

from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.script import Body, Drip, Error, Idle, Large, Play, Raw, Redirect, Stop, Stream
from blackbox_kd.simulate.shapes import Billed, Event, Fault
from blackbox_kd.simulate.state import Server
from blackbox_kd.simulate.streams import Spoilt, spoil
from blackbox_kd.simulate.wires import Wire, retry_headers

TICK_S = 0.02  # how often a silent connection is looked at
MIB = 1024 * 1024
JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: closing sends RST


class Exchange(NamedTuple):
    """A request that was let in, and the headers that its response is to have."""

    server: Server
    wire: Wire
    request: web.Request
    headers: Mapping[str, str]
    asked: Asked

    def events(self, billed: Billed) -> list[Event]:
        """The reply as a stream; none where it is not to be streamed."""
        return list(self.wire.events(billed, self.asked)) if self.asked.stream else []

    def body(self, billed: Billed) -> bytes:
        """The whole body of a reply."""
        return b"".join(event.encode() for event in self.events(billed)) or msgspec.json.encode(self.wire.reply(billed))

    async def opened(self, length: int | None = None, encoding: str | None = None) -> web.StreamResponse:
        """A response of status 200 whose headers are sent and whose body is still to be written."""
        headers = {**self.headers, "content-type": SSE if self.asked.stream else JSON}
        response = web.StreamResponse(headers=headers | ({"content-encoding": encoding} if encoding else {}))
        response.content_length = length
        await response.prepare(self.request)
        return response

    @property
    def gone(self) -> bool:
        """Whether nobody reads any more, or the server is to end."""
        transport = self.request.transport
        return self.server.closing or transport is None or transport.is_closing()


class Nothing(web.StreamResponse):
    """No response, or no more of one: the connection is closed as it is."""

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send no headers."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Send no end."""


async def perform(play: Play, exchange: Exchange, billed: Billed) -> web.StreamResponse:
    """Do what the play says; raises `ConnectionError` where the client has gone."""
    match play:
        case Error():
            return _error(play, exchange)
        case Body():
            return _body(play, exchange, billed)
        case Redirect():
            return web.Response(status=play.status, headers={**exchange.headers, "location": play.url})
        case Stop():
            return await _stop(play, exchange, exchange.body(billed))
        case Drip():
            return await _drip(play, exchange, exchange.body(billed))
        case Raw():
            return _raw(play, exchange, exchange.body(billed))
        case Large():
            return await _large(play, exchange)
        case Idle():
            return await _idle(play, exchange, exchange.body(billed))
        case Stream():
            return await send_events(exchange, spoil(play, exchange.wire, exchange.events(billed)))


def plain(status: int, content: object, headers: Mapping[str, str]) -> web.Response:
    """A JSON response."""
    return web.Response(status=status, body=msgspec.json.encode(content), content_type=JSON, headers=headers)


async def send_events(exchange: Exchange, spoilt: Spoilt) -> web.StreamResponse:
    """Stream the events, each token in its time; raises `ConnectionError` where the client has gone."""
    settings, response = exchange.server.settings, await exchange.opened()
    loop = asyncio.get_running_loop()
    due_s, delay_s = loop.time(), settings.first_token_s
    waiting: list[bytes] = []
    for event in spoilt.events:
        if event.token:
            due_s, delay_s = due_s + delay_s, settings.token_s
            if (left_s := due_s - loop.time()) > 0:
                await response.write(b"".join(waiting))
                waiting.clear()
                await asyncio.sleep(left_s)
        waiting.append(event.encode())
    await response.write(b"".join(waiting) + spoilt.torn)
    if spoilt.silent or spoilt.pings:
        await _silence(exchange, response, spoilt.events[-1].encode() if spoilt.pings else b"")
    await response.write_eof()
    return response


def _error(play: Error, exchange: Exchange) -> web.Response:
    settings, headers = exchange.server.settings, exchange.request.headers
    told = retry_headers(play.retry_after_s) if settings.retry_headers else {}
    message = f"{play.message} (your key: {exchange.wire.key(headers)})" if play.reflect else play.message
    fault = Fault(play.status, message, type=play.type, code=play.code)
    content = exchange.wire.error(fault, exchange.headers[exchange.wire.id_header])
    return web.Response(
        status=play.status,
        body=msgspec.json.encode(content) if play.body is None else play.body,
        headers={**exchange.headers, **told, "content-type": play.content_type, **play.headers},
    )


def _body(play: Body, exchange: Exchange, billed: Billed) -> web.Response:
    content = play.content
    if not isinstance(content, bytes):
        # Python's encoder: a test may want NaN or a lone surrogate.
        content = json.dumps(content(msgspec.to_builtins(exchange.wire.reply(billed)))).encode()
    headers = {**exchange.headers, "content-type": play.content_type, **play.headers}
    return web.Response(status=play.status, body=content, headers=headers)


async def _stop(play: Stop, exchange: Exchange, body: bytes) -> web.StreamResponse:
    response = None
    if play.after != "request":
        response = await exchange.opened(len(body))
        await response.write(body[: len(body) // 2] if play.after == "half" else b"")
        await asyncio.sleep(TICK_S)  # what was written must have come before the connection is reset
    if play.then == "silence":
        await _silence(exchange, response)
    if play.then == "reset" and (transport := exchange.request.transport) is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        transport.abort()
    return Nothing()


async def _silence(exchange: Exchange, response: web.StreamResponse | None, ping: bytes = b"") -> None:
    """Until the client has gone; a ping is repeated meanwhile."""
    while not exchange.gone:
        if response is not None and ping:
            await response.write(ping)
        await asyncio.sleep(TICK_S)


async def _drip(play: Drip, exchange: Exchange, body: bytes) -> web.StreamResponse:
    response = await exchange.opened(len(body))
    tick_s = max(TICK_S, 1 / play.bytes_per_s)
    step = max(1, int(play.bytes_per_s * tick_s))
    for start in range(0, len(body), step):
        if exchange.gone:
            return Nothing()
        await response.write(body[start : start + step])
        await asyncio.sleep(tick_s)
    await response.write_eof()
    return response


def _raw(play: Raw, exchange: Exchange, body: bytes) -> web.StreamResponse:
    if (transport := exchange.request.transport) is not None:
        transport.write(play.content if isinstance(play.content, bytes) else play.content(body))
    return Nothing()


async def _large(play: Large, exchange: Exchange) -> web.StreamResponse:
    response = await exchange.opened(encoding="gzip" if play.packed else None)
    packer = zlib.compressobj(1, wbits=16 + zlib.MAX_WBITS)
    block = b"a" * MIB
    for part in (b'"', *(block for _ in range(play.mebibytes)), b'"'):
        if exchange.gone:
            return Nothing()
        await response.write(packer.compress(part) if play.packed else part)
        await asyncio.sleep(0)
    await response.write(packer.flush() if play.packed else b"")
    await response.write_eof()
    return response


async def _idle(play: Idle, exchange: Exchange, body: bytes) -> web.StreamResponse:
    response = await exchange.opened(len(body))
    await response.write(body)
    await response.write_eof()
    if (transport := exchange.request.transport) is not None:
        asyncio.get_running_loop().call_later(play.seconds, transport.close)
    return response
