import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.records import Message
from blackbox_kd.simulate.batches import serving_batches
from blackbox_kd.simulate.books import Books
from blackbox_kd.simulate.jobs import Jobs, Trouble
from blackbox_kd.simulate.state import Server
from blackbox_kd.teachers.batch import BatchApi, CallError
from blackbox_kd.teachers.batches import MOST, Remote, custom_id
from blackbox_kd.teachers.request import build
from blackbox_kd.teachers.spool import Spool
from blackbox_kd.teachers.target import Api, Patience, Target

NAME = "0123456789abcdef" * 4
LIMIT = 1_000
WIRES = pytest.mark.parametrize("wire", ["openai", "responses", "anthropic"])
Both = Callable[..., AbstractAsyncContextManager[tuple[BatchApi, Jobs]]]


def target(url: str, wire: Api) -> Target:
    base_url = url if wire == "anthropic" else f"{url}/v1"
    model = "simulated-tickets"
    return Target(wire=wire, model=model, label=f"x/{model}", base_url=base_url, identity="own", official=False)


@pytest.fixture
def both() -> Both:
    """A batch API and the simulated provider behind it: `async with both("openai", cut=1) as (api, jobs)`."""

    @asynccontextmanager
    async def opened(wire: Api, key: str = "k-secret", **trouble: Any) -> AsyncIterator[tuple[BatchApi, Jobs]]:
        jobs = Jobs(Server(Simulated(task="tickets", api_key="k-secret"), Books(None)), Trouble(**trouble))
        async with serving_batches(jobs) as url:
            api = BatchApi(target(url, wire), key, Patience(timeout_s=5))
            yield api, jobs
            await api.close()

    return opened


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Callable[..., Spool]]:
    """A sealed request file: `spool("openai", ["hi", "ho"])`."""
    files: list[Spool] = []

    def make(wire: Api, prompts: list[str]) -> Spool:
        made = Spool(wire, tmp_path)
        for prompt in prompts:
            asked = build((Message(role="user", content=prompt),), 0, target("http://127.0.0.1:9", wire))
            assert made.add(asked.key, asked.payload(False), LIMIT)
        made.seal(NAME)
        files.append(made)
        return made

    yield make
    for file in files:
        file.close()


async def created(api: BatchApi, made: Spool) -> Remote:
    await api.upload(made, NAME)
    return await api.create(made, NAME)


async def downloaded(api: BatchApi, remote: Remote, most: int = 10**6) -> bytes:
    out = BytesIO()
    await api.download(api.result_path(remote, remote.results[0]), out, most)
    return out.getvalue()


@WIRES
async def test_a_batch_is_created_polled_listed_and_fetched(wire: Api, both: Both, spool: Callable[..., Spool]) -> None:
    async with both(wire) as (api, jobs):
        made = await created(api, spool(wire, ["hi", "ho\u2028"]))
        remote = await api.poll(made.id)
        assert (remote.state, remote.total, remote.lines) == ("ended", 2, 2)
        assert [one.id for one in await api.list(remote.created_s - 60)] == [made.id]
        lines = (await downloaded(api, remote)).removesuffix(b"\n").split(b"\n")
        assert await api.head(remote) == lines[0]
    job = jobs.jobs[made.id]
    assert {json.loads(line)["custom_id"] for line in lines} == {row.custom_id for row in job.rows}
    assert all(row.custom_id.startswith(f"{NAME[:16]}_") for row in job.rows)
    assert job.metadata == ({} if wire == "anthropic" else {"bbkd": NAME})


@WIRES
async def test_the_rows_that_arrive_are_the_requests(wire: Api, both: Both, spool: Callable[..., Spool]) -> None:
    prompts = [f"prompt {number} ☃" for number in range(300)]
    asked = [build((Message(role="user", content=one),), 0, target("", wire)) for one in prompts]
    async with both(wire) as (api, jobs):
        remote = await created(api, spool(wire, prompts))
    rows = jobs.jobs[remote.id].rows
    assert [row.custom_id for row in rows] == [custom_id(NAME, one.key) for one in asked]
    assert [json.loads(row.body) for row in rows] == [json.loads(one.payload(False)) for one in asked]


@WIRES
@pytest.mark.parametrize("out", [{0}, {1, 3}, {4}, {0, 1, 2, 3}])
async def test_a_request_file_is_made_again_without_some_rows(
    out: set[int], wire: Api, both: Both, spool: Callable[..., Spool]
) -> None:
    prompts = [f"prompt {number} ☃" for number in range(5)]
    sealed = spool(wire, prompts)
    fewer = sealed.without(out)
    fewer.seal(NAME)
    assert b"".join(fewer.chunks()) == b"".join(
        spool(wire, [one for place, one in enumerate(prompts) if place not in out]).chunks()
    )
    fewer.close()


async def test_older_batches_are_not_listed(both: Both, spool: Callable[..., Spool]) -> None:
    async with both("anthropic") as (api, _):
        made = await created(api, spool("anthropic", ["hi"]))
        assert await api.list(made.created_s + 60) == []


async def test_all_pages_are_listed(both: Both, spool: Callable[..., Spool]) -> None:
    async with both("openai", delay_s=60) as (api, jobs):
        made = await created(api, spool("openai", ["hi"]))
        ids = [jobs.new("openai", jobs.jobs[made.id].rows, metadata={"n": n}).id for n in range(230)]
        assert [one.id for one in await api.list(0.0)] == [*reversed(ids), made.id]


@pytest.mark.parametrize("ranges", [True, False])
async def test_row_59_a_download_that_is_cut_at_80_percent_is_taken_up_again(
    ranges: bool, both: Both, spool: Callable[..., Spool]
) -> None:
    async with both("anthropic", cut=2, ranges=ranges) as (api, jobs):
        made = await created(api, spool("anthropic", [f"prompt {number}" for number in range(100)]))
        assert await downloaded(api, await api.poll(made.id)) == jobs.jobs[made.id].output


