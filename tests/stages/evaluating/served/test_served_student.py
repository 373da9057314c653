import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import UsageError
from blackbox_kd.records import Message
from blackbox_kd.run import RunDir
from blackbox_kd.simulate.server import serving
from blackbox_kd.stages.evaluating.served import (
    ServedAnswers,
    address_of,
    ask_served,
    is_served,
    mean_logprob,
    served_answers,
)
from blackbox_kd.student.generate import Sampling, generate
from blackbox_kd.student.load import load
from blackbox_kd.student.serve import serve
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.wire import clean

Body = dict[str, Any]
Handler = Callable[[int, Body], Awaitable[web.Response]]
Serve = Callable[..., AbstractAsyncContextManager[Any]]
Said = Callable[..., Body]
Asked = Callable[[int], dict[str, tuple[Message, ...]]]
MakeConfig = Callable[..., Config]
Measure = Callable[..., Awaitable[ServedAnswers]]


@pytest.mark.parametrize(
    ("spec", "served"),
    [
        ("http://127.0.0.1:8000/v1#m", True),
        ("HTTPS://models.example.org/v1", True),
        ("student", False),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", False),
        ("http", False),
    ],
)
def test_a_url_is_a_served_student(spec: str, served: bool) -> None:
    assert is_served(spec) == served


def test_the_model_stands_behind_the_address() -> None:
    assert address_of("http://127.0.0.1:8000/v1/#team/model#4bit") == ("http://127.0.0.1:8000/v1", "team/model#4bit")
    assert address_of("https://models.example.org/v1") == ("https://models.example.org/v1", "")


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("http://10.0.0.5:8000/v1#m", "unencrypted"),
        ("http://169.254.169.254/v1#m", "link-local"),
        ("https://user:word@models.example.org/v1#m", "password"),
        ("https://models.example.org/v1?key=word#m", "query"),
        ("http://#m", "no http address"),
    ],
)
def test_an_address_that_would_leak_is_refused(spec: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        address_of(spec)
    assert "word@" not in str(raised.value)
    assert "=word" not in str(raised.value)


async def test_our_own_server_answers_as_the_student_does_locally(
    run: RunDir, asked: Asked, config: MakeConfig
) -> None:
    student = load("tiny:0")
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(student, "tiny", "127.0.0.1", 0, ready.set_result))
    found = await ask_served(f"{await ready}/v1", asked(12), 6, config(), run)
    task.cancel()
    await asyncio.wait([task])
    local = generate(student, list(asked(12).values()), Sampling(max_new_tokens=6))
    assert [(one.text, one.finish_reason, one.completion_tokens) for one in found.predictions] == [
        (clean(one.text), one.finish_reason, one.completion_tokens) for one in local
    ]
    assert ([one.prompt_id for one in found.predictions], found.model) == (list(asked(12)), "tiny")
    assert {one.model for one in found.predictions} == {"student"}


async def test_the_simulated_server_can_be_a_student(run: RunDir, config: MakeConfig) -> None:
    rows = list(TASKS["tickets"].generate(14, 1, 0))
    conversations = {f"p{n}": (Message(role="user", content=row.prompt),) for n, row in enumerate(rows)}
    async with serving(Simulated(task="tickets")) as url:
        found = await ask_served(f"{url}/v1", conversations, 200, config(), run)
    assert [one.text for one in found.predictions] == [row.reference for row in rows]
    assert found.model == "simulated-tickets"


async def test_it_is_asked_greedily_for_so_many_tokens_and_with_its_system_prompt(
    own: Serve, echo: Handler, measured: Measure
) -> None:
    async with own(echo) as server:
        await measured(f"{server.spec}#m")
    body = server.bodies[-1]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("m", 0.0, 7)
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is 0?"},
    ]


