"""The simulated teacher on a real socket; `simulate.script` tells how a test scripts its faults."""

import asyncio
import ssl as tls
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.errors import UsageError
from blackbox_kd.simulate import batches
from blackbox_kd.simulate.books import Books
from blackbox_kd.simulate.noise import latency_s, speaking_s
from blackbox_kd.simulate.playing import Exchange, Nothing, perform, plain, send_events
from blackbox_kd.simulate.script import Script
from blackbox_kd.simulate.shapes import Fault
from blackbox_kd.simulate.state import Server, served_model
from blackbox_kd.simulate.streams import Spoilt
from blackbox_kd.simulate.wires import WIRES, Wire, models, retry_headers
from blackbox_kd.tasks import named

__all__ = ["ROUTES", "Server", "run_forever", "served_model", "serving"]
MAX_BODY_BYTES = 32 * 1024 * 1024
SHUTDOWN_S = 1.0  # how long replies in flight may still take when the server closes
SIMULATED = {"x-simulated": "true"}


def add_to(app: web.Application, server: Server) -> None:
    """Register the endpoints that answer at once."""

    async def list_models(request: web.Request) -> web.Response:
        return plain(200, models(server.model), SIMULATED)

    app.router.add_get("/v1/models", list_models)
    for wire in WIRES:
        app.router.add_post(wire.path, handler(server, wire))


def handler(server: Server, wire: Wire) -> Handler:
    """What answers the requests of one wire."""
    limits = server.limits[wire.vendor]

    async def handle(request: web.Request) -> web.StreamResponse:
        server.requests += 1
        request_id = f"req_sim_{server.requests}"
        try:
            asked = server.let_in(wire, request.headers, await request.read())
        except web.HTTPRequestEntityTooLarge:
            asked = Fault(413, f"The request is larger than {MAX_BODY_BYTES} bytes (simulated).")
        told = limits.headers(asyncio.get_running_loop().time())
        headers = {**SIMULATED, wire.id_header: request_id, **told}
        if isinstance(asked, Fault):
            told = retry_headers(asked.retry_after_s) if server.settings.retry_headers else {}
            return plain(asked.status, wire.error(asked, request_id), {**headers, **told})
        try:
            return await _answered(Exchange(server, wire, request, headers, asked))
        except ConnectionError:
            return Nothing()  # the client has gone

    return handle


async def _answered(exchange: Exchange) -> web.StreamResponse:
    server, asked = exchange.server, exchange.asked
    play = server.play(asked)
    if play is not None and not play.billed:
        return await perform(play, exchange, server.billed(exchange.wire, asked, billed=False))
    async with server.room():
        if (wait_s := latency_s(server.settings, asked)) > 0:
            await asyncio.sleep(wait_s)
        billed = server.billed(exchange.wire, asked)
        if asked.stream and play is None:
            return await send_events(exchange, Spoilt(list(exchange.wire.events(billed, asked))))
        if not asked.stream and (wait_s := speaking_s(server.settings, billed.completion_tokens)) > 0:
            await asyncio.sleep(wait_s)
        if play is None:
            return plain(200, exchange.wire.reply(billed), exchange.headers)
        return await perform(play, exchange, billed)


# Who adds endpoints to a server. A module in this tuple imports `Server` from simulate.state, not from here.
ROUTES: tuple[Callable[[web.Application, Server], None], ...] = (add_to, batches.add_to)


@asynccontextmanager
async def serving(
    settings: Simulated,
    host: str = "127.0.0.1",
    port: int = 0,
    books: Path | None = None,
    script: Script | None = None,
    ssl: tls.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serve inside the running loop; yields the root address, such as `http://127.0.0.1:40123`. Port 0: any free one.

    Raises `UsageError` where the task is unknown or the port is taken, `InputError` where the books are damaged.
    """
    if settings.task:
        named(settings.task)
    ledger = Books(books)
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    server = Server(settings, ledger, script)

    async def close(app: web.Application) -> None:
        server.closing = True

    app.on_shutdown.append(close)
    for add in ROUTES:
        add(app, server)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    try:
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port, ssl_context=ssl).start()
        except OSError as error:
            raise UsageError(f"cannot listen on {host}:{port}: {error}", "Choose another port.") from error
        yield f"http{'s' if ssl else ''}://{host}:{runner.addresses[0][1]}"
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
