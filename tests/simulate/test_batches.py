import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anthropic
import openai
import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.batches import serving_batches
from blackbox_kd.simulate.books import Books, read_books
from blackbox_kd.simulate.jobs import Jobs, Trouble
from blackbox_kd.simulate.state import Server
from blackbox_kd.tasks import TASKS

ROWS = list(TASKS["tickets"].generate(6, 1, 0))
Batches = Callable[..., AbstractAsyncContextManager[tuple[str, Jobs]]]


@pytest.fixture
def batches(tmp_path: Path) -> Batches:
    """Serves the batch endpoints: `async with batches(delay_s=1) as (url, jobs)`."""

    @asynccontextmanager
    async def serving(api_key: str | None = None, **trouble: Any) -> AsyncIterator[tuple[str, Jobs]]:
        books = Books(tmp_path / "books.jsonl")
        jobs = Jobs(Server(Simulated(task="tickets", api_key=api_key), books), Trouble(**trouble))
        async with serving_batches(jobs) as url:
            yield url, jobs
        books.close()

    return serving


def body(prompt: str) -> dict[str, object]:
    return {"model": "tickets", "max_tokens": 200, "messages": [{"role": "user", "content": prompt}]}


def request_file(prompts: list[str], url: str = "/v1/chat/completions") -> bytes:
    rows = [
        {"custom_id": f"r{number}", "method": "POST", "url": url, "body": body(prompt)}
        for number, prompt in enumerate(prompts)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


async def openai_batch(client: openai.AsyncOpenAI, data: bytes | None = None) -> Any:
    data = request_file([row.prompt for row in ROWS]) if data is None else data
    file = await client.files.create(file=("batch.jsonl", data), purpose="batch")
    return await client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"bbkd": "f"}
    )


async def anthropic_batch(client: anthropic.AsyncAnthropic, prompts: list[str]) -> Any:
    requests: Any = [{"custom_id": f"r{number}", "params": body(prompt)} for number, prompt in enumerate(prompts)]
    return await client.messages.batches.create(requests=requests)


async def test_the_official_openai_client_gets_its_results_and_each_row_is_billed_once(
    batches: Batches, tmp_path: Path
) -> None:
    async with batches() as (url, _), openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as client:
        batch = await client.batches.retrieve((await openai_batch(client)).id)
        assert batch.output_file_id is not None
        lines = (await client.files.content(batch.output_file_id)).content.decode().splitlines()
        await client.batches.retrieve(batch.id)
    said = {
        row["custom_id"]: row["response"]["body"]["choices"][0]["message"]["content"] for row in map(json.loads, lines)
    }
    assert said == {f"r{number}": row.reference for number, row in enumerate(ROWS)}
    assert (batch.status, batch.metadata, batch.request_counts and batch.request_counts.completed) == (
        "completed",
        {"bbkd": "f"},
        6,
    )
    assert len(list(read_books(tmp_path / "books.jsonl"))) == 6


async def test_the_official_anthropic_client_gets_its_results_and_each_row_is_billed_once(
    batches: Batches, tmp_path: Path
) -> None:
    async with batches() as (url, _), anthropic.AsyncAnthropic(base_url=url, api_key="k") as client:
        batch = await anthropic_batch(client, [row.prompt for row in ROWS])
        results = [one async for one in await client.messages.batches.results(batch.id)]
    said = {one.custom_id: one.result.message.content[0].text for one in results if one.result.type == "succeeded"}  # type: ignore[union-attr]
    assert said == {f"r{number}": row.reference for number, row in enumerate(ROWS)}
    assert len(list(read_books(tmp_path / "books.jsonl"))) == 6


async def test_a_batch_runs_until_its_delay_is_over(batches: Batches) -> None:
    async with (
        batches(delay_s=0.05) as (url, jobs),
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as client,
    ):
        batch = await openai_batch(client)
        assert (batch.status, jobs.jobs[batch.id].output) == ("in_progress", b"")
        await asyncio.sleep(0.06)
        assert (await client.batches.retrieve(batch.id)).status == "completed"


async def test_a_row_that_is_no_row_fails_the_batch_and_tells_its_line(batches: Batches) -> None:
    data = request_file([row.prompt for row in ROWS]) + b"{}\n"
    async with batches() as (url, jobs), openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as client:
        batch = await openai_batch(client, data)
    assert batch.status == "failed"
    assert [error.line for error in batch.errors.data] == [7]
    assert jobs.submitted.total() == 0


