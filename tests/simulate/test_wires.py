from typing import Any

import msgspec
import pytest

from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.shapes import Billed, Event, Fault
from blackbox_kd.simulate.wires import ANTHROPIC, OPENAI, RESPONSES, WIRES, Wire, retry_headers

EACH = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.path)
ASKED = Asked("0" * 64, "m", "hi", 3, None, stream=True, include_usage=True)
ALL = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)


def billed(finish: str = "stop", reasoning: str = "") -> Billed:
    return Billed("sim-1", "m", "hello world", finish, 30, 7, reasoning, cached_tokens=20, reasoning_tokens=2)


def plain(value: object) -> Any:
    return msgspec.to_builtins(value)


def data(event: Event) -> Any:
    assert isinstance(event.data, dict)
    return event.data


def events(wire: Wire, reply: Billed) -> list[Event]:
    return list(wire.events(reply, ASKED))


@pytest.mark.parametrize(
    ("finish", "reason", "content", "refusal"),
    [
        ("stop", "stop", "hello world", None),
        ("length", "length", "hello world", None),
        ("refusal", "stop", None, "hello world"),
    ],
)
def test_openai_says_how_a_reply_ended(finish: str, reason: str, content: str | None, refusal: str | None) -> None:
    choice = plain(OPENAI.reply(billed(finish)))["choices"][0]
    message = choice["message"]
    assert (choice["finish_reason"], message["content"], message["refusal"]) == (reason, content, refusal)


@pytest.mark.parametrize(
    ("finish", "reason", "blocks"), [("stop", "end_turn", 1), ("length", "max_tokens", 1), ("refusal", "refusal", 0)]
)
def test_anthropic_says_how_a_reply_ended(finish: str, reason: str, blocks: int) -> None:
    message = plain(ANTHROPIC.reply(billed(finish)))
    assert (message["stop_reason"], len(message["content"])) == (reason, blocks)


def test_a_refusal_of_anthropic_has_a_category() -> None:
    message = plain(ANTHROPIC.reply(billed("refusal")))
    assert message["stop_details"]["category"] == "frontier_llm"


@pytest.mark.parametrize(
    ("finish", "status", "part"),
    [("stop", "completed", "text"), ("length", "incomplete", "text"), ("refusal", "completed", "refusal")],
)
def test_a_response_says_how_it_ended(finish: str, status: str, part: str) -> None:
    reply = plain(RESPONSES.reply(billed(finish)))
    assert (reply["status"], reply["output"][0]["content"][0][part]) == (status, "hello world")
    assert (reply["incomplete_details"] is not None) == (finish == "length")


@pytest.mark.parametrize(
    ("wire", "usage"),
    [
        (OPENAI, {"prompt_tokens": 30, "completion_tokens": 7, "total_tokens": 37}),
        (RESPONSES, {"input_tokens": 30, "output_tokens": 7, "total_tokens": 37}),
        (ANTHROPIC, {"input_tokens": 10, "cache_read_input_tokens": 20, "output_tokens": 7}),
    ],
    ids=["chat", "responses", "messages"],
)
def test_usage_counts_as_the_vendor_does(wire: Wire, usage: dict[str, int]) -> None:
    assert usage.items() <= plain(wire.reply(billed()))["usage"].items()


def test_reasoning_comes_before_the_answer_in_a_place_of_its_own() -> None:
    replies = [plain(wire.reply(billed(reasoning="Let me see."))) for wire in WIRES]
    assert replies[0]["choices"][0]["message"]["reasoning_content"] == "Let me see."
    assert [item["type"] for item in replies[1]["output"]] == ["reasoning", "message"]
    assert [block["type"] for block in replies[2]["content"]] == ["thinking", "text"]


@EACH
@pytest.mark.parametrize("reasoning", ["", "Let me see."])
@pytest.mark.parametrize("finish", ["stop", "length"])
def test_a_stream_says_what_the_reply_says(wire: Wire, finish: str, reasoning: str) -> None:
    reply = billed(finish, reasoning)
    sent = b"".join(event.encode() for event in events(wire, reply) if event.token)
    for text in ("hell", "o wo", "rld", *(("Let ", "me s") if reasoning else ())):
        assert f'"{text}"'.encode() in sent


def test_a_chat_stream_ends_with_usage_and_done() -> None:
    *_, ended, usage, done = events(OPENAI, billed("length"))
    assert data(ended)["choices"][0]["finish_reason"] == "length"
    assert (data(usage)["choices"], data(usage)["usage"]["total_tokens"]) == ([], 37)
    assert done.encode() == b"data: [DONE]\n\n"


def test_a_chat_stream_tells_usage_only_where_it_is_asked_for() -> None:
    sent = [data(event) for event in list(OPENAI.events(billed(), ASKED._replace(include_usage=False)))[:-1]]
    assert [item for item in sent if "usage" in item] == []


def test_a_response_stream_is_numbered_and_ends_with_the_whole_response() -> None:
    sent = events(RESPONSES, billed("length", "Let me see."))
    assert [data(event)["sequence_number"] for event in sent] == list(range(len(sent)))
    assert data(sent[-1])["response"] == RESPONSES.reply(billed("length", "Let me see."))
    assert (sent[0].name, sent[-1].name) == ("response.created", "response.incomplete")


def test_a_message_stream_opens_and_closes_each_block() -> None:
    names = [event.name for event in events(ANTHROPIC, billed(reasoning="Hm."))]
    block = ["content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"]
    thinking, text = block, [*block[:2], *block[1:]]
    assert names == ["message_start", "ping", *thinking, *text, "message_delta", "message_stop"]


@EACH
@pytest.mark.parametrize("status", ALL)
def test_every_status_has_an_error_of_the_wires_shape(wire: Wire, status: int) -> None:
    error = plain(wire.error(Fault(status, "no"), "req_1"))["error"]
    assert error["message"] == "no"
    assert isinstance(error["type"], str)


def test_anthropics_errors_have_their_names() -> None:
    names = {status: plain(ANTHROPIC.error(Fault(status, ""), ""))["error"]["type"] for status in ALL}
    assert names[402] == "billing_error"
    assert names[413] == "request_too_large"
    assert names[529] == "overloaded_error"


def test_the_code_of_a_fault_is_told_where_each_vendor_tells_it() -> None:
    fault = Fault(429, "no", type="insufficient_quota", code="enforced_spend_limit_reached")
    assert plain(OPENAI.error(fault, ""))["error"]["code"] == fault.code
    assert plain(ANTHROPIC.error(fault, ""))["error"]["details"] == {"error_code": fault.code}


def test_a_time_to_come_back_is_told_in_seconds_and_in_milliseconds() -> None:
    assert retry_headers(1.5) == {"retry-after": "1.5", "retry-after-ms": "1500"}
    assert retry_headers(None) == {}
