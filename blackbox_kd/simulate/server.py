"""The simulated teacher on a real socket."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.errors import UsageError
from blackbox_kd.simulate.books import Books
from blackbox_kd.simulate.faults import Window, injected
from blackbox_kd.simulate.noise import latency_s, reply
from blackbox_kd.simulate.wires import (
    ANTHROPIC,
    OPENAI,
    Asked,
    Billed,
    Fault,
    Object,
    Wire,
    models,
    read,
    retry_headers,
    tokens,
)
from blackbox_kd.tasks import named

MAX_BODY_BYTES = 32 * 1024 * 1024
SHUTDOWN_S = 1.0  # how long replies in flight may still take when the server closes


def served_model(settings: Simulated) -> str:
    """The name that every reply carries, so that nobody takes it for a real teacher."""
    return f"simulated-{settings.task}" if settings.task else "simulated"


class _Server:
    """One server's state: the attempts seen, the books, the window."""

    def __init__(self, settings: Simulated, books: Books) -> None:
        self.settings = settings
        self.books = books
        self.window = Window(settings.max_requests_per_minute)
        self.attempts: Counter[str] = Counter()
        self.requests = 0
        self.model = served_model(settings)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_get("/v1/models", self.models)
        for wire in (OPENAI, ANTHROPIC):
            app.router.add_post(wire.path, self.handler(wire))
        return app

    async def models(self, request: web.Request) -> web.Response:
        return _json(200, models(self.model), {})

    def handler(self, wire: Wire) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            self.requests += 1
            request_id = f"req_sim_{self.requests}"
            asked = self.let_in(wire, request.headers, await request.read())
            headers = {wire.id_header: request_id, **wire.rate_headers(*self.window.state)}
            if isinstance(asked, Fault):
                return _json(asked.status, wire.error(asked, request_id), headers | retry_headers(asked))
            await asyncio.sleep(latency_s(self.settings, asked))
            return _json(200, wire.reply(self.billed(wire, asked)), headers)

        return handle

    def let_in(self, wire: Wire, headers: Mapping[str, str], body: bytes) -> Asked | Fault:
        """What is asked, or the first fault that a provider would find with it."""
        if self.settings.api_key is not None and wire.key(headers) != self.settings.api_key:
            return Fault(401, "Incorrect API key provided (simulated).")
        asked = read(body, wire.needs_max_tokens)
        if isinstance(asked, Fault):
            return asked
        if asked.model not in (self.model, self.settings.task or self.model):
            return Fault(404, f"The model `{asked.model}` does not exist; this server has `{self.model}` (simulated).")
        if fault := self.window.refusal(asyncio.get_running_loop().time()):
            return fault
        self.attempts[asked.digest] += 1
        return injected(self.settings, asked.digest, self.attempts[asked.digest]) or asked

    def billed(self, wire: Wire, asked: Asked) -> Billed:
        """Answer and write the reply down; it is paid for from here on, even if the client has gone."""
        said = reply(self.settings, asked)
        entry = self.books.bill(asked.digest, wire.path, said.kind, asked.prompt_tokens, tokens(said.text))
        return Billed(
            id=entry.response_id,
            model=self.model,
            text=said.text,
            finish=said.finish,
            prompt_tokens=entry.prompt_tokens,
            completion_tokens=entry.completion_tokens,
        )


def _json(status: int, content: Object, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(content),
        content_type="application/json",
        headers={"x-simulated": "true", **headers},
    )


@asynccontextmanager
async def serving(
    settings: Simulated, host: str = "127.0.0.1", port: int = 0, books: Path | None = None
) -> AsyncIterator[str]:
    """Serve inside the running loop; yields the root address, such as `http://127.0.0.1:40123`. Port 0: any free one.

    Raises `UsageError` where the task is unknown or the port is taken, `InputError` where the books are damaged.
    """
    if settings.task:
        named(settings.task)
    ledger = Books(books)
    runner = web.AppRunner(_Server(settings, ledger).app(), access_log=None, shutdown_timeout=SHUTDOWN_S)
    try:
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise UsageError(f"cannot listen on {host}:{port}: {error}", "Choose another port.") from error
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
        ledger.close()


async def run_forever(
    settings: Simulated, host: str, port: int, books: Path | None, on_ready: Callable[[str], None]
) -> None:
    """Serve until cancelled; `on_ready` is told the root address. Raises as `serving` does."""
    async with serving(settings, host, port, books) as url:
        on_ready(url)
        await asyncio.Event().wait()
