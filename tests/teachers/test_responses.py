import json
from collections.abc import Callable

import pytest

from blackbox_kd.records import Message
from blackbox_kd.teachers.responses import ResponsesWire
from blackbox_kd.teachers.status import meaning
from blackbox_kd.teachers.target import Sampling, Target
from blackbox_kd.teachers.wire import Incomplete, Malformed

WIRE = ResponsesWire()
ASKED = (Message(role="user", content="Hi"),)
SHOTS = (Message(role="user", content="a"), Message(role="assistant", content="b"))
SCHEMA = {"type": "json_schema", "name": "answer", "strict": True, "schema": {"type": "object"}}


def test_all_that_is_set_is_asked_for(target: Callable[..., Target]) -> None:
    sampling = Sampling(temperature=0.0, top_p=0.9, max_tokens=7)
    extra = {"reasoning": {"effort": "low"}}
    whom = target(
        wire="responses", system="Rules.", shots=SHOTS, schema={"type": "object"}, extra=extra, sampling=sampling
    )
    assert WIRE.request(ASKED, whom) == {
        "model": "simulated-tickets",
        "instructions": "Rules.",
        "input": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "Hi"},
        ],
        "temperature": 0.0,
        "top_p": 0.9,
        "text": {"format": SCHEMA},
        "reasoning": {"effort": "low"},
    }


def test_schema_and_verbosity_go_together(target: Callable[..., Target]) -> None:
    whom = target(wire="responses", schema={"type": "object"}, extra={"text": {"verbosity": "low"}})
    assert WIRE.request(ASKED, whom)["text"] == {"format": SCHEMA, "verbosity": "low"}


def test_a_prompts_own_system_message_follows_the_teachers(target: Callable[..., Target]) -> None:
    own = (Message(role="system", content="Own."), *ASKED)
    body = WIRE.request(own, target(wire="responses", system="Rules."))
    assert (body["instructions"], body["input"]) == ("Rules.\n\nOwn.", [{"role": "user", "content": "Hi"}])


def test_nothing_is_stored_unless_the_user_says_so(target: Callable[..., Target]) -> None:
    assert WIRE.sent({}, target(wire="responses"), False) == {"store": False, "max_output_tokens": 1024}
    assert WIRE.sent({}, target(wire="responses", extra={"store": True}), False)["store"] is True


def test_a_stream_is_asked_for(target: Callable[..., Target]) -> None:
    assert WIRE.sent({}, target(wire="responses"), True)["stream"] is True


def item(*parts: dict[str, object]) -> dict[str, object]:
    """A message of the output."""
    return {"type": "message", "role": "assistant", "content": list(parts)}


def said(text: str) -> dict[str, object]:
    """A part of a message."""
    return {"type": "output_text", "text": text, "annotations": []}


def reply(*output: object, status: object = "completed", **fields: object) -> bytes:
    """A body with output items."""
    return json.dumps(
        {"object": "response", "status": status, "error": None, "output": list(output), **fields}
    ).encode()


@pytest.mark.parametrize(
    ("status", "why", "reason"),
    [
        ("completed", None, "stop"),
        ("incomplete", {"reason": "max_output_tokens"}, "length"),
        ("incomplete", {"reason": "content_filter"}, "content_filter"),
        ("incomplete", {"reason": "steered"}, "other"),
        ("incomplete", None, "other"),
        ("cancelled", None, "other"),
        (None, None, "unknown"),
    ],
)
def test_finish_reasons(status: object, why: object, reason: str) -> None:
    raw = reply(item(said("x")), status=status, incomplete_details=why)
    assert WIRE.parse(raw).finish_reason == reason


def test_a_call_of_a_tool_is_no_end() -> None:
    assert WIRE.parse(reply({"type": "function_call", "name": "f"})).finish_reason == "tool"


def test_texts_are_joined_and_reasoning_kept_apart() -> None:
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "First,"}, {"text": "then"}]}
    read = WIRE.parse(reply(thought, item(said("Pa"), said("ris.")), 7, item({"type": "odd", "text": "no"})))
    assert (read.text, read.reasoning) == ("Paris.", "First,\n\nthen")


def test_reasoning_that_is_told_in_full_replaces_its_summary() -> None:
    thought = {"type": "reasoning", "summary": [{"text": "short"}], "content": [{"text": "in full"}]}
    assert WIRE.parse(reply(thought)).reasoning == "in full"


def test_a_refusal_is_text_and_reason() -> None:
    read = WIRE.parse(reply(item({"type": "refusal", "refusal": "I cannot."})))
    assert (read.text, read.finish_reason) == ("I cannot.", "refusal")


def test_usage_model_and_id_are_read() -> None:
    counts = {
        "input_tokens": 50,
        "input_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 10},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 4},
    }
    read = WIRE.parse(reply(item(said("x")), usage=counts, model="m-2026", id="r1"))
    told = read.usage
    assert (told.prompt_tokens, told.completion_tokens, told.source) == (50, 9, "provider")
    assert (told.cached_tokens, told.cache_write_tokens, told.reasoning_tokens) == (30, 10, 4)
    assert (read.served_model, read.response_id) == ("m-2026", "r1")


@pytest.mark.parametrize("counts", [None, [], {"input_tokens": -1, "output_tokens": 1}])
def test_usage_that_cannot_be_believed_is_estimated(counts: object) -> None:
    assert WIRE.parse(reply(item(said("four")), usage=counts)).usage.source == "estimated"


def test_row_39_a_response_that_failed_is_malformed_and_quoted() -> None:
    raw = reply(status="failed").replace(b"null", b'{"code": "server_error", "message": "upstream"}')
    with pytest.raises(Malformed, match="server_error upstream"):
        WIRE.parse(raw)


@pytest.mark.parametrize("status", ["in_progress", "queued"])
def test_a_response_that_is_not_done_is_incomplete(status: str) -> None:
    with pytest.raises(Incomplete, match=status):
        WIRE.parse(reply(status=status))


def event(kind: str, **fields: object) -> bytes:
    """One event of a stream."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


@pytest.mark.parametrize(("kind", "reason"), [("response.completed", "stop"), ("response.incomplete", "length")])
def test_a_stream_reads_like_the_body_that_was_not_streamed(kind: str, reason: str) -> None:
    why = {"reason": "max_output_tokens"}
    whole = reply(item(said("Paris.")), status=kind.partition(".")[2], incomplete_details=why, id="r1")
    begun, delta = event("response.created", response={}), event("response.output_text.delta", delta="Paris.")
    read = WIRE.parse(begun + delta + event(kind, response=json.loads(whole)))
    assert read == WIRE.parse(whole)
    assert read.finish_reason == reason


def test_row_45_a_stream_without_its_last_event_is_incomplete() -> None:
    with pytest.raises(Incomplete):
        WIRE.parse(event("response.created", response={}) + event("response.output_text.delta", delta="Pa"))


@pytest.mark.parametrize(
    "broken",
    [
        event("error", code="server_error", message="upstream"),
        event(
            "response.failed", response={"status": "failed", "error": {"code": "server_error", "message": "upstream"}}
        ),
    ],
    ids=["error", "failed"],
)
def test_row_45_an_error_inside_a_stream_is_quoted(broken: bytes) -> None:
    with pytest.raises(Malformed, match="500 server_error upstream"):
        WIRE.parse(event("response.created", response={}) + broken)


def test_other_statuses_are_read_as_this_wire() -> None:
    raw = b'{"error": {"code": "rate_limit_exceeded", "message": "why"}}'
    assert WIRE.error(429, {}, raw, 5.0) == meaning("responses", 429, {}, raw, 5.0)
