import json
from collections.abc import Callable
from typing import Any

import pytest

from blackbox_kd.records import Json, Message
from blackbox_kd.teachers.anthropic import AnthropicWire
from blackbox_kd.teachers.status import meaning
from blackbox_kd.teachers.target import Sampling, Target
from blackbox_kd.teachers.wire import Incomplete, Malformed

WIRE = AnthropicWire()
ASKED = (Message(role="user", content="Hi"),)
SHOTS = (Message(role="user", content="a"), Message(role="assistant", content="b"))


def test_only_what_is_set_is_sent(target: Callable[..., Target]) -> None:
    assert WIRE.request(ASKED, target(wire="anthropic")) == {
        "model": "simulated-tickets",
        "messages": [{"role": "user", "content": "Hi"}],
    }


def test_all_that_is_set_is_sent(target: Callable[..., Target]) -> None:
    sampling = Sampling(temperature=0.0, top_p=0.9, stop=("\n",), max_tokens=7)
    whom = target(
        wire="anthropic", system="Rules.", shots=SHOTS, schema={"type": "object"}, extra={"top_k": 1}, sampling=sampling
    )
    assert WIRE.request(ASKED, whom) == {
        "model": "simulated-tickets",
        "system": "Rules.",
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "Hi"},
        ],
        "temperature": 0.0,
        "top_p": 0.9,
        "stop_sequences": ["\n"],
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
        "top_k": 1,
    }


def test_a_prompts_own_system_message_leaves_the_turns(target: Callable[..., Target]) -> None:
    own = (Message(role="system", content="Own."), *ASKED)
    body = WIRE.request(own, target(wire="anthropic", system="Rules."))
    assert (body["system"], body["messages"]) == ("Rules.\n\nOwn.", [{"role": "user", "content": "Hi"}])


def reply(*blocks: object, stop: object = "end_turn", **fields: object) -> bytes:
    """A body with content blocks."""
    return json.dumps({"content": list(blocks), "stop_reason": stop, **fields}).encode()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool"),
        ("refusal", "refusal"),
        ("pause_turn", "other"),
        ("something_new", "other"),
        (None, "unknown"),
    ],
)
def test_finish_reasons(given: object, reason: str) -> None:
    assert WIRE.parse(reply({"type": "text", "text": "x"}, stop=given)).finish_reason == reason


def test_text_blocks_are_joined_and_thinking_kept_apart() -> None:
    blocks = [{"type": "thinking", "thinking": "First,"}, {"type": "text", "text": "Pa"}, {"type": "text", "text": "x"}]
    read = WIRE.parse(reply(*blocks))
    assert (read.text, read.reasoning) == ("Pax", "First,")


@pytest.mark.parametrize(
    "blocks",
    [[], [None, 3, "loose"], [{"type": "text", "text": None}], [{"type": "tool_use", "text": "no"}], [{"text": "no"}]],
)
def test_blocks_without_text_give_none(blocks: list[object]) -> None:
    assert WIRE.parse(reply(*blocks)).text == ""


def test_usage_model_and_id_are_read() -> None:
    counts = {"input_tokens": 5, "output_tokens": 6}
    read = WIRE.parse(reply({"type": "text", "text": "x"}, usage=counts, model="m-2026", id="r1"))
    assert (read.usage.prompt_tokens, read.usage.completion_tokens, read.usage.source) == (5, 6, "provider")
    assert (read.served_model, read.response_id) == ("m-2026", "r1")


@pytest.mark.parametrize("counts", [None, [], {"input_tokens": -1, "output_tokens": 1}, {"input_tokens": "5"}])
def test_usage_that_cannot_be_believed_is_estimated(counts: object) -> None:
    assert WIRE.parse(reply({"type": "text", "text": "four"}, usage=counts)).usage.source == "estimated"


@pytest.mark.parametrize("category", ["frontier_llm", "reasoning_extraction"])
def test_a_refusal_names_its_category(category: str) -> None:
    read = WIRE.parse(reply(stop="refusal", stop_details={"type": "refusal", "category": category}))
    assert (read.finish_reason, read.category) == ("refusal", category)


@pytest.mark.parametrize("details", [None, [], {}, {"category": None}, "bio"])
def test_a_refusal_without_a_category_has_none(details: object) -> None:
    assert WIRE.parse(reply(stop="refusal", stop_details=details)).category == ""


def test_prompt_tokens_hold_what_the_cache_gave_and_took() -> None:
    counts = {
        "input_tokens": 5,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 20,
        "output_tokens": 9,
        "output_tokens_details": {"thinking_tokens": 7},
    }
    told = WIRE.parse(reply(usage=counts)).usage
    assert (told.prompt_tokens, told.cached_tokens, told.cache_write_tokens, told.reasoning_tokens) == (125, 100, 20, 7)


def test_a_row_of_the_token_counts_may_be_null() -> None:
    counts = {"input_tokens": 5, "cache_read_input_tokens": None, "cache_creation_input_tokens": -3, "output_tokens": 9}
    assert WIRE.parse(reply(usage=counts)).usage.prompt_tokens == 5