async def test_up_to_ten_prompts_are_timed_one_at_a_time_and_all_are_asked_together(
    own: Serve, said: Said, measured: Measure
) -> None:
    flying, seen = 0, []

    async def slow(number: int, body: Body) -> web.Response:
        nonlocal flying
        flying += 1
        seen.append(flying)
        await asyncio.sleep(0.02)
        flying -= 1
        return web.json_response(said(body["messages"][-1]["content"]))

    async with own(slow) as server:
        found = await measured(f"{server.spec}#m", 40)
    assert [one.text for one in found.predictions] == [f"What is {n}?" for n in range(40)]
    assert (seen[:11], max(seen), len(seen)) == ([1] * 11, 4, 51)  # the first tries what the server takes
    assert found.latency_s is not None
    assert 0.02 <= found.latency_s < 0.5
    assert found.prompts_per_second is not None
    assert 0 < found.prompts_per_second <= 4 / 0.02
    assert found.tokens_per_second == pytest.approx(2 * found.prompts_per_second)


async def test_equal_prompts_are_each_asked(own: Serve, echo: Handler, run: RunDir, config: MakeConfig) -> None:
    turn = (Message(role="user", content="Again?"),)
    async with own(echo) as server:
        found = await ask_served(f"{server.spec}#m", {"a": turn, "b": turn}, 7, config(), run)
    assert ([one.prompt_id for one in found.predictions], len(server.bodies)) == (["a", "b"], 5)


async def test_tokens_that_the_server_does_not_count_are_unknown(own: Serve, said: Said, measured: Measure) -> None:
    async def uncounted(number: int, body: Body) -> web.Response:
        return web.json_response({**said("Yes."), "usage": None})

    async with own(uncounted) as server:
        found = await measured(f"{server.spec}#m", 12)
    assert found.prompts_per_second is not None
    assert ({one.completion_tokens for one in found.predictions}, found.tokens_per_second) == ({0}, None)


async def test_log_probabilities_are_asked_for_and_averaged(own: Serve, said: Said, measured: Measure) -> None:
    async def sure(number: int, body: Body) -> web.Response:
        content = [{"token": "Yes", "logprob": -0.5}, {"token": ".", "logprob": -1.5}]
        return web.json_response(said("Yes.", logprobs={"content": content} if body.get("logprobs") else None))

    async with own(sure) as server:
        found = await measured(f"{server.spec}#m")
    assert found.predictions[0].logprob == pytest.approx(-1.0)


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_a_server_that_refuses_log_probabilities_is_asked_without(
    status: int, own: Serve, said: Said, measured: Measure
) -> None:
    async def refusing(number: int, body: Body) -> web.Response:
        if "logprobs" in body:
            error = {"message": "logprobs is not supported", "param": "logprobs", "code": "unsupported_parameter"}
            return web.json_response({"error": error}, status=status)
        return web.json_response(said("Yes."))

    async with own(refusing) as server:
        found = await measured(f"{server.spec}#m", 3)
    assert [(one.text, one.logprob) for one in found.predictions] == [("Yes.", None)] * 3
    assert ["logprobs" in body for body in server.bodies] == [True] + [False] * 6


@pytest.mark.parametrize(
    "content",
    [None, [], [{"logprob": None}], [{"logprob": -1.0}, {}], [{"logprob": True}], "much", [{"logprob": "-1"}]],
)
def test_odd_log_probabilities_are_unknown(content: Any, said: Said) -> None:
    assert mean_logprob(msgspec.json.encode(said("Yes.", logprobs={"content": content}))) is None


def test_a_rounding_error_is_no_probability_above_one(said: Said) -> None:
    assert mean_logprob(msgspec.json.encode(said("Yes.", logprobs={"content": [{"logprob": 1e-9}]}))) == 0.0


async def test_the_only_model_of_a_server_needs_no_name(own: Serve, echo: Handler, measured: Measure) -> None:
    async with own(echo, models=["quantised"]) as server:
        found = await measured(server.spec)
    assert (server.bodies[0]["model"], found.model) == ("quantised", "served-2026")


def test_no_prompts_ask_nobody(run: RunDir, config: MakeConfig) -> None:
    assert served_answers("http://127.0.0.1:9/v1#m", {}, 7, config(), run).predictions == []


async def test_nothing_of_it_is_remembered(own: Serve, echo: Handler, measured: Measure, tmp_path: Path) -> None:
    async with own(echo) as server:
        await measured(f"{server.spec}#m")
        await measured(f"{server.spec}#m")
    assert len(server.bodies) == 6
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240  nobody else waits for this loop
