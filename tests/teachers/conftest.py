import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.teachers.budget import Budget
from blackbox_kd.teachers.client import TeacherClient
from blackbox_kd.teachers.ledger import open_ledger
from blackbox_kd.teachers.target import Patience, Target

Answer = bytes | Callable[[int, asyncio.StreamWriter], Awaitable[None]]
PATIENCE = Patience(concurrency=8, timeout_s=5, attempts=3)


class Server:
    """What a raw server saw: headers (names in lower case) and body of every request."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.url = ""
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one whole request, then answer with the given bytes or as the given function does."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.headers.append(headers)
            self.bodies.append(body)
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
                await writer.drain()
            else:
                await self.answer(len(self.bodies), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
def http() -> Callable[..., bytes]:
    """Makes a response: `http(429, {"error": {}}, retry_after="3")`; a body that is no bytes is sent as JSON."""

    def make(status: int, body: object = b"", **headers: str) -> bytes:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(raw)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + raw

    return make


@pytest.fixture
def said() -> Callable[..., dict[str, object]]:
    """Makes a reply of the OpenAI wire: `said("Paris.")`."""

    def make(text: object = "Paris.", finish: object = "stop", **fields: object) -> dict[str, object]:
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
        counts = {"prompt_tokens": 10, "completion_tokens": 2}
        return {"id": "r1", "model": "m-2026", "choices": [choice], "usage": counts, **fields}

    return make


@pytest.fixture
def serve() -> Callable[[Answer], AbstractAsyncContextManager[Server]]:
    """A raw server for one test: `async with serve(bytes or function) as server`."""

    @asynccontextmanager
    async def serving(answer: Answer) -> AsyncIterator[Server]:
        server = Server(answer)
        listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        try:
            yield server
        finally:
            listening.close()

    return serving


@pytest.fixture
def reset() -> Callable[[asyncio.StreamWriter], None]:
    """Drops a connection with RST."""

    def drop(writer: asyncio.StreamWriter) -> None:
        plain: socket.socket = writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return drop


@pytest.fixture
def target() -> Callable[..., Target]:
    """Makes a target: `target(url, wire="anthropic", system="Be brief.")`."""

    def make(url: str = "http://127.0.0.1:9", wire: str = "openai", **fields: Any) -> Target:
        base_url = url if wire == "anthropic" else f"{url}/v1"
        defaults = {"model": "simulated-tickets", "label": f"{wire}/simulated-tickets", "identity": "own"}
        return Target(
            **{"wire": wire, "base_url": base_url, "official": False, "on_model_mismatch": "warn", **defaults, **fields}
        )

    return make


@pytest.fixture
def asking(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[TeacherClient]]:
    """A client over the ledger of this test: `async with asking(target) as client`."""

    @asynccontextmanager
    async def opened(
        *targets: Target, patience: Patience = PATIENCE, limit_usd: float | None = None, key: str = "k-secret"
    ) -> AsyncIterator[TeacherClient]:
        keys = {one.label: key for one in targets}
        limits = {} if limit_usd is None else {one.label: limit_usd for one in targets}
        with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
            async with TeacherClient(targets, keys, ledger, patience, Budget(limits, targets)) as client:
                yield client

    return opened
