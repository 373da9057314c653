"""Streams and TLS, read by the vendors' own clients."""

import asyncio
import io
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import anthropic
import openai
import pytest
from anthropic.types import MessageParam

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.books import read_books
from blackbox_kd.simulate.script import Stream
from blackbox_kd.simulate.server import serving
from blackbox_kd.tasks import TASKS

ROW = next(iter(TASKS["tickets"].generate(1, 1, 0)))
TURNS: list[MessageParam] = [{"role": "user", "content": ROW.prompt}]
SETTINGS = Simulated(task="tickets", reasoning="Let me see.")


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def body(**fields: object) -> dict[str, object]:
    turns = [{"role": "user", "content": ROW.prompt}]
    return {"model": "tickets", "max_tokens": 400, "messages": turns, "stream": True, **fields}


async def test_the_official_openai_client_reads_a_chat_stream(tmp_path: Path) -> None:
    async with (
        serving(SETTINGS, books=tmp_path / "books.jsonl") as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as sdk,
    ):
        stream = await sdk.chat.completions.create(
            model="tickets",
            messages=[{"role": "user", "content": ROW.prompt}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    [entry] = read_books(tmp_path / "books.jsonl")
    assert text == ROW.reference
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == entry.completion_tokens


async def test_the_official_openai_client_reads_a_response() -> None:
    async with serving(SETTINGS) as url, openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as sdk:
        reply = await sdk.responses.create(model="tickets", input=ROW.prompt, store=False)
    assert (reply.output_text, reply.status) == (ROW.reference, "completed")
    assert reply.usage is not None
    assert reply.usage.output_tokens_details.reasoning_tokens == 3


async def test_the_official_openai_client_reads_a_response_stream() -> None:
    async with (
        serving(SETTINGS) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as sdk,
        sdk.responses.stream(model="tickets", input=ROW.prompt, store=False) as stream,
    ):
        reply = await stream.get_final_response()
    assert reply.output_text == ROW.reference


async def test_the_official_anthropic_client_reads_a_stream() -> None:
    async with (
        serving(SETTINGS) as url,
        anthropic.AsyncAnthropic(base_url=url, api_key="k") as sdk,
        sdk.messages.stream(model="tickets", max_tokens=400, messages=TURNS) as stream,
    ):
        reply = await stream.get_final_message()
    assert [block.type for block in reply.content] == ["thinking", "text"]
    assert reply.content[1].type == "text"
    assert (reply.content[1].text, reply.stop_reason) == (ROW.reference, "end_turn")


async def test_the_official_anthropic_client_sees_an_error_within_a_stream() -> None:
    async with (
        serving(SETTINGS, script=lambda asked, attempt: Stream("error")) as url,
        anthropic.AsyncAnthropic(base_url=url, api_key="k") as sdk,
        sdk.messages.stream(model="tickets", max_tokens=400, messages=TURNS) as stream,
    ):
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            await stream.get_final_message()


async def test_the_official_openai_client_sees_an_error_within_a_stream() -> None:
    async with (
        serving(SETTINGS, script=lambda asked, attempt: Stream("error")) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as sdk,
    ):
        stream = await sdk.chat.completions.create(
            model="tickets", messages=[{"role": "user", "content": ROW.prompt}], stream=True
        )
        with pytest.raises(openai.APIError, match="Overloaded"):
            async for _ in stream:
                continue


async def test_tokens_of_a_stream_come_one_after_the_other(client: aiohttp.ClientSession) -> None:
    settings, begun = Simulated(first_token_s=0.1, token_s=0.02), time.monotonic()
    async with serving(settings) as url, client.post(f"{url}/v1/messages", json=body(model="simulated")) as got:
        headers_s = time.monotonic() - begun
        times = [time.monotonic() - begun async for line in got.content if b"text_delta" in line]
    assert headers_s < 0.1 <= times[0]
    assert all(seconds >= 0.1 + 0.02 * number for number, seconds in enumerate(times))


async def test_a_reply_that_is_not_streamed_takes_as_long(client: aiohttp.ClientSession) -> None:
    settings, begun = Simulated(first_token_s=0.1, token_s=0.01), time.monotonic()
    plain = body(model="simulated", stream=False)
    async with serving(settings) as url, client.post(f"{url}/v1/messages", json=plain) as got:
        tokens = (await got.json())["usage"]["output_tokens"]
    assert time.monotonic() - begun >= 0.1 + 0.01 * (tokens - 1)


async def test_a_stream_that_nobody_reads_to_its_end_is_billed(client: aiohttp.ClientSession, tmp_path: Path) -> None:
    async with (
        serving(Simulated(token_s=0.05), books=tmp_path / "books.jsonl") as url,
        client.post(f"{url}/v1/messages", json=body(model="simulated")) as got,
    ):
        await got.content.readuntil(b"text_delta")
    assert len(list(read_books(tmp_path / "books.jsonl"))) == 1


async def test_a_server_that_queues_takes_its_requests_in_turn(client: aiohttp.ClientSession) -> None:
    async with serving(Simulated(concurrent=1, latency_s=0.05)) as url:
        begun = time.monotonic()

        async def one(seed: int) -> float:
            async with client.post(f"{url}/v1/messages", json=body(model="simulated", seed=seed)) as got:
                await got.read()
                return time.monotonic() - begun

        times = await asyncio.gather(*(one(seed) for seed in range(4)))
    assert max(times) >= 0.2


async def test_a_body_that_is_too_large_is_a_413(client: aiohttp.ClientSession) -> None:
    async with (
        serving(Simulated()) as url,
        client.post(f"{url}/v1/messages", data=io.BytesIO(bytes(33 * 1024 * 1024))) as got,
    ):
        assert (got.status, (await got.json())["error"]["type"]) == (413, "request_too_large")


def certificate(path: Path) -> None:
    """Make a self-signed certificate for 127.0.0.1 and its key, in one file."""
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path)]
    made = subprocess.run([*words.split(), *names], capture_output=True, check=True, timeout=30)
    path.write_bytes(path.read_bytes() + made.stdout)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
async def test_a_server_with_a_certificate_speaks_tls(client: aiohttp.ClientSession, tmp_path: Path) -> None:
    certificate(tmp_path / "both.pem")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "both.pem")
    trust = ssl.create_default_context(cafile=tmp_path / "both.pem")
    async with serving(Simulated(), ssl=server) as url:
        assert url.startswith("https://127.0.0.1:")
        async with client.get(f"{url}/v1/models", ssl=trust) as got:
            assert got.status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await client.get(f"{url}/v1/models")
