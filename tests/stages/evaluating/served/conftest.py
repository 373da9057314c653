from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web

from blackbox_kd.config.whole import Config
from blackbox_kd.records import Message
from blackbox_kd.run import RunDir
from blackbox_kd.stages.evaluating.served import ServedAnswers, ask_served
from blackbox_kd.teachers.target import Patience

ONCE = Patience(concurrency=4, timeout_s=5, attempts=1)
Body = dict[str, Any]
Handler = Callable[[int, Body], Awaitable[web.Response]]


class Own:
    """A server that answers as a test says, and what it was asked."""

    def __init__(self, handle: Handler, models: list[str] | int) -> None:
        self.handle = handle
        self.models = models
        self.bodies: list[Body] = []
        self.keys: list[str] = []
        self.spec = ""

    async def complete(self, request: web.Request) -> web.Response:
        """Take a request, then do as the test says."""
        self.bodies.append(await request.json())
        self.keys.append(request.headers.get("Authorization", ""))
        return await self.handle(len(self.bodies), self.bodies[-1])

    async def list(self, _: web.Request) -> web.Response:
        """The models, or a status."""
        if isinstance(self.models, int):
            return web.Response(status=self.models, headers={"Location": "http://127.0.0.1:9/v1/models"})
        return web.json_response({"data": [{"id": name} for name in self.models]})


@pytest.fixture
def own() -> Callable[..., AbstractAsyncContextManager[Own]]:
    """Serves on a free port: `async with own(handle, models=["m"]) as server`; its `spec` is the address."""

    @asynccontextmanager
    async def serving(handle: Handler, models: list[str] | int = 404) -> AsyncIterator[Own]:
        server = Own(handle, models)
        app = web.Application()
        app.router.add_post("/v1/chat/completions", server.complete)
        app.router.add_get("/v1/models", server.list)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.spec = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        try:
            yield server
        finally:
            await runner.cleanup()

    return serving


@pytest.fixture
def said() -> Callable[..., Body]:
    """Makes a reply of the wire: `said("Yes.", logprobs=None)`."""

    def make(text: str, **choice: Any) -> Body:
        counts = {"prompt_tokens": 9, "completion_tokens": 2}
        answer = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop", **choice}
        return {"id": "r", "model": "served-2026", "choices": [answer], "usage": counts}

    return make


@pytest.fixture
def echo(said: Callable[..., Body]) -> Handler:
    """Answers with the question."""

    async def handle(_: int, body: Body) -> web.Response:
        return web.json_response(said(body["messages"][-1]["content"]))

    return handle


@pytest.fixture
def asked() -> Callable[[int], dict[str, tuple[Message, ...]]]:
    """Makes conversations with the student's system prompt in them, by prompt id."""

    def make(count: int) -> dict[str, tuple[Message, ...]]:
        system = Message(role="system", content="Be brief.")
        return {f"p{n}": (system, Message(role="user", content=f"What is {n}?")) for n in range(count)}

    return make


@pytest.fixture
def config() -> Callable[..., Config]:
    """Makes settings that try each request once, unless they say otherwise."""

    def make(**fields: Any) -> Config:
        return Config(query=msgspec.structs.replace(ONCE, **fields))

    return make


@pytest.fixture
def measured(
    run: RunDir, asked: Callable[[int], dict[str, tuple[Message, ...]]], config: Callable[..., Config]
) -> Callable[..., Awaitable[ServedAnswers]]:
    """Asks a server so many prompts: `await measured(server.spec + "#m", 3, attempts=2)`."""

    async def measure(spec: str, count: int = 1, **fields: Any) -> ServedAnswers:
        return await ask_served(spec, asked(count), 7, config(**fields), run)

    return measure
