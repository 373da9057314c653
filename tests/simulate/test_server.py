import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import anthropic
import openai
import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.errors import UsageError
from blackbox_kd.simulate.books import read_books
from blackbox_kd.simulate.server import run_forever, serving
from blackbox_kd.tasks import TASKS

ROWS = list(TASKS["tickets"].generate(30, 1, 0))
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
WIRES = pytest.mark.parametrize("wire", list(PATHS))


def body(prompt: str, **fields: object) -> dict[str, object]:
    turns = [{"role": "user", "content": prompt}]
    return {"model": "simulated-tickets", "max_tokens": 200, "messages": turns, **fields}


def text(wire: str, reply: Any) -> str:
    said = reply["choices"][0]["message"]["content"] if wire == "openai" else reply["content"][0]["text"]
    return str(said)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


@WIRES
async def test_a_prompt_is_answered_by_the_oracle(wire: str, session: aiohttp.ClientSession) -> None:
    async with (
        serving(Simulated(task="tickets")) as url,
        session.post(url + PATHS[wire], json=body(ROWS[0].prompt)) as got,
    ):
        reply = await got.json()
    assert (got.status, text(wire, reply), reply["model"]) == (200, ROWS[0].reference, "simulated-tickets")


@WIRES
async def test_every_reply_says_that_it_is_simulated(wire: str, session: aiohttp.ClientSession) -> None:
    async with serving(Simulated(task="tickets")) as url, session.post(url + PATHS[wire], json=body("hi")) as got:
        assert got.headers["x-simulated"] == "true"


@pytest.mark.parametrize(
    ("wire", "names"),
    [
        ("openai", ("x-request-id", "x-ratelimit-remaining-requests", "x-ratelimit-reset-tokens")),
        (
            "anthropic",
            ("request-id", "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-input-tokens-reset"),
        ),
    ],
)
async def test_headers_are_those_of_the_wire(wire: str, names: tuple[str, ...], session: aiohttp.ClientSession) -> None:
    limited = Simulated(task="tickets", max_requests_per_minute=100, max_tokens_per_minute=10_000)
    async with serving(limited) as url, session.post(url + PATHS[wire], json=body("hi")) as got:
        assert [name for name in names if name not in got.headers] == []


async def test_the_official_openai_client_reads_the_reply() -> None:
    async with (
        serving(Simulated(task="tickets")) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as client,
    ):
        reply = await client.chat.completions.create(
            model="tickets", messages=[{"role": "user", "content": ROWS[0].prompt}]
        )
    assert reply.choices[0].message.content == ROWS[0].reference


async def test_the_official_anthropic_client_reads_the_reply() -> None:
    async with serving(Simulated(task="tickets")) as url, anthropic.AsyncAnthropic(base_url=url, api_key="k") as client:
        reply = await client.messages.create(
            model="tickets", max_tokens=100, messages=[{"role": "user", "content": ROWS[0].prompt}]
        )
    assert reply.content[0].type == "text"
    assert reply.content[0].text == ROWS[0].reference


async def test_the_models_are_listed(session: aiohttp.ClientSession) -> None:
    async with serving(Simulated(task="units")) as url, session.get(f"{url}/v1/models") as got:
        assert [model["id"] for model in (await got.json())["data"]] == ["simulated-units"]


@WIRES
async def test_two_servers_and_any_order_give_the_same_replies(wire: str, session: aiohttp.ClientSession) -> None:
    settings = Simulated(task="tickets", wrong=0.3, refused=0.3)

    async def one(url: str, prompt: str) -> tuple[str, Any]:
        async with session.post(url + PATHS[wire], json=body(prompt)) as got:
            return prompt, await got.json()

    prompts = [row.prompt for row in ROWS]
    async with serving(settings) as url:
        first = dict([await one(url, prompt) for prompt in prompts])
    async with serving(settings) as url:
        second = dict(await asyncio.gather(*(one(url, prompt) for prompt in reversed(prompts))))
    assert first == second


