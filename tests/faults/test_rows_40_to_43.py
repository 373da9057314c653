"""Fault matrix, rows 40 to 43: replies without an answer, through query and filter, on all wires."""

from collections.abc import Callable
from typing import Any

import pytest

from blackbox_kd.config.filter import FilterSection
from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.jsonl import read_rows, write_rows
from blackbox_kd.records import Completion, Failure, Message, Prompt, Rejection
from blackbox_kd.run import COMPLETIONS, FAILURES, PROMPTS, REJECTED, RunDir
from blackbox_kd.simulate.books import read_books
from blackbox_kd.simulate.script import Body, Play, Stream
from blackbox_kd.simulate.server import serving
from blackbox_kd.simulate.shapes import Event
from blackbox_kd.stages.filter import main as filter_rows
from blackbox_kd.stages.query import ask_all
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.target import Api, Patience

Object = dict[str, Any]
WIRES: tuple[Api, ...] = ("openai", "responses", "anthropic")
ROWS = list(TASKS["tickets"].generate(20, 1, 0))
THOUGHT = "Let me see."
ONCE = Patience(attempts=1, timeout_s=5, first_token_s=5, idle_s=5)


async def fates(
    run: RunDir, wire: Api, plays: dict[str, Play], rules: FilterSection | None = None, **simulated: Any
) -> dict[str, str]:
    """What becomes of a row for each play: the code of its failure, the reason of its rejection, or its text."""
    texts = {row.prompt: name for row, name in zip(ROWS[1:], plays, strict=False)}
    ids = {ROWS[0].prompt: "good", **texts}
    write_rows(
        run / PROMPTS,
        [
            Prompt(id=name, messages=(Message(role="user", content=text),), split="train", family=name)
            for text, name in sorted(ids.items(), key=lambda one: one[1])
        ],
    )

    def script(asked: Any, attempt: int) -> Play | None:
        return plays[texts[asked.prompt]] if asked.prompt in texts else None

    stream = any(isinstance(play, Stream) for play in plays.values())
    books = run / "books.jsonl"
    async with serving(Simulated(task="tickets", **simulated), books=books, script=script) as url:
        config = Config(teacher=(teacher(url, wire, stream),), query=ONCE, filter=rules or FilterSection())
        await ask_all(run, config)
        counts = await ask_all(run, config)
    assert (len(list(read_books(books))), counts["attempts"], counts["ambiguous"]) == (len(ids), len(ids), 0)
    filter_rows(run, config)
    found = {one.prompt_id: one.text for one in read_rows(run / COMPLETIONS, Completion)}
    found |= {one.completion.prompt_id: one.reason for one in read_rows(run / REJECTED, Rejection)}
    found |= {one.prompt_id: one.code for one in read_rows(run / FAILURES, Failure)}
    assert found.pop("good") == ROWS[0].reference
    return found


def teacher(url: str, wire: Api, stream: bool) -> Teacher:
    """The simulated teacher on one wire, as bbkd.toml names it."""
    if wire == "anthropic":
        return Teacher(model="anthropic/simulated-tickets", base_url=url, stream=stream)
    api: Any = "responses" if wire == "responses" else "chat"
    return Teacher(model="openai/simulated-tickets", base_url=f"{url}/v1", api=api, stream=stream)


def changed(**fields: object) -> Body:
    """A reply with other fields."""
    return Body(lambda reply: {**reply, **fields})


def chosen(finish: object = "stop", **message: object) -> Body:
    """A reply of Chat Completions with another message."""
    return changed(choices=[{"index": 0, "message": message, "finish_reason": finish}])


def output(*items: Object, status: str = "completed", **fields: object) -> Body:
    """A reply of Responses with other items."""
    return changed(output=items, status=status, **fields)


def message(*parts: Object) -> Object:
    """An item of Responses that is a message."""
    return {"type": "message", "role": "assistant", "content": parts}


def content(*blocks: object, stop: object = "end_turn") -> Body:
    """A reply of Anthropic's with other blocks."""
    return changed(content=blocks, stop_reason=stop)


