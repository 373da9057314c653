import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.errors import BudgetReached, ProviderRefused, ProviderUnavailable
from blackbox_kd.records import Completion, Prompt
from blackbox_kd.simulate.books import read_books
from blackbox_kd.simulate.server import serving
from blackbox_kd.teachers.client import RowFailedError, TeacherClient
from blackbox_kd.teachers.target import Patience, Price, Sampling, Target

Asking = Callable[..., AbstractAsyncContextManager[TeacherClient]]
Serve = Callable[..., AbstractAsyncContextManager[Any]]
Http = Callable[..., bytes]
Said = Callable[..., dict[str, object]]
MakeTarget = Callable[..., Target]
MakePrompt = Callable[..., Prompt]
WIRE = pytest.mark.parametrize("wire", ["openai", "anthropic"])
ONCE = Patience(concurrency=8, timeout_s=5, attempts=1)
SIMULATED = Simulated(task="tickets")


@pytest.fixture
def books(tmp_path: Path) -> Path:
    return tmp_path / "books.jsonl"


@pytest.fixture
async def simulated(books: Path) -> AsyncIterator[str]:
    async with serving(SIMULATED, books=books) as url:
        yield url


def attempts(folder: Path) -> list[tuple[str, str | None, int | None]]:
    """(state, code, status) of every attempt in the ledger."""
    db = sqlite3.connect(folder / "ledger.sqlite3")
    found = db.execute("SELECT state, code, status FROM attempt ORDER BY id").fetchall()
    db.close()
    return found


@WIRE
async def test_a_reply_becomes_a_completion(
    wire: str, simulated: str, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    async with asking(target(simulated, wire)) as client:
        made = await client.ask(prompt("Hello?", id="a"), 1)
    assert (made.id, made.teacher, made.served_model) == ("a#1", f"{wire}/simulated-tickets", "simulated-tickets")
    assert made.text
    assert made.usage.source == "provider"


@WIRE
async def test_a_second_asking_is_answered_from_the_ledger(
    wire: str, simulated: str, target: MakeTarget, asking: Asking, prompt: MakePrompt, books: Path
) -> None:
    async def ask() -> Completion:
        async with asking(target(simulated, wire)) as client:
            return await client.ask(prompt(), 0)

    assert await ask() == await ask()
    assert len(list(read_books(books))) == 1


async def test_a_new_address_of_the_same_server_is_the_same_teacher(
    simulated: str, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    async with asking(target(simulated)) as client:
        first = await client.ask(prompt(), 0)
    async with asking(target("http://127.0.0.1:9")) as client:
        assert await client.ask(prompt(), 0) == first


async def test_equal_requests_in_flight_share_one_call(
    target: MakeTarget, asking: Asking, prompt: MakePrompt, books: Path
) -> None:
    slow = Simulated(task="tickets", latency_s=0.1)
    async with serving(slow, books=books) as url, asking(target(url)) as client:
        made = await asyncio.gather(*(client.ask(prompt(id=name), 0) for name in "abcd"))
    assert {one.text for one in made} == {made[0].text}
    assert [one.prompt_id for one in made] == list("abcd")
    assert len(list(read_books(books))) == 1


async def test_samples_are_calls_of_their_own(
    simulated: str, target: MakeTarget, asking: Asking, prompt: MakePrompt, books: Path
) -> None:
    async with asking(target(simulated)) as client:
        await asyncio.gather(*(client.ask(prompt(), sample) for sample in range(3)))
    assert len(list(read_books(books))) == 3


@pytest.mark.parametrize(
    ("faulty", "status"),
    [
        (Simulated(task="tickets", rate_429=0.4, retry_after_s=0.01), 429),
        (Simulated(task="tickets", rate_500=0.5), 500),
    ],
    ids=["429", "500"],
)
async def test_a_passing_fault_is_tried_again_and_billed_once(
    faulty: Simulated,
    status: int,
    target: MakeTarget,
    asking: Asking,
    prompt: MakePrompt,
    books: Path,
    tmp_path: Path,
) -> None:
    patience = Patience(concurrency=8, timeout_s=5, attempts=12)
    async with serving(faulty, books=books) as url, asking(target(url), patience=patience) as client:
        await asyncio.gather(*(client.ask(prompt(f"Ask {n}", id=str(n)), 0) for n in range(6)))
    assert [entry.count for entry in read_books(books)] == [1] * 6
    assert {(state, found) for state, _, found in attempts(tmp_path)} == {("stored", 200), ("error", status)}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, {"code": "invalid_api_key"}),
        (402, {}),
        (403, {}),
        (404, {"code": "model_not_found"}),
        (429, {"type": "insufficient_quota"}),
    ],
)
@WIRE
async def test_what_asking_again_cannot_help_stops_the_run(
    wire: str,
    status: int,
    error: dict[str, str],
    serve: Serve,
    http: Http,
    target: MakeTarget,
    asking: Asking,
    prompt: MakePrompt,
) -> None:
    async with serve(http(status, {"error": error})) as server, asking(target(server.url, wire)) as client:
        with pytest.raises(ProviderRefused) as raised:
            await client.ask(prompt(), 0)
    assert raised.value.exit_code == 5
    assert raised.value.fix
    assert len(server.bodies) == 1


