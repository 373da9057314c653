import json
from collections.abc import Callable
from typing import Any

import pytest

from blackbox_kd.records import Message
from blackbox_kd.teachers.openai import OpenAIWire
from blackbox_kd.teachers.target import Sampling, Target

WIRE = OpenAIWire()
ASKED = (Message(role="user", content="Hi"),)
SHOTS = (Message(role="user", content="a"), Message(role="assistant", content="b"))


def test_only_what_is_set_is_sent(target: Callable[..., Target]) -> None:
    assert WIRE.request(ASKED, target()) == {
        "model": "simulated-tickets",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 1024,
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
        "max_tokens": 7,
        "temperature": 0.0,
        "top_p": 0.9,
        "stop": ["\n"],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": {"type": "object"}},
        },
        "seed": 1,
    }


def test_the_official_api_gets_the_newer_name_of_the_limit(target: Callable[..., Target]) -> None:
    body = WIRE.request(ASKED, target(official=True))
    assert (body["max_completion_tokens"], "max_tokens" in body) == (1024, False)


def test_extra_fields_win(target: Callable[..., Target]) -> None:
    assert WIRE.request(ASKED, target(extra={"max_tokens": 3}))["max_tokens"] == 3


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


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_apart(name: str) -> None:
    read = WIRE.parse(reply({"content": None, name: "First,"}))
    assert (read.text, read.reasoning) == ("", "First,")


def test_usage_model_and_id_are_read() -> None:
    counts = {"prompt_tokens": 5, "completion_tokens": 6}
    read = WIRE.parse(reply({"content": "x"}, usage=counts, model="m-2026", id="r1"))
    assert (read.usage.prompt_tokens, read.usage.completion_tokens, read.usage.source) == (5, 6, "provider")
    assert (read.served_model, read.response_id) == ("m-2026", "r1")


@pytest.mark.parametrize("counts", [None, [], {}, {"prompt_tokens": -1, "completion_tokens": 10**18}, "many"])
def test_usage_that_cannot_be_believed_is_estimated(counts: object) -> None:
    assert WIRE.parse(reply({"content": "four"}, usage=counts)).usage.source == "estimated"


def test_the_first_of_two_choices_is_taken() -> None:
    two = [{"message": {"content": text}, "finish_reason": "stop"} for text in ("one", "two")]
    assert WIRE.parse(json.dumps({"choices": two}).encode()).text == "one"


def body(code: str | None = None, kind: str | None = None) -> bytes:
    """An error body."""
    return json.dumps({"error": {"code": code, "type": kind, "message": "why"}}).encode()


@pytest.mark.parametrize(
    ("status", "raw", "scope", "code"),
    [
        (302, b"", "run", "redirect"),
        (308, b"", "run", "redirect"),
        (400, body("context_length_exceeded"), "row", "context_length_exceeded"),
        (400, body("content_filter"), "row", "content_filter"),
        (400, body(None, "invalid_request_error"), "row", "invalid_request_error"),
        (401, body("invalid_api_key"), "run", "invalid_api_key"),
        (402, b"", "run", "http_402"),
        (403, body(None, "permission_error"), "run", "permission_error"),
        (404, body("model_not_found"), "run", "model_not_found"),
        (408, b"", "attempt", "http_408"),
        (409, body(None, "conflict_error"), "attempt", "conflict_error"),
        (413, b"", "row", "http_413"),
        (418, b"", "row", "http_418"),
        (422, b"", "row", "http_422"),
        (429, body("rate_limit_exceeded"), "attempt", "rate_limit_exceeded"),
        (429, body("slow_down"), "attempt", "slow_down"),
        (429, body(None, "insufficient_quota"), "run", "insufficient_quota"),
        (429, body("insufficient_quota", "insufficient_quota"), "run", "insufficient_quota"),
        (429, body("credit_balance_exhausted"), "run", "credit_balance_exhausted"),
        (429, body("billing_hard_limit_reached"), "run", "billing_hard_limit_reached"),
        (429, body("organization_spend_limit_exceeded"), "run", "organization_spend_limit_exceeded"),
        (429, body("project_spend_limit_exceeded"), "run", "project_spend_limit_exceeded"),
        (429, body("organization_usage_limit_exceeded"), "run", "organization_usage_limit_exceeded"),
        (500, body(None, "server_error"), "attempt", "server_error"),
        (502, b"<html>Bad gateway</html>", "attempt", "http_502"),
        (503, b"", "attempt", "http_503"),
        (504, b"", "attempt", "http_504"),
        (529, b"", "attempt", "http_529"),
        (599, b"", "attempt", "http_599"),
    ],
)
def test_errors(status: int, raw: bytes, scope: str, code: str) -> None:
    error = WIRE.error(status, {}, raw)
    assert (error.scope, error.code) == (scope, code)


@pytest.mark.parametrize(("status", "throttled"), [(429, True), (503, False), (529, False)])
def test_only_a_429_asks_for_fewer_calls(status: int, throttled: bool) -> None:
    assert WIRE.error(status, {}, b"").throttled is throttled


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_a_server_asks_for_is_read(status: int) -> None:
    assert WIRE.error(status, {"retry-after": "3"}, b"").retry_after_s == 3.0


@pytest.mark.parametrize("status", [302, 401, 402, 403, 404])
def test_what_stops_the_run_names_a_fix(status: int) -> None:
    assert WIRE.error(status, {"location": "http://elsewhere"}, b"").fix


def test_money_that_is_gone_names_a_fix_about_money() -> None:
    assert "credit" in WIRE.error(429, {}, body("insufficient_quota")).fix


def test_a_redirect_names_its_target() -> None:
    assert "http://elsewhere" in WIRE.error(302, {"location": "http://elsewhere"}, b"").message


def test_control_characters_of_an_error_page_are_gone() -> None:
    assert "\x1b" not in WIRE.error(500, {}, b"\x1b[2J<html>").message