def text(value: object, kind: str = "text") -> Object:
    """A part or block of text."""
    return {"type": kind, "text": value}


def twice(reply: Object) -> Object:
    """Two choices, though one was asked for."""
    return {**reply, "choices": [*reply["choices"], {"message": {"content": "Other."}, "finish_reason": "stop"}]}


WITHOUT: dict[Api, dict[str, tuple[Play, str]]] = {
    "openai": {
        "none": (changed(choices=[]), "malformed_paid"),
        "null": (changed(choices=None), "malformed_paid"),
        "no object": (changed(choices=["Yes."]), "malformed_paid"),
        "no message": (changed(choices=[{"finish_reason": "stop"}]), "malformed_paid"),
        "two": (Body(twice), ROWS[5].reference),
    },
    "responses": {
        "none": (output(), "empty:empty"),
        "null": (changed(output=None), "malformed_paid"),
        "no object": (changed(output=["Yes."]), "empty:empty"),
        "no message": (output({"type": "message"}), "empty:empty"),
    },
    "anthropic": {
        "none": (content(), "empty:empty"),
        "null": (changed(content=None), "malformed_paid"),
        "no object": (content("Yes."), "empty:empty"),
        "no block": (content({}), "empty:empty"),
    },
}


async def expected(run: RunDir, wire: Api, cases: dict[str, tuple[Play, str]], **simulated: Any) -> None:
    """Every play must have the fate beside it."""
    found = await fates(run, wire, {name: play for name, (play, _) in cases.items()}, **simulated)
    assert found == {name: fate for name, (_, fate) in cases.items()}


@pytest.mark.parametrize("wire", WIRES)
async def test_row_40_what_happens_to_replies_without_choices_or_content(wire: Api, run: RunDir) -> None:
    await expected(run, wire, WITHOUT[wire])


VALUES: dict[str, tuple[object, str]] = {
    "null": (None, "empty:empty"),
    "nothing": ("", "empty:empty"),
    "white space": (" \n\t\u00a0", "empty:empty"),
    "number": (42, "empty:empty"),
    "object": ({"answer": "Yes."}, "empty:empty"),
    "text": ("Yes, it is.", "Yes, it is."),
}


def saying(wire: Api, value: object) -> Body:
    """A reply with another value in place of its text."""
    if wire == "openai":
        return chosen(content=value)
    return output(message(text(value, "output_text"))) if wire == "responses" else content(text(value))


def parts(wire: Api) -> Body:
    """A text in two parts, with one between them that is no text."""
    kind = "output_text" if wire == "responses" else "text"
    three = text("Yes, ", kind), {"type": "image", "url": "x"}, text("it is.", kind)
    if wire == "openai":
        return chosen(content=three)
    return output(message(*three)) if wire == "responses" else content(*three)


@pytest.mark.parametrize("wire", WIRES)
async def test_row_41_what_happens_to_content_that_is_null_blank_or_no_text(wire: Api, run: RunDir) -> None:
    cases: dict[str, tuple[Play, str]] = {name: (saying(wire, value), fate) for name, (value, fate) in VALUES.items()}
    await expected(run, wire, {**cases, "parts": (parts(wire), "Yes, it is.")})


def mute(wire: Api) -> Callable[[list[Event]], list[Event]]:
    """A stream's events without those that bring its text."""

    def spoilt(events: list[Event]) -> list[Event]:
        if wire == "openai":
            return [event for event in events if "content': '" not in str(event.data) or "_content" in str(event.data)]
        if wire == "anthropic":
            return [
                event for event in events if "'text'" not in str(event.data) and "text_delta" not in str(event.data)
            ]
        whole: Any = events[-1].data
        items = [item for item in whole["response"]["output"] if item["type"] != "message"]
        return [*events[:-1], events[-1]._replace(data={**whole, "response": {**whole["response"], "output": items}})]

    return spoilt