async def test_a_400_fails_the_row_for_good(
    serve: Serve, http: Http, target: MakeTarget, asking: Asking, prompt: MakePrompt, tmp_path: Path
) -> None:
    answer = http(400, {"error": {"code": "context_length_exceeded", "message": "too long"}})
    async with serve(answer) as server, asking(target(server.url)) as client:
        with pytest.raises(RowFailedError) as raised:
            await client.ask(prompt(id="a"), 2)
    failure = raised.value.failure
    assert (failure.prompt_id, failure.sample, failure.code) == ("a", 2, "context_length_exceeded")
    assert (failure.retryable, failure.attempts) == (False, 1)
    assert attempts(tmp_path) == [("error", "context_length_exceeded", 400)]


async def test_five_refused_rows_and_none_answered_stop_the_run(
    serve: Serve, http: Http, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    async with serve(http(400, {"error": {"code": "bad_parameter"}})) as server, asking(target(server.url)) as client:
        for number in range(4):
            with pytest.raises(RowFailedError):
                await client.ask(prompt(f"Ask {number}"), 0)
        with pytest.raises(ProviderRefused, match="bad_parameter"):
            await client.ask(prompt("Ask 5"), 0)


async def test_rows_that_failed_for_good_are_not_asked_again_by_a_later_run(
    serve: Serve, http: Http, said: Said, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(http(200, said()) if number == 1 else http(400, {"error": {"code": "content_filter"}}))

    async with serve(answer) as server:
        for _ in range(2):
            async with asking(target(server.url)) as client:
                await client.ask(prompt("Good"), 0)
                for number in range(6):
                    with pytest.raises(RowFailedError):
                        await client.ask(prompt(f"Bad {number}"), 0)
    assert len(server.bodies) == 7


async def test_a_server_that_stays_busy_leaves_the_row_for_later(
    serve: Serve, http: Http, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    patience = Patience(concurrency=2, timeout_s=5, attempts=2)
    async with serve(http(503, b"<html>busy")) as server, asking(target(server.url), patience=patience) as client:
        with pytest.raises(RowFailedError) as raised:
            await client.ask(prompt(), 0)
    assert (raised.value.failure.retryable, raised.value.failure.attempts) == (True, 2)


async def test_a_daily_limit_stops_the_run_to_go_on_later(
    serve: Serve, http: Http, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    async with serve(http(429, b"", retry_after="21600")) as server, asking(target(server.url)) as client:
        with pytest.raises(ProviderUnavailable, match="to wait 6 h 0 min"):
            await client.ask(prompt(), 0)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("raw", [b"", b"<html>", b"{}", b'{"error": null}'])
@WIRE
async def test_a_paid_body_without_a_reply_is_kept_and_not_bought_again(
    wire: str,
    raw: bytes,
    serve: Serve,
    http: Http,
    target: MakeTarget,
    asking: Asking,
    prompt: MakePrompt,
    tmp_path: Path,
) -> None:
    async with serve(http(200, raw)) as server:
        for _ in range(2):
            async with asking(target(server.url, wire)) as client:
                with pytest.raises(RowFailedError) as raised:
                    await client.ask(prompt(), 0)
    assert (raised.value.failure.code, raised.value.failure.retryable) == ("malformed_paid", False)
    assert len(server.bodies) == 1
    assert attempts(tmp_path) == [("stored", None, 200)]


async def test_a_cut_reply_is_bought_again_only_for_a_higher_limit(
    serve: Serve, http: Http, said: Said, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    async with serve(http(200, said(finish="length"))) as server:
        for limit in (10, 5, 10, 20):
            async with asking(target(server.url, sampling=Sampling(max_tokens=limit))) as client:
                await client.ask(prompt(), 0)
    assert [json.loads(body)["max_tokens"] for body in server.bodies] == [10, 20]


async def test_strange_headers_are_no_reason_to_lose_a_reply(
    serve: Serve, http: Http, said: Said, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    answer = http(200, said(), x_request_id="caf\xe9\xff", content_type="text/\xf0\x9f")
    async with serve(answer) as server, asking(target(server.url)) as client:
        assert (await client.ask(prompt(), 0)).text == "Paris."


async def test_money_is_counted_as_the_reply_says(
    serve: Serve, http: Http, said: Said, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    price = Price(input_usd=1.0, output_usd=10.0)
    async with serve(http(200, said())) as server, asking(target(server.url, price=price), limit_usd=1.0) as client:
        made = await client.ask(prompt(), 0)
        assert client.budget.spent_usd == made.cost_usd == pytest.approx(30e-6)


async def test_an_attempt_that_was_perhaps_paid_costs_the_worst_case(
    serve: Serve, target: MakeTarget, asking: Asking, prompt: MakePrompt
) -> None:
    price = Price(input_usd=0.0, output_usd=1_000.0)
    whom = {"price": price, "sampling": Sampling(max_tokens=100)}
    async with (
        serve(b"") as server,
        asking(target(server.url, **whom), patience=ONCE, limit_usd=1.0) as client,
    ):
        with pytest.raises(RowFailedError):
            await client.ask(prompt(), 0)
        assert client.budget.spent_usd == pytest.approx(0.1)


async def test_the_budget_stops_the_run_before_the_call(
    simulated: str, target: MakeTarget, asking: Asking, prompt: MakePrompt, books: Path
) -> None:
    price = Price(input_usd=0.0, output_usd=1_000.0)
    whom = target(simulated, price=price, sampling=Sampling(max_tokens=100))
    async with asking(whom, limit_usd=0.15) as client:
        outcomes = await asyncio.gather(
            *(client.ask(prompt(f"Ask {n}", id=str(n)), 0) for n in range(40)), return_exceptions=True
        )
        assert client.budget.spent_usd <= 0.15
    reached = [one for one in outcomes if isinstance(one, BudgetReached)]
    assert reached
    assert reached[0].exit_code == 4
    assert len(list(read_books(books))) == 40 - len(reached) > 1