async def test_row_59_a_connection_that_never_holds_is_an_error_in_the_end(
    both: Both, spool: Callable[..., Spool]
) -> None:
    async with both("anthropic", cut=99, ranges=False) as (api, _):
        made = await created(api, spool("anthropic", ["hi"]))
        with pytest.raises(CallError) as failed:
            await downloaded(api, await api.poll(made.id))
    assert (failed.value.error.scope, failed.value.status) == ("attempt", None)


async def test_row_59_results_above_the_cap_are_refused(both: Both, spool: Callable[..., Spool]) -> None:
    async with both("anthropic") as (api, _):
        made = await created(api, spool("anthropic", ["hi"]))
        with pytest.raises(CallError, match="above 100 bytes"):
            await downloaded(api, await api.poll(made.id), most=100)


@pytest.mark.parametrize("whole", [True, False])
async def test_row_59_a_packed_file_is_unpacked_and_a_torn_one_is_an_error(whole: bool) -> None:
    data = b'{"a": "b"}\n' * 10_000_000 if whole else b"x" * 1000
    packed = gzip.compress(data, 1) if whole else gzip.compress(data)[:-10]

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    app = web.Application()
    app.router.add_get("/v1/files/f/content", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api = BatchApi(target(f"http://127.0.0.1:{runner.addresses[0][1]}", "openai"), "k", Patience(timeout_s=5))
    out = BytesIO()
    try:
        if whole:
            await api.download("/files/f/content", out)
            assert out.getvalue() == data
        else:
            with pytest.raises(CallError, match="has no end"):
                await api.download("/files/f/content", out)
    finally:
        await api.close()
        await runner.cleanup()


@WIRES
async def test_row_52_a_creation_that_is_accepted_and_never_answered_may_have_worked(
    wire: Api, both: Both, spool: Callable[..., Spool]
) -> None:
    async with both(wire, lose_creates=1) as (api, jobs):
        with pytest.raises(CallError) as failed:
            await created(api, spool(wire, ["hi"]))
    assert failed.value.ambiguous
    assert len(jobs.jobs) == 1


@WIRES
async def test_a_server_error_on_creation_may_hide_a_batch_and_a_refusal_does_not(
    wire: Api, both: Both, spool: Callable[..., Spool]
) -> None:
    async with both(wire, fail_creates=1) as (api, _):
        with pytest.raises(CallError) as failed:
            await created(api, spool(wire, ["hi"]))
    async with both(wire, key="k-wrong") as (api, _):
        with pytest.raises(CallError) as refused:
            await created(api, spool(wire, ["hi"]))
    assert (failed.value.ambiguous, failed.value.error.scope) == (True, "attempt")
    assert (refused.value.ambiguous, refused.value.error.scope) == (False, "run")


async def test_nothing_was_sent_where_nobody_listens(spool: Callable[..., Spool]) -> None:
    api = BatchApi(target("http://127.0.0.1:9", "anthropic"), "k", Patience())
    try:
        with pytest.raises(CallError) as failed:
            await api.create(spool("anthropic", ["hi"]), NAME)
    finally:
        await api.close()
    assert (failed.value.ambiguous, failed.value.error.code) == (False, "connect")


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("https://a.example/v1/messages/batches/b/results?x=1", "https://a.example/v1/messages/batches/b/results?x=1"),
        ("https://evil.example/results", "/v1/messages/batches/b/results"),
        ("http://a.example/results", "/v1/messages/batches/b/results"),
        ("//a.example/results", "/v1/messages/batches/b/results"),
    ],
)
async def test_the_key_goes_to_no_other_server_for_results(where: str, path: str) -> None:
    api = BatchApi(target("https://a.example", "anthropic"), "k", Patience())
    remote = Remote(id="b", state="ended", said="ended", created_s=0, total=1, done=1, results=(where,))
    assert api.result_path(remote, where) == path
    await api.close()


async def test_an_id_of_the_provider_cannot_leave_its_place_in_the_path(both: Both) -> None:
    async with both("openai") as (api, _):
        with pytest.raises(CallError) as failed:
            await api.poll("../files/file-1/content")
        assert failed.value.status == 404


def test_a_request_file_ends_where_rows_or_bytes_would_be_too_many(tmp_path: Path) -> None:
    made = Spool("openai", tmp_path)
    assert [made.add("0" * 64, b"{}", 2) for _ in range(3)] == [True, True, False]
    assert made.add("0" * 64, b"{}", 3)
    made.close()
    big = Spool("anthropic", tmp_path)
    assert big.add("0" * 64, b"{}", LIMIT)
    big.size = MOST["anthropic"].size - 150
    assert [big.add("0" * 64, b"{}", LIMIT) for _ in range(3)] == [True, False, False]
    big.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 KEY\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header KEY\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nKEY\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: KEY\r\n\r\n",
    ],
)
async def test_an_error_never_shows_the_key_that_a_server_repeats(answer: bytes) -> None:
    key = "sk-proj-ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer.replace(b"KEY", key.encode()))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(repeat, "127.0.0.1", 0)
    url = "http://{}:{}".format(*server.sockets[0].getsockname())
    api = BatchApi(target(url, "openai"), key, Patience(timeout_s=5))
    try:
        for call in (api.poll("b"), api.download("/files/f/content", BytesIO())):
            with pytest.raises(CallError) as failed:
                await call
            assert key not in f"{failed.value} {failed.value.error}"
            assert "[redacted]" in failed.value.error.message
    finally:
        await api.close()
        server.close()
