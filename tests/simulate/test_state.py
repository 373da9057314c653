import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.books import Books, read_books
from blackbox_kd.simulate.script import Error, Play
from blackbox_kd.simulate.shapes import Fault
from blackbox_kd.simulate.state import Server
from blackbox_kd.simulate.wires import ANTHROPIC, OPENAI, RESPONSES, WIRES, Wire

EACH = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.path)
LONG = "You sort mail. " * 500  # 1,876 tokens
MARKED = [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]


def encode(**fields: object) -> bytes:
    turns = [{"role": "user", "content": "hi"}]
    return msgspec.json.encode({"model": "simulated", "max_tokens": 50, "messages": turns, "input": turns, **fields})


def made(settings: Simulated | None = None, **more: Any) -> Server:
    return Server(settings or Simulated(), Books(None), **more)


def asked(server: Server, wire: Wire = OPENAI, **fields: object) -> Asked:
    found = server.known(wire.read(encode(**fields)))
    assert isinstance(found, Asked)
    return found


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = Books(tmp_path / "books.jsonl")
    yield opened
    opened.close()


@EACH
def test_a_line_of_a_batch_is_answered_and_billed(wire: Wire, books: Books, tmp_path: Path) -> None:
    status, reply = Server(Simulated(), books).answer(wire, encode())
    [entry] = read_books(tmp_path / "books.jsonl")
    assert (status, reply["id"], entry.path) == (200, entry.response_id, wire.path)


@EACH
@pytest.mark.parametrize(("fields", "status"), [({"model": "gpt-9"}, 404), ({"stream": True}, 400), ({"n": 3}, 400)])
def test_a_line_that_is_refused_costs_nothing(
    wire: Wire, fields: dict[str, object], status: int, books: Books, tmp_path: Path
) -> None:
    told, reply = Server(Simulated(), books).answer(wire, encode(**fields))
    assert (told, "error" in reply) == (status, True)
    assert list(read_books(tmp_path / "books.jsonl")) == []


def test_a_swapped_model_answers_to_its_old_name() -> None:
    server = made(Simulated(task="units", served_model="cheap-1"))
    assert [server.answer(OPENAI, encode(model=name))[0] for name in ("units", "simulated-units", "cheap-1")] == [
        200
    ] * 3
    assert server.answer(OPENAI, encode(model="units"))[1]["model"] == "cheap-1"


def test_a_script_counts_the_attempts_at_each_request() -> None:
    seen = []

    def script(item: Asked, attempt: int) -> Play | None:
        seen.append((item.prompt_tokens, attempt))
        return Error(500) if attempt == 1 else None

    server = made(script=script)
    one, other = asked(server), asked(server, messages=[{"role": "user", "content": "hello there"}])
    assert [server.play(item) for item in (one, other, one)] == [Error(500), Error(500), None]
    assert seen == [(1, 1), (3, 1), (1, 2)]


def test_faults_are_drawn_for_what_the_script_leaves_alone() -> None:
    server = made(Simulated(rate_500=1.0), script=lambda item, attempt: Error(418) if attempt == 2 else None)
    statuses = [play.status for _ in range(3) if isinstance(play := server.play(asked(server)), Error)]
    assert statuses == [500, 418, 500]


async def test_a_request_that_is_kept_out_is_no_attempt() -> None:
    server = made(Simulated(max_requests_per_minute=1))
    found = [server.let_in(OPENAI, {}, encode()) for _ in range(2)]
    assert [isinstance(item, Fault) for item in found] == [False, True]
    assert server.attempts.total() == 0


async def test_openai_counts_even_a_request_that_cannot_be_read() -> None:
    server = made(Simulated(max_requests_per_minute=1))
    statuses = [
        found.status for body in (b"{", encode()) if isinstance(found := server.let_in(OPENAI, {}, body), Fault)
    ]
    assert statuses == [400, 429]
    assert isinstance(server.let_in(ANTHROPIC, {}, encode()), Asked)  # the other vendor's limits are its own


@EACH
def test_reasoning_is_billed_and_told(wire: Wire, books: Books, tmp_path: Path) -> None:
    server = Server(Simulated(reasoning="Let me think about it."), books)
    billed = server.billed(wire, asked(server, wire))
    [entry] = read_books(tmp_path / "books.jsonl")
    assert billed.reasoning == "Let me think about it."
    assert entry.completion_tokens == billed.completion_tokens > billed.reasoning_tokens == 6


@pytest.mark.parametrize(
    ("wire", "fields", "first", "later"),
    [
        (
            OPENAI,
            {"messages": [{"role": "system", "content": LONG}, {"role": "user", "content": "hi"}]},
            (0, 0),
            (1792, 0),
        ),
        (RESPONSES, {"instructions": LONG}, (0, 0), (1792, 0)),
        (ANTHROPIC, {"system": MARKED}, (0, 1876), (1876, 0)),
        (ANTHROPIC, {"system": LONG}, (0, 0), (0, 0)),
    ],
    ids=["chat", "responses", "marked", "unmarked"],
)
def test_a_long_system_prompt_is_cached_when_it_comes_again(
    wire: Wire,
    fields: dict[str, object],
    first: tuple[int, int],
    later: tuple[int, int],
    books: Books,
    tmp_path: Path,
) -> None:
    server = Server(Simulated(), books)
    for seed in range(2):
        server.billed(wire, asked(server, wire, seed=seed, **fields))
    told = [(entry.cached_tokens, entry.cache_write_tokens) for entry in read_books(tmp_path / "books.jsonl")]
    assert told == [first, later]


def test_what_was_not_billed_fills_no_cache() -> None:
    server = made()
    item = asked(server, ANTHROPIC, system=MARKED)
    assert server.billed(ANTHROPIC, item, billed=False).id.endswith("-unbilled")
    assert server.billed(ANTHROPIC, item).cached_tokens == 0


async def test_only_so_many_are_worked_on_at_once() -> None:
    server, inside, most = made(Simulated(concurrent=2)), 0, 0

    async def work() -> None:
        nonlocal inside, most
        async with server.room():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(10)))
    assert most == 2