async def test_two_models_in_one_file_fail_the_batch(batches: Batches) -> None:
    data = request_file(["a", "b"]).replace(b'"model": "tickets"', b'"model": "units"', 1)
    async with batches() as (url, _), openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as client:
        assert (await openai_batch(client, data)).status == "failed"


@pytest.mark.parametrize("how", ["expired", "cancelled"])
async def test_half_of_an_openai_batch_is_answered_and_only_that_is_billed(
    how: str, batches: Batches, tmp_path: Path
) -> None:
    async with batches(partial=how) as (url, jobs), openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as client:
        batch = await openai_batch(client)
        lines = jobs.jobs[batch.id].output.count(b"\n"), jobs.jobs[batch.id].errors.count(b"batch_expired")
    assert (batch.status, lines) == (how, (3, 3 if how == "expired" else 0))
    assert len(list(read_books(tmp_path / "books.jsonl"))) == 3


async def test_a_cancelled_anthropic_batch_is_not_billed(batches: Batches, tmp_path: Path) -> None:
    async with batches(delay_s=60) as (url, _), anthropic.AsyncAnthropic(base_url=url, api_key="k") as client:
        batch = await anthropic_batch(client, ["a", "b"])
        await client.messages.batches.cancel(batch.id)
        results = [one async for one in await client.messages.batches.results(batch.id)]
    assert [one.result.type for one in results] == ["canceled", "canceled"]
    assert list(read_books(tmp_path / "books.jsonl")) == []


async def test_batches_are_listed_newest_first_in_pages(batches: Batches) -> None:
    async with batches() as (url, _), anthropic.AsyncAnthropic(base_url=url, api_key="k") as client:
        made = [(await anthropic_batch(client, ["a"])).id for _ in range(5)]
        listed = [batch.id async for batch in client.messages.batches.list(limit=2)]
    assert listed == made[::-1]


async def test_a_lost_creation_has_made_a_batch(batches: Batches) -> None:
    async with (
        batches(lose_creates=1) as (url, jobs),
        anthropic.AsyncAnthropic(base_url=url, api_key="k", max_retries=0) as client,
    ):
        with pytest.raises(anthropic.APIConnectionError):
            await anthropic_batch(client, ["a"])
    assert jobs.submitted.total() == 1


async def test_the_results_can_be_spoilt(batches: Batches) -> None:
    trouble = {"shuffled": True, "missing": 1, "duplicated": 1, "unknown": 1, "torn": True}
    async with batches(**trouble) as (url, jobs), anthropic.AsyncAnthropic(base_url=url, api_key="k") as client:
        batch = await anthropic_batch(client, [row.prompt for row in ROWS])
        output = jobs.jobs[batch.id].output
    *whole, torn = output.split(b"\n")
    names = [json.loads(line)["custom_id"] for line in whole]
    assert len(whole) == 6
    assert torn
    assert names != sorted(names)


async def test_a_download_loses_its_connection_once_and_goes_on_where_it_was(batches: Batches) -> None:
    async with (
        batches(cut=1) as (url, jobs),
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as client,
        aiohttp.ClientSession() as session,
    ):
        batch = await openai_batch(client)
        where = f"{url}/v1/files/{batch.output_file_id}/content"
        async with session.get(where) as got:
            with pytest.raises(aiohttp.ClientPayloadError):
                await got.read()
        async with session.get(where, headers={"Range": "bytes=100-"}) as got:
            rest = await got.read()
        assert (got.status, rest) == (206, jobs.jobs[batch.id].output[100:])


async def test_a_wrong_key_is_refused(batches: Batches) -> None:
    async with (
        batches(api_key="right") as (url, jobs),
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="wrong") as client,
    ):
        with pytest.raises(openai.AuthenticationError):
            await openai_batch(client)
    assert jobs.uploads == 0


async def test_a_custom_id_that_the_vendor_does_not_take_is_refused(batches: Batches) -> None:
    async with batches() as (url, _), anthropic.AsyncAnthropic(base_url=url, api_key="k") as client:
        request: Any = {"custom_id": "no spaces", "params": body("a")}
        with pytest.raises(anthropic.BadRequestError):
            await client.messages.batches.create(requests=[request])
