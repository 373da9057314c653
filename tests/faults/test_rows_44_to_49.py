"""Fault matrix, rows 44 to 49 but for 46: cut replies, broken streams, other models, wrong counts, ids that repeat."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.prompts import Prompts
from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import BudgetReached, InputError, ProviderRefused
from blackbox_kd.jsonl import read_rows, write_rows
from blackbox_kd.records import Completion, Failure, Message, Prompt, Rejection
from blackbox_kd.run import COMPLETIONS, FAILURES, PROMPTS, REJECTED, RunDir, Silent
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.books import read_books
from blackbox_kd.simulate.script import Body, Play, Script, Stream
from blackbox_kd.simulate.server import serving
from blackbox_kd.simulate.shapes import Event
from blackbox_kd.stages.filter import main as filter_rows
from blackbox_kd.stages.prompts import main as collect_prompts
from blackbox_kd.stages.query import ask_all
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.client import RowFailedError
from blackbox_kd.teachers.target import Api, Patience, Price, Sampling

MakeBench = Callable[..., AbstractAsyncContextManager[Any]]
Object = dict[str, Any]
WIRES: tuple[Api, ...] = ("openai", "responses", "anthropic")
WAYS: list[tuple[Api, bool]] = [*((wire, False) for wire in WIRES), ("anthropic", True)]
ROWS = list(TASKS["tickets"].generate(40, 1, 0))
PLACE = {row.prompt: number for number, row in enumerate(ROWS)}
ONCE = Patience(attempts=1, timeout_s=5, first_token_s=5, idle_s=5, concurrency=4)


class Notes(Silent):
    """Progress whose notes are kept."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        """Keep it."""
        self.said.append(text)


def written(run: RunDir, texts: list[str]) -> None:
    """The prompts of a run, where the stage reads them."""
    rows = [(f"p{number:02}", Message(role="user", content=text)) for number, text in enumerate(texts)]
    write_rows(run / PROMPTS, [Prompt(id=name, messages=(turn,), split="train", family=name) for name, turn in rows])


def config(url: str, wire: Api, **fields: Any) -> Config:
    """The simulated teacher on one wire, as bbkd.toml names it."""
    if wire == "anthropic":
        found = Teacher(model="anthropic/simulated-tickets", base_url=url, **fields)
    else:
        api: Any = "responses" if wire == "responses" else "chat"
        found = Teacher(model="openai/simulated-tickets", base_url=f"{url}/v1", api=api, **fields)
    return Config(teacher=(msgspec.structs.replace(found, identity="own"),), query=ONCE)


def billed(run: RunDir) -> int:
    """How many replies the teacher billed."""
    return len(list(read_books(run / "books.jsonl")))


@pytest.mark.parametrize(("wire", "stream"), WAYS)
async def test_row_44_what_happens_where_a_third_of_the_replies_is_cut(wire: Api, stream: bool, run: RunDir) -> None:
    notes = Notes()
    told = RunDir(run.path, run.root, notes)
    written(run, [row.prompt for row in ROWS])
    async with serving(Simulated(task="tickets", truncated=0.3, seed=3), books=run / "books.jsonl") as url:
        settings = config(url, wire, stream=stream)
        counts = await ask_all(told, settings)
        cut = int(counts["cut"])
        assert 6 <= cut <= 18
        note = f"query: {cut} of 40 completions ended by length: raise [teacher] sampling.max_tokens"
        assert notes.said[-1].partition(";")[0] == note
        filter_rows(run, settings)
        reasons = [one.reason for one in read_rows(run / REJECTED, Rejection)]
        assert reasons.count("gate:length") == cut
        first = (run / COMPLETIONS).read_bytes()
        await ask_all(told, settings)
        assert ((run / COMPLETIONS).read_bytes(), billed(run)) == (first, 40)
        await ask_all(told, config(url, wire, stream=stream, sampling=Sampling(max_tokens=2000)))
        assert billed(run) == 40 + cut


def before_the_end(wire: Api) -> Stream:
    """A stream that ends well before anything says that the answer does."""
    last = {"openai": 3, "responses": 1, "anthropic": 2}[wire]
    return Stream(lambda events: events[:-last])


@pytest.mark.parametrize("wire", WIRES)
async def test_row_45_what_happens_to_a_broken_stream(wire: Api, bench: MakeBench) -> None:
    names = ("no_end", "character", "event", "error", "duplicate")
    plays: list[Stream] = [Stream(name) for name in names]  # type: ignore[arg-type]
    plays += [before_the_end(wire), Stream(lambda events: [])]

    def script(asked: Asked, attempt: int) -> Play | None:
        return plays[PLACE[asked.prompt]] if attempt == 1 and PLACE[asked.prompt] < len(plays) else None

    found: dict[str, tuple[object, ...]] = {}
    async with bench(wire, script, stream=True) as one:
        for number, name in enumerate((*names, "before the end", "nothing")):
            before = len(one.attempts)
            (made,) = await one.ask(first=number)
            found[name] = (*(attempt.code for attempt in one.attempts[before:]), said(made, number))
    cut: tuple[object, ...] = ("incomplete", None, "whole")
    error = "overloaded_error" if wire == "anthropic" else "server_error"
    assert found == {
        # Chat Completions says in an event before the last one that the answer is whole
        "no_end": (None, "whole") if wire == "openai" else cut,
        "character": cut,
        "event": cut,
        "error": (error, None, "whole"),
        # of Responses only the last event is read, which holds all
        "duplicate": (None, "whole") if wire == "responses" else (None, "malformed_paid"),
        "before the end": cut,
        "nothing": cut,
    }


def said(made: object, number: int) -> str:
    """`whole` for the answer of a row, else what came in its place."""
    if isinstance(made, RowFailedError):
        return made.failure.code
    assert isinstance(made, Completion), made
    return "whole" if (made.text, made.finish_reason) == (ROWS[number].reference, "stop") else made.text


@pytest.mark.parametrize("fault", ["silence", "pings"])
@pytest.mark.parametrize("wire", WIRES)
async def test_row_45_what_happens_to_a_stream_that_says_nothing(wire: Api, fault: Any, bench: MakeBench) -> None:
    def script(asked: Asked, attempt: int) -> Play | None:
        return Stream(fault) if attempt == 1 else None

    async with bench(wire, script, stream=True, patience={"first_token_s": 0.3}) as one:
        (made,) = await one.ask()
        assert [(attempt.state, attempt.code) for attempt in one.attempts] == [
            ("ambiguous", "timeout"),
            ("stored", None),
        ]
    assert said(made, 0) == "whole"


ALIASES = ("simulated-tickets-2026-11-20", "Simulated-Tickets", "vendor/simulated-tickets", "simulated-tickets-latest")


@pytest.mark.parametrize("wire", WIRES)
async def test_row_47_what_happens_to_aliases_and_to_replies_without_a_model(wire: Api, bench: MakeBench) -> None:
    names: list[str | None] = [*ALIASES, "", None]

    def script(asked: Asked, attempt: int) -> Play | None:
        return Body(lambda reply: {**reply, "model": names[PLACE[asked.prompt]]})

    async with bench(wire, script) as one:
        made = await one.ask(len(names))
    assert [reply.served_model for reply in made] == [*ALIASES, "", ""]


@pytest.mark.parametrize(("wire", "stream"), WAYS)
async def test_row_47_what_happens_where_another_model_answers(wire: Api, stream: bool, run: RunDir) -> None:
    written(run, [row.prompt for row in ROWS[:20]])
    async with serving(Simulated(task="tickets", served_model="gpt-tiny"), books=run / "books.jsonl") as url:
        with pytest.raises(ProviderRefused, match="the replies come from 'gpt-tiny', not 'simulated-tickets'"):
            await ask_all(run, config(url, wire, stream=stream))
        bought = billed(run)
        assert (bought, (run / COMPLETIONS).exists()) == (1, False)  # the first call goes alone
        counts = await ask_all(run, config(url, wire, stream=stream, on_model_mismatch="warn"))
        assert (counts["completions"], counts["mismatched"], billed(run)) == (20, 20, 20)
        assert (await ask_all(run, config(url, wire, stream=stream)))["failed"] == 20
    assert {one.code for one in read_rows(run / FAILURES, Failure)} == {"model_mismatch"}
    assert (run / COMPLETIONS).read_bytes() == b""


@pytest.mark.parametrize("wire", WIRES)
async def test_row_47_what_happens_to_two_replies_of_another_model(wire: Api, run: RunDir) -> None:
    def script(asked: Asked, attempt: int) -> Play | None:
        return Body(lambda reply: {**reply, "model": "gpt-tiny"}) if PLACE[asked.prompt] in (2, 5) else None

    written(run, [row.prompt for row in ROWS[:8]])
    async with serving(Simulated(task="tickets"), books=run / "books.jsonl", script=script) as url:
        counts = await ask_all(run, config(url, wire))
        assert (counts["completions"], counts["failed"], counts["mismatched"]) == (6, 2, 2)
        failed = [(one.prompt_id, one.code, one.retryable) for one in read_rows(run / FAILURES, Failure)]
        assert failed == [("p02", "model_mismatch", False), ("p05", "model_mismatch", False)]
        counts = await ask_all(run, config(url, wire, on_model_mismatch="warn"))
    assert (counts["completions"], counts["failed"], billed(run)) == (8, 0, 8)


def counting(wire: Api, prompt: object, completion: object, **more: object) -> Object:
    """Token counts, by the names of a wire."""
    names = ("prompt_tokens", "completion_tokens") if wire == "openai" else ("input_tokens", "output_tokens")
    return dict(zip(names, (prompt, completion), strict=True)) | more


def wrong_counts(wire: Api) -> list[object]:
    """Counts that are none."""
    pairs: list[tuple[object, object]] = [(-5, -1), ("7", "3"), (10**18, 10**18), (7.5, 2.5), (True, True), (None, 3)]
    return [None, [], "many", {}, *(counting(wire, *pair) for pair in pairs)]


def counted(usages: list[object]) -> Script:
    """A script whose replies have other counts, row by row; the last ones have none at all."""

    def script(asked: Asked, attempt: int) -> Play | None:
        number = PLACE[asked.prompt]
        if number < len(usages):
            return Body(lambda reply: {**reply, "usage": usages[number]})
        return Body(lambda reply: {name: value for name, value in reply.items() if name != "usage"})

    return script


@pytest.mark.parametrize("wire", WIRES)
async def test_row_48_what_happens_to_missing_and_impossible_counts(wire: Api, bench: MakeBench) -> None:
    usages = wrong_counts(wire)
    async with bench(wire, counted(usages)) as one:
        made = await one.ask(len(usages) + 1)
    assert [said(reply, number) for number, reply in enumerate(made)] == ["whole"] * len(made)
    assert {reply.usage.source for reply in made} == {"estimated"}
    assert all(1 <= reply.usage.prompt_tokens < 2000 for reply in made)
    assert all(1 <= reply.usage.completion_tokens < 200 for reply in made)


@pytest.mark.parametrize("wire", WIRES)
async def test_row_48_what_happens_to_a_total_that_does_not_add_up(wire: Api, bench: MakeBench) -> None:
    async with bench(wire, counted([counting(wire, 10, 2, total_tokens=999)])) as one:
        (made,) = await one.ask()
    assert (made.usage.source, made.usage.prompt_tokens, made.usage.completion_tokens) == ("provider", 10, 2)


@pytest.mark.parametrize("wire", WIRES)
async def test_row_48_what_happens_to_the_budget_where_nobody_counts(wire: Api, bench: MakeBench) -> None:
    price, sampling = Price(input_usd=0, output_usd=1000), Sampling(max_tokens=100)  # 0.10 USD a call at most
    async with bench(wire, counted(wrong_counts(wire)[:4]), budget=0.35, price=price, sampling=sampling) as one:
        made = await one.ask(6)
        assert (one.client.budget.spent_usd, one.billed) == (pytest.approx(0.3), 3)
    assert sum(isinstance(reply, BudgetReached) for reply in made) == 3


async def test_row_48_what_happens_to_a_stream_that_counts_nothing(bench: MakeBench) -> None:
    def uncounted(events: list[Event]) -> list[Event]:
        return [event for event in events if "'prompt_tokens'" not in str(event.data)]

    async with bench("openai", lambda asked, attempt: Stream(uncounted), stream=True) as one:
        (made,) = await one.ask()
    assert (said(made, 0), made.usage.source, made.usage.completion_tokens > 1) == ("whole", "estimated", True)


@pytest.mark.parametrize("wire", WIRES)
async def test_row_49_what_happens_where_all_replies_have_one_id(wire: Api, bench: MakeBench) -> None:
    async with bench(wire, lambda asked, attempt: Body(lambda reply: {**reply, "id": "same"})) as one:
        made = await one.ask(6)
    assert [(reply.id, reply.text) for reply in made] == [(f"p{n}#0", ROWS[n].reference) for n in range(6)]


def test_row_49_what_happens_to_an_id_that_stands_twice(run: RunDir, tmp_path: Path) -> None:
    rows = [{"id": "a", "prompt": "One?"}, {"prompt": "Two?"}, {"id": "a", "prompt": "Three?"}]
    (tmp_path / "own.jsonl").write_text("".join(f"{msgspec.json.encode(row).decode()}\n" for row in rows))
    with pytest.raises(InputError, match=r"own\.jsonl:3: the id 'a' stands at .*own\.jsonl:1 already"):
        collect_prompts(run, Config(prompts=Prompts(files=("own.jsonl",), held_out=0)))
    assert not (run / PROMPTS).exists()


@pytest.mark.parametrize("wire", WIRES)
async def test_row_49_what_happens_to_a_prompt_under_two_ids(wire: Api, run: RunDir) -> None:
    written(run, [ROWS[0].prompt, ROWS[1].prompt, ROWS[0].prompt, ROWS[0].prompt])
    async with serving(Simulated(task="tickets", latency_s=0.05), books=run / "books.jsonl") as url:
        counts = await ask_all(run, config(url, wire))
    assert (counts["completions"], counts["attempts"], billed(run)) == (4, 2, 2)
    texts = [one.text for one in read_rows(run / COMPLETIONS, Completion)]
    assert texts == [ROWS[n].reference for n in (0, 1, 0, 0)]