def test_schema_and_effort_go_together(target: Callable[..., Target]) -> None:
    whom = target(wire="anthropic", schema={"type": "object"}, extra={"output_config": {"effort": "low"}})
    form = {"type": "json_schema", "schema": {"type": "object"}}
    assert WIRE.request(ASKED, whom)["output_config"] == {"format": form, "effort": "low"}


def test_the_limit_and_the_stream_are_sent(target: Callable[..., Target]) -> None:
    assert WIRE.sent({}, target(wire="anthropic"), False) == {"max_tokens": 1024}
    assert WIRE.sent({}, target(wire="anthropic"), True) == {"max_tokens": 1024, "stream": True}


LONG = "Rule. " * 1_000


def sent(target: Target, messages: tuple[Message, ...] = ASKED) -> dict[str, Json]:
    """What goes out for a prompt."""
    return WIRE.sent(WIRE.request(messages, target), target, False)


@pytest.mark.parametrize(("batch", "ttl"), [(False, {}), (True, {"ttl": "1h"})])
def test_a_long_system_prompt_is_marked_for_the_cache(
    target: Callable[..., Target], batch: bool, ttl: dict[str, str]
) -> None:
    mark = {"type": "ephemeral", **ttl}
    whom = target(wire="anthropic", system=LONG, batch=batch)
    assert sent(whom)["system"] == [{"type": "text", "text": LONG, "cache_control": mark}]


def test_where_there_are_shots_the_last_one_is_marked(target: Callable[..., Target]) -> None:
    out = sent(target(wire="anthropic", system=LONG, shots=SHOTS))
    block = {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}
    assert out["system"] == LONG
    assert out["messages"] == [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [block]},
        {"role": "user", "content": "Hi"},
    ]


@pytest.mark.parametrize(
    "change",
    [{"system": "Rules."}, {"prompt_cache": False}, {"extra": {"cache_control": {"type": "ephemeral"}}}],
    ids=["short", "not wanted", "marked by the user"],
)
def test_no_mark_is_set(target: Callable[..., Target], change: dict[str, Any]) -> None:
    whom = target(**{"wire": "anthropic", "system": LONG, **change})
    assert sent(whom)["system"] == whom.system


def test_a_system_prompt_that_differs_by_row_is_not_marked(target: Callable[..., Target]) -> None:
    own = (Message(role="system", content="Own."), *ASKED)
    assert sent(target(wire="anthropic", system=LONG, shots=SHOTS), own)["system"] == f"{LONG}\n\nOwn."


def event(kind: str, **fields: object) -> bytes:
    """One event of a stream."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def piece(index: int, kind: str, **fields: str) -> bytes:
    """One delta."""
    return event("content_block_delta", index=index, delta={"type": kind, **fields})


BEGIN = event("message_start", message={"id": "r1", "model": "m-2026", "content": [], "usage": {"input_tokens": 5}})
STREAM = (
    BEGIN
    + event("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""})
    + event("ping")
    + piece(0, "thinking_delta", thinking="First,")
    + piece(0, "signature_delta", signature="x")
    + event("content_block_stop", index=0)
    + event("content_block_start", index=1, content_block={"type": "text", "text": ""})
    + piece(1, "text_delta", text="Pa")
    + piece(1, "text_delta", text="ris.")
    + event("content_block_stop", index=1)
    + event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 6, "input_tokens": None})
    + event("message_stop")
)


def test_a_stream_reads_like_the_body_that_was_not_streamed() -> None:
    blocks = [{"type": "thinking", "thinking": "First,"}, {"type": "text", "text": "Paris."}]
    whole = reply(*blocks, usage={"input_tokens": 5, "output_tokens": 6}, model="m-2026", id="r1")
    assert WIRE.parse(STREAM) == WIRE.parse(whole)


def test_row_45_a_stream_without_its_last_event_is_incomplete() -> None:
    with pytest.raises(Incomplete):
        WIRE.parse(STREAM.removesuffix(event("message_stop")))


@pytest.mark.parametrize(
    "odd",
    [
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}) * 2,
        piece(3, "text_delta", text="x"),
        event("content_block_start", index="0", content_block={}),
    ],
    ids=["two beginnings", "none", "no number"],
)
def test_row_45_blocks_that_do_not_fit_together_are_malformed(odd: bytes) -> None:
    with pytest.raises(Malformed, match="block"):
        WIRE.parse(BEGIN + odd + event("message_stop"))


def test_row_45_an_error_inside_a_stream_is_quoted() -> None:
    broken = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    with pytest.raises(Malformed, match="529 overloaded_error Overloaded"):
        WIRE.parse(BEGIN + broken)


def test_other_statuses_are_read_as_this_wire() -> None:
    raw = b'{"type": "error", "error": {"type": "overloaded_error", "message": "why"}}'
    assert WIRE.error(529, {}, raw, 5.0) == meaning("anthropic", 529, {}, raw, 5.0)
