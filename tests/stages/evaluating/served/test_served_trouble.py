import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from aiohttp import web

from blackbox_kd.errors import ProviderRefused, ProviderUnavailable, RowFailures, UsageError
from blackbox_kd.stages.evaluating.served import ServedAnswers

Body = dict[str, Any]
Handler = Callable[[int, Body], Awaitable[web.Response]]
Serve = Callable[..., AbstractAsyncContextManager[Any]]
Measure = Callable[..., Awaitable[ServedAnswers]]
NOBODY = "http://127.0.0.1:9/v1"


async def test_a_server_that_fails_now_and_then_is_asked_again(own: Serve, echo: Handler, measured: Measure) -> None:
    async def shaky(number: int, body: Body) -> web.Response:
        return await echo(number, body) if number % 3 else web.Response(status=500, headers={"Retry-After-Ms": "1"})

    async with own(shaky) as server:
        found = await measured(f"{server.spec}#m", 2, attempts=3)
    assert [one.text for one in found.predictions] == ["What is 0?", "What is 1?"]


async def test_a_prompt_that_fails_for_good_is_named(own: Serve, echo: Handler, measured: Measure) -> None:
    async def choosy(number: int, body: Body) -> web.Response:
        if body["messages"][-1]["content"] == "What is 2?":
            return web.Response(status=400, text="too long")
        return await echo(number, body)

    async with own(choosy) as server:
        with pytest.raises(RowFailures, match=r"student at http://127.*prompt 'p2': 400 too long") as raised:
            await measured(f"{server.spec}#m", 3)
    assert "this prompt" in raised.value.fix


async def test_a_server_that_goes_away_names_the_prompt_and_is_retryable(
    own: Serve, echo: Handler, measured: Measure
) -> None:
    async def falling(number: int, body: Body) -> web.Response:
        return await echo(number, body) if number < 6 else web.Response(status=503)

    async with own(falling) as server:
        with pytest.raises(ProviderUnavailable, match="no answer to prompt 'p1': 503"):
            await measured(f"{server.spec}#m", 3)


async def test_a_reply_that_cannot_be_read_is_no_answer(own: Serve, measured: Measure) -> None:
    async def odd(number: int, body: Body) -> web.Response:
        return web.json_response({"answer": "Yes."})

    async with own(odd) as server:
        with pytest.raises(RowFailures, match=r"'p0': no choices.*\(malformed\)"):
            await measured(f"{server.spec}#m")


async def test_a_server_that_hangs_is_given_up_and_nothing_is_left_waiting(
    own: Serve, echo: Handler, measured: Measure
) -> None:
    async def hanging(number: int, body: Body) -> web.Response:
        if number > 14:
            await asyncio.Event().wait()
        return await echo(number, body)

    began = time.monotonic()
    async with own(hanging) as server:
        with pytest.raises(ProviderUnavailable, match=r"no whole reply within 0\.3 s"):
            await measured(f"{server.spec}#m", 30, timeout_s=0.3)
    assert time.monotonic() - began < 5


async def test_one_failure_of_many_at_a_time_ends_them_all(own: Serve, echo: Handler, measured: Measure) -> None:
    async def poisoned(number: int, body: Body) -> web.Response:
        if number == 24:
            return web.Response(status=400, text="no")
        return await echo(number, body)

    async with own(poisoned) as server:
        with pytest.raises(RowFailures, match="400 no"):
            await measured(f"{server.spec}#m", 200)
    assert len(server.bodies) < 50


async def test_a_redirect_is_not_followed(own: Serve, echo: Handler, measured: Measure) -> None:
    async def elsewhere(number: int, body: Body) -> web.Response:
        return web.Response(status=307, headers={"Location": f"{second.spec}/chat/completions"})

    async with own(echo) as second, own(elsewhere) as server:
        with pytest.raises(ProviderRefused, match=r"the student at .* refused the run") as raised:
            await measured(f"{server.spec}#m")
    assert (second.bodies, "BBKD_STUDENT_KEY" in raised.value.fix) == ([], True)


@pytest.mark.parametrize("spec", [f"{NOBODY}#m", NOBODY])
async def test_no_server_is_unavailable(spec: str, measured: Measure) -> None:
    with pytest.raises(ProviderUnavailable, match=r"the student at http://127\.0\.0\.1:9/v1 cannot be reached"):
        await measured(spec)


async def test_its_own_key_is_sent_and_no_providers(
    own: Serve, echo: Handler, measured: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-students")
    async with own(echo) as server:
        await measured(f"{server.spec}#m")
        monkeypatch.setenv("BBKD_STUDENT_KEY", "sk-for-the-student")
        await measured(f"{server.spec}#m")
    assert (server.keys[0], server.keys[-1]) == ("Bearer none", "Bearer sk-for-the-student")


async def test_a_key_that_the_server_repeats_is_not_shown(
    own: Serve, measured: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def telling(number: int, body: Body) -> web.Response:
        return web.json_response({"error": {"message": "wrong key sk-for-the-student"}}, status=401)

    monkeypatch.setenv("BBKD_STUDENT_KEY", "sk-for-the-student")
    async with own(telling) as server:
        with pytest.raises(ProviderRefused, match="wrong key") as raised:
            await measured(f"{server.spec}#m")
    assert "sk-for-the-student" not in str(raised.value)


@pytest.mark.parametrize(
    ("models", "kind", "why"),
    [
        (["a", "b"], UsageError, "2 models: a, b"),
        ([], UsageError, "0 models"),
        (404, UsageError, "answered 404"),
        (302, UsageError, "answered 302"),
        (503, ProviderUnavailable, "answered 503"),
    ],
)
async def test_a_model_that_cannot_be_chosen_has_to_be_named(
    models: list[str] | int, kind: type[Exception], why: str, own: Serve, echo: Handler, measured: Measure
) -> None:
    async with own(echo, models) as server:
        with pytest.raises(kind, match=why):
            await measured(server.spec)
    assert server.bodies == []


async def test_offline_asks_no_server(own: Serve, echo: Handler, measured: Measure) -> None:
    async with own(echo) as server:
        with pytest.raises(UsageError, match="over the network"):
            await measured(f"{server.spec}#m", offline=True)
    assert server.bodies == []


async def test_an_endless_list_of_models_is_not_read(own: Serve, echo: Handler, measured: Measure) -> None:
    async with own(echo, ["m" * 17 * 2**20]) as server:
        with pytest.raises(UsageError, match="larger than 16 MiB"):
            await measured(server.spec)
