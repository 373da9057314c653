import json
from collections.abc import Callable
from typing import Any

import pytest

from blackbox_kd.records import Message
from blackbox_kd.teachers.openai import OpenAIWire
from blackbox_kd.teachers.status import meaning
from blackbox_kd.teachers.target import Sampling, Target
from blackbox_kd.teachers.wire import Incomplete, Malformed

WIRE = OpenAIWire()
ASKED = (Message(role="user", content="Hi"),)
SHOTS = (Message(role="user", content="a"), Message(role="assistant", content="b"))


def test_only_what_is_set_is_sent(target: Callable[..., Target]) -> None:
    assert WIRE.request(ASKED, target()) == {
        "model": "simulated-tickets",
        "messages": [{"role": "user", "content": "Hi"}],
    }


def test_all_that_is_set_is_sent(target: Callable[..., Target]) -> None:
    sampling = Sampling(temperature=0.0, top_p=0.9, stop=("\n",), max_tokens=7)
    whom = target(system="Rules.", shots=SHOTS, schema={"type": "object"}, extra={"seed": 1}, sampling=sampling)
    assert WIRE.request(ASKED, whom) == {
        "model": "simulated-tickets",
        "messages": [
            {"role": "system", "content": "Rules."},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "Hi"},
        ],
        "temperature": 0.0,
        "top_p": 0.9,
        "stop": ["\n"],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": {"type": "object"}},
        },
        "seed": 1,
    }


@pytest.mark.parametrize(("official", "name"), [(True, "max_completion_tokens"), (False, "max_tokens")])
def test_the_official_api_gets_the_newer_name_of_the_limit(
    target: Callable[..., Target], official: bool, name: str
) -> None:
    assert WIRE.sent({"model": "m"}, target(official=official), False) == {"model": "m", name: 1024}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_among_the_extra_fields_takes_the_place_of_ours(target: Callable[..., Target], name: str) -> None:
    assert WIRE.sent({}, target(extra={name: 3}), False) == {name: 3}


def test_a_stream_is_asked_for_its_token_counts(target: Callable[..., Target]) -> None:
    sent = WIRE.sent({}, target(), True)
    assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})


def test_stream_options_go_only_with_a_stream(target: Callable[..., Target]) -> None:
    whom = target(extra={"stream_options": {"include_usage": False}})
    assert WIRE.sent({}, whom, False) == {"max_tokens": 1024}
    assert WIRE.sent({}, whom, True)["stream_options"] == {"include_usage": False}


def test_extra_fields_win(target: Callable[..., Target]) -> None:
    assert WIRE.request(ASKED, target(extra={"model": "other"}))["model"] == "other"


def test_a_model_without_schema_output_is_not_asked_for_it(target: Callable[..., Target]) -> None:
    body = WIRE.request(ASKED, target(model="gpt-4-turbo", official=True, schema={"type": "object"}))
    assert "response_format" not in body


def test_a_prompts_own_system_message_follows_the_teachers(target: Callable[..., Target]) -> None:
    own = (Message(role="system", content="Own."), *ASKED)
    messages = WIRE.request(own, target(system="Rules.", shots=SHOTS))["messages"]
    assert isinstance(messages, list)
    assert messages[0] == {"role": "system", "content": "Rules.\n\nOwn."}
    assert [one["role"] for one in messages if isinstance(one, dict)] == ["system", "user", "assistant", "user"]


