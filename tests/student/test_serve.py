import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Message
from blackbox_kd.student.generate import Sampling, generate
from blackbox_kd.student.load import Student
from blackbox_kd.student.serve import serve

HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
async def url(student: Student) -> AsyncIterator[str]:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(student, "tiny", "127.0.0.1", 0, ready.set_result))
    yield await ready
    task.cancel()
    await asyncio.wait([task])


async def post(url: str, body: Any) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.post(f"{url}/v1/chat/completions", json=body) as reply:
        return reply.status, await reply.json()


async def test_it_answers_as_generation_does(student: Student, url: str) -> None:
    status, body = await post(url, {"model": "tiny", "messages": HELLO, "max_tokens": 5})
    (wanted,) = generate(student, [[Message(role="user", content="hello")]], Sampling(max_new_tokens=5))
    assert status == 200
    assert body["choices"][0]["message"]["content"] == wanted.text
    assert body["choices"][0]["finish_reason"] == wanted.finish_reason
    assert body["usage"]["completion_tokens"] == 5


async def test_requests_at_once_are_each_answered_with_their_own(url: str) -> None:
    asked = [[{"role": "user", "content": text}] for text in "abcdefghijkl"]
    alone = [(await post(url, {"messages": turns, "max_tokens": 4}))[1]["choices"] for turns in asked]
    found = await asyncio.gather(*(post(url, {"messages": turns, "max_tokens": 4}) for turns in asked))
    assert [body["choices"] for _, body in found] == alone


async def test_the_official_client_can_talk_to_it(url: str) -> None:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client:
        reply = await client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": "hello"}], max_completion_tokens=3, seed=1
        )
        names = [model.id async for model in client.models.list()]
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 3
    assert names == ["tiny"]


@pytest.mark.parametrize(
    "change",
    [{"n": 2}, {"stream": True}, {"messages": []}, {"temperature": 9}, {"messages": "x"}, {"max_tokens": -1}],
)
async def test_what_it_cannot_do_is_refused_in_openais_shape(url: str, change: dict[str, Any]) -> None:
    status, body = await post(url, {"messages": HELLO, **change})
    assert status == 400
    assert body["error"]["type"] == "invalid_request_error"


async def test_images_are_refused_by_name(url: str) -> None:
    parts = [{"type": "image_url", "image_url": {"url": "x"}}]
    status, body = await post(url, {"messages": [{"role": "user", "content": parts}]})
    assert (status, "image_url" in body["error"]["message"]) == (400, True)


async def test_too_long_a_prompt_fails_alone(url: str) -> None:
    long = {"messages": [{"role": "user", "content": "x" * 5000}], "max_tokens": 2}
    (bad, _), (good, _) = await asyncio.gather(post(url, long), post(url, {"messages": HELLO, "max_tokens": 2}))
    assert (bad, good) == (400, 200)


async def test_an_unknown_path_is_json_too(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/v1/nothing") as reply:
        assert (reply.status, "error" in await reply.json()) == (404, True)


async def test_a_taken_port_is_a_usage_error(student: Student, url: str) -> None:
    port = int(url.rpartition(":")[2])
    with pytest.raises(UsageError, match=str(port)):
        await serve(student, "tiny", "127.0.0.1", port, lambda _: None)
