import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd import __version__
from blackbox_kd.config.simulated import Simulated
from blackbox_kd.errors import ProviderRefused, ProviderUnavailable
from blackbox_kd.records import Prompt
from blackbox_kd.simulate.server import serving
from blackbox_kd.teachers.budget import Budget
from blackbox_kd.teachers.client import RowFailedError, TeacherClient
from blackbox_kd.teachers.ledger import open_ledger
from blackbox_kd.teachers.sender import sdk_variables_hidden
from blackbox_kd.teachers.target import Patience, Target

Asking = Callable[..., AbstractAsyncContextManager[TeacherClient]]
Serve = Callable[..., AbstractAsyncContextManager[Any]]
Http = Callable[..., bytes]
Said = Callable[..., dict[str, object]]
MakeTarget = Callable[..., Target]
MakePrompt = Callable[..., Prompt]
WIRE = pytest.mark.parametrize("wire", ["openai", "anthropic"])
ONCE = Patience(concurrency=8, timeout_s=5, attempts=1)


@pytest.fixture
async def simulated() -> AsyncIterator[str]:
    async with serving(Simulated(task="tickets")) as url:
        yield url


def attempts(folder: Path) -> list[tuple[str, str | None, int | None]]:
    """(state, code, status) of every attempt in the ledger."""
    db = sqlite3.connect(folder / "ledger.sqlite3")
    found = db.execute("SELECT state, code, status FROM attempt ORDER BY id").fetchall()
    db.close()
    return found


async def test_a_server_that_does_not_exist_is_unavailable(
    target: MakeTarget, asking: Asking, prompt: MakePrompt, tmp_path: Path
) -> None:
    began = time.monotonic()
    async with asking(target("http://127.0.0.1:9"), patience=ONCE) as client:
        with pytest.raises(ProviderUnavailable, match="cannot be reached") as raised:
            await client.ask(prompt(), 0)
    assert raised.value.exit_code == 6
    assert time.monotonic() - began < 3
    assert attempts(tmp_path) == [("error", "connect", None)]


async def test_a_host_without_an_address_is_unavailable(target: MakeTarget, asking: Asking, prompt: MakePrompt) -> None:
    async with asking(target("http://teacher.invalid"), patience=ONCE) as client:
        with pytest.raises(ProviderUnavailable, match=r"teacher\.invalid"):
            await client.ask(prompt(), 0)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@WIRE