def reply(message: dict[str, Any], finish: object = "stop", **fields: object) -> bytes:
    """A body with one choice."""
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}], **fields}).encode()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("eos_token", "stop"),
        ("end_turn", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("model_length", "length"),
        ("STOP", "stop"),
        ("SAFETY", "content_filter"),
        ("refusal", "refusal"),
        ("abort", "other"),
        ("insufficient_system_resource", "other"),
        ("content_filter", "content_filter"),
        ("tool_calls", "tool"),
        ("function_call", "tool"),
        ("something_new", "other"),
        (["stop"], "other"),
        (7, "other"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_finish_reasons(given: object, reason: str) -> None:
    assert WIRE.parse(reply({"content": "x"}, given)).finish_reason == reason


def test_an_absent_finish_reason_is_unknown() -> None:
    assert WIRE.parse(b'{"choices": [{"message": {"content": "x"}}]}').finish_reason == "unknown"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Paris.", "Paris."),
        (None, ""),
        ("", ""),
        (3, ""),
        ({"text": "x"}, ""),
        ([{"type": "text", "text": "Pa"}, {"type": "text", "text": "ris."}], "Paris."),
        ([{"type": "image_url"}, "loose", None], ""),
        ("a\x00b\ud800c", "ab\ufffdc"),
    ],
)
def test_content_as_text(content: object, text: str) -> None:
    assert WIRE.parse(reply({"content": content})).text == text


def test_a_refusal_is_text_and_reason() -> None:
    read = WIRE.parse(reply({"content": None, "refusal": "I cannot."}))
    assert (read.text, read.finish_reason) == ("I cannot.", "refusal")


def test_a_refusal_does_not_replace_text() -> None:
    read = WIRE.parse(reply({"content": "So far", "refusal": "I cannot."}))
    assert (read.text, read.finish_reason) == ("So far", "refusal")


def test_a_refusal_among_the_parts_is_text_and_reason() -> None:
    read = WIRE.parse(reply({"content": [{"type": "refusal", "refusal": "I cannot."}]}))
    assert (read.text, read.finish_reason) == ("I cannot.", "refusal")


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": "First,"},
        {"reasoning": "First,"},
        {"reasoning_content": "", "reasoning": "First,"},
        {"reasoning": "First,", "reasoning_details": [{"type": "reasoning.text", "text": "First,"}]},
        {"reasoning_details": [{"text": "Fir"}, {"summary": "st,"}, {"type": "reasoning.encrypted", "data": "x"}]},
        {"reasoning": {"text": "First,"}},
        {"reasoning": [{"summary": [{"text": "First,"}]}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "First,"}]}]},
        {"content": [{"type": "thinking", "thinking": "First,"}]},
    ],
)
def test_row_42_reasoning_is_kept_apart(fields: dict[str, object]) -> None:
    read = WIRE.parse(reply({"content": None, **fields}))
    assert (read.text, read.reasoning) == ("", "First,")


@pytest.mark.parametrize(
    ("text", "finish", "answer", "reasoning"),
    [
        ("<think>First,</think>Paris.", "stop", "Paris.", "First,"),
        ("<think>\nFirst,\n</think>\n\nParis.", "stop", "Paris.", "First,"),
        ("\n<think></think>\n\nParis.", "stop", "Paris.", None),
        ("<think>a</think>b</think>", "stop", "b</think>", "a"),
        ("<think>First, we", "length", "", "First, we"),
        ("<think>First, we", "stop", "<think>First, we", None),
        ("Write <think>x</think> first.", "stop", "Write <think>x</think> first.", None),
        ("<thinking>x</thinking>", "stop", "<thinking>x</thinking>", None),
    ],
)
def test_row_42_thinking_at_the_beginning_of_the_text_is_reasoning(
    text: str, finish: str, answer: str, reasoning: str | None
) -> None:
    read = WIRE.parse(reply({"content": text}, finish))
    assert (read.text, read.reasoning) == (answer, reasoning)


def test_usage_model_and_id_are_read() -> None:
    counts = {"prompt_tokens": 5, "completion_tokens": 6}
    read = WIRE.parse(reply({"content": "x"}, usage=counts, model="m-2026", id="r1"))
    assert (read.usage.prompt_tokens, read.usage.completion_tokens, read.usage.source) == (5, 6, "provider")
    assert (read.served_model, read.response_id) == ("m-2026", "r1")


