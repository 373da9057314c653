import json
from collections.abc import Callable

import pytest

from blackbox_kd.records import Message
from blackbox_kd.teachers.anthropic import AnthropicWire
from blackbox_kd.teachers.target import Sampling, Target

WIRE = AnthropicWire()
ASKED = (Message(role="user", content="Hi"),)
SHOTS = (Message(role="user", content="a"), Message(role="assistant", content="b"))


def test_only_what_is_set_is_sent(target: Callable[..., Target]) -> None:
    assert WIRE.request(ASKED, target(wire="anthropic")) == {
        "model": "simulated-tickets",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "Hi"}],
    }


def test_all_that_is_set_is_sent(target: Callable[..., Target]) -> None:
    sampling = Sampling(temperature=0.0, top_p=0.9, stop=("\n",), max_tokens=7)
    whom = target(
        wire="anthropic", system="Rules.", shots=SHOTS, schema={"type": "object"}, extra={"top_k": 1}, sampling=sampling
    )
    assert WIRE.request(ASKED, whom) == {
        "model": "simulated-tickets",
        "max_tokens": 7,
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


def body(kind: str, message: str = "why", **fields: object) -> bytes:
    """An error body."""
    return json.dumps({"type": "error", "error": {"type": kind, "message": message, **fields}}).encode()


@pytest.mark.parametrize(
    ("status", "raw", "scope", "code"),
    [
        (302, b"", "run", "redirect"),
        (400, body("invalid_request_error"), "row", "invalid_request_error"),
        (400, body("invalid_request_error", "You have reached your specified API usage limits."), "run", "usage_limit"),
        (401, body("authentication_error"), "run", "authentication_error"),
        (402, body("billing_error"), "run", "billing_error"),
        (403, body("permission_error"), "run", "permission_error"),
        (404, body("not_found_error"), "run", "not_found_error"),
        (408, b"", "attempt", "http_408"),
        (409, body("conflict_error"), "attempt", "conflict_error"),
        (413, body("request_too_large"), "row", "request_too_large"),
        (422, b"", "row", "http_422"),
        (429, body("rate_limit_error"), "attempt", "rate_limit_error"),
        (
            429,
            body("rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}),
            "run",
            "enforced_spend_limit_reached",
        ),
        (500, body("api_error"), "attempt", "api_error"),
        (504, body("timeout_error"), "attempt", "timeout_error"),
        (529, body("overloaded_error"), "attempt", "overloaded_error"),
    ],
)
def test_errors(status: int, raw: bytes, scope: str, code: str) -> None:
    error = WIRE.error(status, {}, raw)
    assert (error.scope, error.code) == (scope, code)


def test_a_spending_limit_names_a_fix_about_it() -> None:
    limit = body("rate_limit_error", details={"error_code": "enforced_spend_limit_reached"})
    assert "spending limit" in WIRE.error(429, {}, limit).fix