async def test_a_redirect_is_not_followed_and_the_key_stays(
    wire: str, status: int, serve: Serve, http: Http, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    async with (
        serve(http(200, {})) as second,
        serve(http(status, b"", location=second.url)) as first,
        asking(target(first.url, wire)) as client,
    ):
        with pytest.raises(ProviderRefused, match=second.url):
            await client.ask(prompt(), 0)
    assert (len(first.bodies), len(second.bodies)) == (1, 0)


async def test_a_slow_server_meets_the_deadline_and_is_counted_as_perhaps_paid(
    serve: Serve, http: Http, target: MakeTarget, asking: Asking, prompt: MakePrompt, tmp_path: Path
) -> None:
    async def drip(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(http(200, b"x" * 1_000)[:200])
        for _ in range(50):
            await asyncio.sleep(0.05)
            writer.write(b"x")
            await writer.drain()

    patience = Patience(concurrency=2, timeout_s=0.3, attempts=1)
    began = time.monotonic()
    async with serve(drip) as server, asking(target(server.url), patience=patience) as client:
        with pytest.raises(RowFailedError) as raised:
            await client.ask(prompt(), 0)
        assert time.monotonic() - began < 1.5
    assert (raised.value.failure.code, raised.value.failure.retryable) == ("timeout", True)
    assert attempts(tmp_path) == [("ambiguous", "timeout", None)]


@pytest.mark.parametrize(
    "sent",
    [0, 20, 120],
    ids=["before the status line", "within the headers", "within the body"],
)
@pytest.mark.parametrize("how", ["reset", "closed"])
@WIRE
async def test_a_connection_lost_after_the_request_was_perhaps_paid(
    wire: str,
    how: str,
    sent: int,
    serve: Serve,
    http: Http,
    said: Said,
    reset: Callable[[asyncio.StreamWriter], None],
    target: MakeTarget,
    asking: Asking,
    prompt: MakePrompt,
    tmp_path: Path,
) -> None:
    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(http(200, said())[:sent])
        await writer.drain()
        await asyncio.sleep(0.02)
        if how == "reset":
            reset(writer)

    async with serve(answer) as server, asking(target(server.url, wire), patience=ONCE) as client:
        with pytest.raises(RowFailedError) as raised:
            await client.ask(prompt(), 0)
    assert raised.value.failure.retryable
    assert attempts(tmp_path) == [("ambiguous", "connection_lost", None)]


@pytest.mark.parametrize(
    "raw",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nbad\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"h" * 100_000 + b"\r\n\r\n",
    ],
    ids=["no status", "bad status", "negative length", "short", "bad chunk", "long header"],
)
@WIRE
async def test_broken_http_is_perhaps_paid_and_left_for_later(
    wire: str, raw: bytes, serve: Serve, target: MakeTarget, asking: Asking, prompt: MakePrompt, tmp_path: Path
) -> None:
    async with serve(raw) as server, asking(target(server.url, wire), patience=ONCE) as client:
        with pytest.raises(RowFailedError) as raised:
            await client.ask(prompt(), 0)
    assert raised.value.failure.retryable
    assert attempts(tmp_path) == [("ambiguous", "connection_lost", None)]


@WIRE
async def test_the_request_is_honest_and_carries_one_key(
    wire: str, serve: Serve, http: Http, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    async with serve(http(400)) as server, asking(target(server.url, wire), key="k-mine") as client:
        with pytest.raises(RowFailedError):
            await client.ask(prompt(), 0)
    sent = server.headers[0]
    assert sent["user-agent"] == f"bbkd/{__version__}"
    assert sent["content-type"] == "application/json"
    assert [value for value in sent.values() if "k-mine" in value] in (["Bearer k-mine"], ["k-mine"])


HOSTILE = {
    "OPENAI_BASE_URL": "http://127.0.0.1:9",
    "OPENAI_ORG_ID": "org-leak",
    "OPENAI_PROJECT_ID": "project-leak",
    "OPENAI_ADMIN_KEY": "admin-leak",
    "OPENAI_CUSTOM_HEADERS": "X-Custom: header-leak\nauthorization: Bearer token-leak\nUser-Agent: agent-leak",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
    "ANTHROPIC_AUTH_TOKEN": "token-leak",
    "ANTHROPIC_PROFILE": "profile-leak",
    "ANTHROPIC_CUSTOM_HEADERS": "X-Custom: header-leak\nx-api-key: key-leak\nUser-Agent: agent-leak",
}


@WIRE
async def test_variables_of_the_sdks_change_nothing(
    wire: str,
    serve: Serve,
    http: Http,
    target: MakeTarget,
    asking: Asking,
    prompt: MakePrompt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serve(http(400)) as server:
        for number in range(2):
            async with asking(target(server.url, wire)) as client:
                with pytest.raises(RowFailedError):
                    await client.ask(prompt(f"Ask {number}"), 0)
            for name, value in HOSTILE.items():
                monkeypatch.setenv(name, value)
    plain, hostile = ({**sent, "content-length": ""} for sent in server.headers)
    assert hostile == plain


def test_hidden_variables_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with sdk_variables_hidden():
        assert "OPENAI_API_KEY" not in os.environ
    assert os.environ["OPENAI_API_KEY"] == "k"


async def test_a_proxy_does_not_stand_before_this_machine(
    simulated: str, target: MakeTarget, asking: Asking, prompt: MakePrompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with asking(target(simulated), patience=ONCE) as client:
        assert (await client.ask(prompt(), 0)).text


async def test_a_proxy_stands_before_other_machines(
    serve: Serve, http: Http, target: MakeTarget, asking: Asking, prompt: MakePrompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve(http(400)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with asking(target("http://teacher.invalid"), patience=ONCE) as client:
            with pytest.raises(RowFailedError):
                await client.ask(prompt(), 0)
    assert proxy.headers[0]["host"] == "teacher.invalid"


async def test_each_teacher_gets_its_own_key(
    serve: Serve, http: Http, said: Said, target: MakeTarget, tmp_path: Path, prompt: MakePrompt
) -> None:
    async with serve(http(200, said())) as first, serve(http(200, said())) as second:
        targets = (target(first.url, label="openai/a"), target(second.url, label="openai/b", identity="other"))
        keys = {"openai/a": "k-first", "openai/b": "k-second"}
        with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
            async with TeacherClient(targets, keys, ledger, ONCE, Budget({}, targets)) as client:
                await asyncio.gather(*(client.ask(prompt(f"Ask {n}", id=f"p{n}"), 0) for n in range(12)))
    assert {sent["authorization"] for sent in first.headers} == {"Bearer k-first"}
    assert {sent["authorization"] for sent in second.headers} == {"Bearer k-second"}


async def test_nothing_is_asked_once_the_run_is_stopping(
    simulated: str, target: MakeTarget, asking: Asking, prompt: MakePrompt, tmp_path: Path
) -> None:
    async with asking(target(simulated)) as client:
        client.stopping.set()
        with pytest.raises(RowFailedError) as raised:
            await client.ask(prompt(), 0)
    assert (raised.value.failure.code, raised.value.failure.retryable) == ("stopped", True)
    assert attempts(tmp_path) == []


async def test_a_stop_ends_the_waiting_between_attempts(
    serve: Serve, http: Http, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    throttled = asyncio.Event()

    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(http(429, b"", retry_after="600"))
        if number == 1:  # it goes alone
            throttled.set()

    async with serve(answer) as server, asking(target(server.url)) as client:
        rows = [asyncio.create_task(client.ask(prompt(f"Ask {n}"), 0)) for n in range(3)]
        await throttled.wait()
        client.stopping.set()
        outcomes = await asyncio.wait_for(asyncio.gather(*rows, return_exceptions=True), 2)
    codes = [one.failure.code for one in outcomes if isinstance(one, RowFailedError)]
    assert codes == ["stopped"] * 3