@WIRES
async def test_a_retry_succeeds_and_only_replies_are_billed(
    wire: str, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    settings = Simulated(task="tickets", rate_429=0.3, rate_500=0.3)
    seen = []
    async with serving(settings, books=tmp_path / "books.jsonl") as url:
        for row in ROWS:
            status = 0
            while status != 200:
                async with session.post(url + PATHS[wire], json=body(row.prompt)) as got:
                    status = got.status
                    seen.append(status)
    assert set(seen) == {200, 429, 500}
    assert len(list(read_books(tmp_path / "books.jsonl"))) == seen.count(200) == len(ROWS)


@WIRES
async def test_the_books_hold_the_usage_that_was_told(
    wire: str, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with (
        serving(Simulated(task="tickets"), books=tmp_path / "books.jsonl") as url,
        session.post(url + PATHS[wire], json=body(ROWS[0].prompt)) as got,
    ):
        reply = await got.json()
    entry = next(read_books(tmp_path / "books.jsonl"))
    assert next(iter(reply["usage"].values())) == entry.prompt_tokens
    assert entry.completion_tokens in reply["usage"].values()
    assert (entry.response_id, entry.kind, entry.path) == (reply["id"], "ok", PATHS[wire])


async def test_a_client_that_hangs_up_is_billed_all_the_same(tmp_path: Path) -> None:
    async with serving(Simulated(task="tickets", latency_s=0.2), books=tmp_path / "books.jsonl") as url:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.05)) as impatient:
            with pytest.raises(TimeoutError):
                await impatient.post(f"{url}/v1/messages", json=body(ROWS[0].prompt))
        await asyncio.sleep(0.4)
        assert len(list(read_books(tmp_path / "books.jsonl"))) == 1


@WIRES
@pytest.mark.parametrize(
    ("fields", "key", "status"),
    [
        ({}, "wrong", 401),
        ({"model": "gpt-9"}, "right", 404),
        ({"messages": "x"}, "right", 400),
        ({}, "right", 200),
    ],
)
async def test_what_a_provider_refuses_is_refused(
    wire: str, fields: dict[str, object], key: str, status: int, session: aiohttp.ClientSession
) -> None:
    headers = {"Authorization": f"Bearer {key}"} if wire == "openai" else {"x-api-key": key}
    async with (
        serving(Simulated(task="tickets", api_key="right")) as url,
        session.post(url + PATHS[wire], json=body("hi", **fields), headers=headers) as got,
    ):
        assert got.status == status


@pytest.mark.parametrize(
    ("wire", "error"),
    [
        ("openai", {"type": "requests", "code": "rate_limit_exceeded", "param": None}),
        ("anthropic", {"type": "rate_limit_error"}),
    ],
)
async def test_a_429_looks_as_the_vendor_sends_it(
    wire: str, error: dict[str, object], session: aiohttp.ClientSession
) -> None:
    async with (
        serving(Simulated(task="tickets", rate_429=1.0, retry_after_s=0.5)) as url,
        session.post(url + PATHS[wire], json=body("hi")) as got,
    ):
        told = (await got.json())["error"]
    assert (got.status, got.headers["retry-after"]) == (429, "0.5")
    assert {key: value for key, value in told.items() if key != "message"} == error


async def test_more_requests_a_minute_than_allowed_are_refused(session: aiohttp.ClientSession) -> None:
    statuses = []
    async with serving(Simulated(task="tickets", max_requests_per_minute=3, burst=1.0)) as url:
        for row in ROWS[:5]:
            async with session.post(f"{url}/v1/messages", json=body(row.prompt)) as got:
                statuses.append(got.status)
    assert statuses == [200, 200, 200, 429, 429]


async def test_a_taken_port_is_an_error_of_use() -> None:
    async with serving(Simulated()) as url:
        with pytest.raises(UsageError, match="cannot listen on"):
            async with serving(Simulated(), port=int(url.rpartition(":")[2])):
                raise AssertionError("two servers on one port")


async def test_an_unknown_task_is_told_before_anything_is_served() -> None:
    with pytest.raises(UsageError, match="no task 'poems'"):
        async with serving(Simulated(task="poems")):
            raise AssertionError("served an unknown task")


async def test_run_forever_tells_its_address_and_ends_when_cancelled(session: aiohttp.ClientSession) -> None:
    ready: asyncio.Queue[str] = asyncio.Queue()
    running = asyncio.create_task(run_forever(Simulated(), "127.0.0.1", 0, None, ready.put_nowait))
    async with session.get(f"{await ready.get()}/v1/models") as got:
        assert got.status == 200
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
