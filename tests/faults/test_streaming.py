"""Streaming, through the whole query stage: patience with what speaks, none with silence, and the same completions."""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import ProviderUnavailable
from blackbox_kd.jsonl import read_rows, write_rows
from blackbox_kd.records import Completion, Failure, Message, Prompt
from blackbox_kd.run import COMPLETIONS, FAILURES, PROMPTS, Manifest, RunDir
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.books import read_books
from blackbox_kd.simulate.script import Body, Play, Stop, Stream
from blackbox_kd.simulate.server import serving
from blackbox_kd.stages.query import STAGE, ask_all
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.target import Api, Patience, Sampling

WIRES: tuple[Api, ...] = ("openai", "responses", "anthropic")
ROWS = list(TASKS["tickets"].generate(6, 1, 0))
PATIENCE = Patience(attempts=1, timeout_s=5, first_token_s=5, idle_s=5, concurrency=4)
THOUGHT = "The message names a product and a fault, so this is a complaint. "


def prepared(folder: Path, count: int = 6) -> RunDir:
    """A run of its own, ledger included, with so many prompts."""
    run = RunDir(folder / "run", folder)
    rows = [(f"p{number}", Message(role="user", content=row.prompt)) for number, row in enumerate(ROWS[:count])]
    write_rows(run / PROMPTS, [Prompt(id=name, messages=(turn,), split="train", family=name) for name, turn in rows])
    run.finish(Manifest(stage="prompts", settings={}, reads={}, writes={}, counts={}))
    return run


def config(url: str, wire: Api = "openai", query: Patience = PATIENCE, stream: bool = True, **fields: Any) -> Config:
    """The simulated teacher on one wire, as bbkd.toml names it."""
    model = f"{'anthropic' if wire == 'anthropic' else 'openai'}/simulated-tickets"
    address = url if wire == "anthropic" else f"{url}/v1"
    api: Any = "responses" if wire == "responses" else "chat"
    told = {"model": model, "base_url": address, "api": api, "identity": "own", "stream": stream, **fields}
    return Config(teacher=(Teacher(**told),), query=query)


def texts(run: RunDir) -> list[str]:
    """The completions' texts."""
    return [one.text for one in read_rows(run / COMPLETIONS, Completion)]


def failure(run: RunDir) -> tuple[str, bool]:
    """The code of the one failure, and whether a later run may get the row."""
    (one,) = read_rows(run / FAILURES, Failure)
    return one.code, one.retryable


def billed(run: RunDir) -> int:
    """How many replies the teacher billed."""
    return len(list(read_books(run / "books.jsonl")))


@pytest.mark.parametrize("wire", WIRES)
async def test_a_long_healthy_answer_is_not_killed(wire: Api, tmp_path: Path) -> None:
    run = prepared(tmp_path, 1)
    patience = Patience(attempts=1, timeout_s=0.1, first_token_s=2, idle_s=2)
    async with serving(Simulated(task="tickets", reasoning=THOUGHT, token_s=0.005), books=run / "books.jsonl") as url:
        with pytest.raises(ProviderUnavailable, match=r"no whole reply within 0\.1 s"):
            await ask_all(run, config(url, wire, patience, stream=False))
        began = time.monotonic()
        await ask_all(run, config(url, wire, patience))
        assert time.monotonic() - began > 2 * patience.timeout_s
    (made,) = read_rows(run / COMPLETIONS, Completion)
    assert (made.text, made.reasoning) == (ROWS[0].reference, THOUGHT)


@pytest.mark.parametrize(
    ("settings", "query", "message"),
    [
        ({"latency_s": 0.3}, {"first_token_s": 0.1}, "no first token within 0.1 s"),
        ({"first_token_s": 0.3}, {"first_token_s": 0.1}, "no first token within 0.1 s"),
        ({"token_s": 0.3}, {"idle_s": 0.1}, "the stream was silent for 0.1 s"),
    ],
    ids=["headers", "first token", "silence"],
)
@pytest.mark.parametrize("wire", WIRES)
async def test_a_stream_that_is_silent_too_long_is_left_for_later(
    wire: Api, settings: dict[str, float], query: dict[str, float], message: str, tmp_path: Path
) -> None:
    run = prepared(tmp_path, 1)
    patience = Patience(**{"attempts": 1, "timeout_s": 5, "first_token_s": 5, "idle_s": 5, **query})  # type: ignore[arg-type]
    async with serving(Simulated(task="tickets", **settings), books=run / "books.jsonl") as url:  # type: ignore[arg-type]
        with pytest.raises(ProviderUnavailable, match=f"1 of 1 rows are left: {re.escape(message)}"):
            await ask_all(run, config(url, wire, patience))
    assert failure(run) == ("timeout", True)
    assert texts(run) == []


@pytest.mark.parametrize("play", [Stream("event"), Stop("half", "reset"), Stop("half", "close")], ids=str)
@pytest.mark.parametrize("wire", WIRES)
async def test_a_stream_that_was_cut_is_asked_again_and_never_kept(wire: Api, play: Play, tmp_path: Path) -> None:
    def script(asked: Asked, attempt: int) -> Play | None:
        return play if attempt == 1 else None

    run = prepared(tmp_path)
    async with serving(Simulated(task="tickets"), books=run / "books.jsonl", script=script) as url:
        with pytest.raises(ProviderUnavailable, match="6 of 6 rows are left"):
            await ask_all(run, config(url, wire))
        assert texts(run) == []
        counts = await ask_all(run, config(url, wire))
    assert texts(run) == [row.reference for row in ROWS]
    assert (counts["attempts"], counts["ambiguous"], billed(run)) == (12, 6, 12)


@pytest.mark.parametrize("limit", [1024, 24])
@pytest.mark.parametrize("wire", WIRES)
async def test_streamed_completions_equal_those_that_were_not(wire: Api, limit: int, tmp_path: Path) -> None:
    found = []
    async with serving(Simulated(task="tickets", reasoning=THOUGHT)) as url:
        for stream in (False, True):
            run = prepared(tmp_path / str(stream))
            await ask_all(run, config(url, wire, stream=stream, sampling=Sampling(max_tokens=limit)))
            found.append((run / COMPLETIONS).read_bytes())
    plain, streamed = found
    assert (streamed, streamed.count(b'"finish_reason":"length"')) == (plain, 6 if limit == 24 else 0)


async def test_what_was_bought_without_streaming_is_not_asked_again(tmp_path: Path) -> None:
    run = prepared(tmp_path)
    async with serving(Simulated(task="tickets"), books=run / "books.jsonl") as url:
        await ask_all(run, config(url, stream=False))
        first = (run / COMPLETIONS).read_bytes()
        await ask_all(run, config(url, stream=True))
        settings = [STAGE.settings(config(url, stream=stream)) for stream in (False, True)]
    assert ((run / COMPLETIONS).read_bytes(), billed(run)) == (first, 6)
    assert settings[0] == settings[1]


@pytest.mark.parametrize("wire", WIRES)
async def test_a_server_that_does_not_stream_is_understood(wire: Api, tmp_path: Path) -> None:
    run = prepared(tmp_path)
    whole = Body(lambda reply: reply)
    async with serving(Simulated(task="tickets"), script=lambda asked, attempt: whole) as url:
        counts = await ask_all(run, config(url, wire))
    assert texts(run) == [row.reference for row in ROWS]
    assert (counts["attempts"], counts["ambiguous"]) == (6, 0)