@pytest.mark.parametrize("counts", [None, [], {}, {"prompt_tokens": -1, "completion_tokens": 10**18}, "many"])
def test_usage_that_cannot_be_believed_is_estimated(counts: object) -> None:
    assert WIRE.parse(reply({"content": "four"}, usage=counts)).usage.source == "estimated"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 6, "cache_write_tokens": 3}}, (6, 3, 0, 8)),
        ({"prompt_cache_hit_tokens": 6, "prompt_cache_miss_tokens": 4}, (6, 0, 0, 8)),
        ({"completion_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 18}, (0, 0, 5, 8)),
        ({"completion_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 23}, (0, 0, 5, 13)),
        ({"completion_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 99}, (0, 0, 5, 8)),
        ({"prompt_tokens_details": None, "completion_tokens_details": "x"}, (0, 0, 0, 8)),
    ],
)
def test_row_48_details_of_the_counts_are_read(counts: dict[str, object], expected: tuple[int, ...]) -> None:
    told = WIRE.parse(reply({"content": "x"}, usage={"prompt_tokens": 10, "completion_tokens": 8, **counts})).usage
    assert (told.cached_tokens, told.cache_write_tokens, told.reasoning_tokens, told.completion_tokens) == expected


def test_the_first_of_two_choices_is_taken() -> None:
    two = [{"message": {"content": text}, "finish_reason": "stop"} for text in ("one", "two")]
    assert WIRE.parse(json.dumps({"choices": two}).encode()).text == "one"


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **fields: object) -> bytes:
    """One event of a stream."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({"id": "r1", "model": "m-2026", "choices": choices, **fields}).encode() + b"\n\n"


COUNTS = {"prompt_tokens": 5, "completion_tokens": 6}
STREAM = (
    chunk({"role": "assistant", "content": ""})
    + chunk({"reasoning_content": "Fir"})
    + chunk({"reasoning_content": "st,"})
    + chunk({"content": "Pa"})
    + b": keep-alive\n\n"
    + chunk({"content": "ris."})
    + chunk({}, "stop")
    + chunk(usage=COUNTS)
    + b"data: [DONE]\n\n"
)


def test_a_stream_reads_like_the_body_that_was_not_streamed() -> None:
    whole = reply({"content": "Paris.", "reasoning_content": "First,"}, usage=COUNTS, model="m-2026", id="r1")
    assert WIRE.parse(STREAM) == WIRE.parse(whole)


def test_a_stream_of_parts_reads_like_text() -> None:
    parts = {"content": [{"type": "thinking", "thinking": "First,"}]}
    read = WIRE.parse(chunk(parts) + chunk({"content": "Paris."}, "stop"))
    assert (read.text, read.reasoning) == ("Paris.", "First,")


def test_row_45_a_finish_reason_or_done_is_enough() -> None:
    assert WIRE.parse(chunk({"content": "x"}, "stop")).finish_reason == "stop"
    assert WIRE.parse(chunk({"content": "x"}) + b"data: [DONE]").finish_reason == "unknown"


def test_row_45_a_stream_without_an_end_is_incomplete() -> None:
    with pytest.raises(Incomplete):
        WIRE.parse(chunk({"content": "x"}))


def test_row_45_two_choices_with_one_index_are_malformed() -> None:
    two = [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}] * 2
    with pytest.raises(Malformed, match="one index"):
        WIRE.parse(b"data: " + json.dumps({"choices": two}).encode() + b"\n\n")


@pytest.mark.parametrize("choices", [[], [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]])
def test_row_45_an_error_inside_a_stream_is_quoted(choices: list[object]) -> None:
    broken = {"error": {"code": 502, "message": "upstream"}, "choices": choices}
    with pytest.raises(Malformed, match="502 upstream"):
        WIRE.parse(chunk({"content": "x"}) + b"data: " + json.dumps(broken).encode() + b"\n\ndata: [DONE]\n\n")


def test_other_statuses_are_read_as_this_wire() -> None:
    raw = b'{"error": {"code": "rate_limit_exceeded", "message": "why"}}'
    assert WIRE.error(429, {}, raw, 5.0) == meaning("openai", 429, {}, raw, 5.0)