@pytest.mark.parametrize(("thought", "fate"), [("", "empty:empty"), (THOUGHT, "empty:no_final_text")])
@pytest.mark.parametrize("wire", WIRES)
async def test_row_42_what_happens_to_a_stream_without_text(wire: Api, thought: str, fate: str, run: RunDir) -> None:
    assert await fates(run, wire, {"mute": Stream(mute(wire))}, reasoning=thought) == {"mute": fate}


THINKING: dict[Api, dict[str, Play]] = {
    "openai": {
        "reasoning_content": chosen(content=None, reasoning_content=THOUGHT),
        "reasoning": chosen(content="", reasoning=THOUGHT),
        "think": chosen(content=f"<think>{THOUGHT}</think>\n"),
    },
    "responses": {"summary": output({"type": "reasoning", "summary": [text(THOUGHT, "summary_text")]})},
    "anthropic": {"block": content({"type": "thinking", "thinking": THOUGHT, "signature": "s"})},
}


@pytest.mark.parametrize("wire", WIRES)
async def test_row_42_what_happens_to_reasoning_without_an_answer(wire: Api, run: RunDir) -> None:
    plays = THINKING[wire]
    assert await fates(run, wire, plays) == dict.fromkeys(plays, "empty:no_final_text")
    kept = {one.prompt_id: one.reasoning for one in read_rows(run / COMPLETIONS, Completion)}
    assert kept == {"good": None, **dict.fromkeys(plays, THOUGHT)}


async def test_row_42_what_happens_where_a_row_without_final_text_is_wanted(run: RunDir) -> None:
    wanted = FilterSection(off=("empty", "length"))
    assert await fates(run, "openai", THINKING["openai"], wanted) == dict.fromkeys(THINKING["openai"], "")


YES = message(text("Yes, it is.", "output_text"))
CALL = {"type": "function_call", "name": "look_up", "arguments": "{}"}
ENDS: dict[Api, dict[str, tuple[Play, str]]] = {
    "openai": {
        "tool_calls": (chosen("tool_calls", content=None, tool_calls=[{"function": {}}]), "gate:tool"),
        "function_call": (chosen("function_call", content="Yes.", function_call={}), "gate:tool"),
        "refusal": (chosen(content=None, refusal="I can't."), "gate:refusal"),
        "content_filter": (chosen("content_filter", content="Yes"), "gate:content_filter"),
        "unheard of": (chosen("galaxy", content="Yes."), "gate:other"),
        "no text": (chosen(7, content="Yes."), "gate:other"),
        "null": (chosen(None, content="Yes, it is."), "Yes, it is."),
        "null and cut": (chosen(None, content='{"a": [1, '), "gate:open_json"),
    },
    "responses": {
        "function_call": (output(CALL), "gate:tool"),
        "refusal": (output(message({"type": "refusal", "refusal": "I can't."})), "gate:refusal"),
        "content_filter": (
            output(
                message(text("Yes", "output_text")),
                status="incomplete",
                incomplete_details={"reason": "content_filter"},
            ),
            "gate:content_filter",
        ),
        "steered": (
            output(YES, status="incomplete", incomplete_details={"reason": "steered"}),
            "gate:other",
        ),
        "cancelled": (output(YES, status="cancelled"), "gate:other"),
        "no status": (output(YES, status=""), "Yes, it is."),
    },
    "anthropic": {
        "tool_use": (content({"type": "tool_use", "name": "x", "input": {}}, stop="tool_use"), "gate:tool"),
        "refusal": (content(text("I can't."), stop="refusal"), "gate:refusal"),
        "pause_turn": (content(text("Yes"), stop="pause_turn"), "gate:other"),
        "unheard of": (content(text("Yes."), stop="galaxy"), "gate:other"),
        "null": (content(text("Yes, it is."), stop=None), "Yes, it is."),
    },
}


@pytest.mark.parametrize("wire", WIRES)
async def test_row_43_what_happens_to_calls_refusals_and_unknown_reasons(wire: Api, run: RunDir) -> None:
    await expected(run, wire, ENDS[wire])
