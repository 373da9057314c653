import itertools
import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.teachers.request import WIRES
from blackbox_kd.teachers.sse import Event, Events, Watch, streamed
from blackbox_kd.teachers.target import Api
from blackbox_kd.teachers.wire import Incomplete, Malformed

APIS: tuple[Api, ...] = get_args(Api)
WIRE = pytest.mark.parametrize("wire", APIS)


def read(raw: bytes) -> list[Event]:
    """All events of a stream."""
    reader = Events()
    return [*reader.feed(raw), *reader.rest()]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"data: a\n\n", [Event(b"", b"a")]),
        (b"data:a\n\n", [Event(b"", b"a")]),
        (b"data:  a\n\n", [Event(b"", b" a")]),
        (b"event: x\ndata: a\nid: 7\nretry: 9\n\n", [Event(b"x", b"a")]),
        (b"data: a\ndata: b\n\n", [Event(b"", b"a\nb")]),
        (b"data\n\n", [Event(b"", b"")]),
        (b"event: x\n\ndata: a\n\n", [Event(b"", b"a")]),
        (b": note\n\ndata: a\n\n:\n", [Event(b"", b"a")]),
        (b"\xef\xbb\xbfdata: a\r\n\r\n", [Event(b"", b"a")]),
        (b"data: a\r\rdata: b\r\r", [Event(b"", b"a"), Event(b"", b"b")]),
        ("data: a\u2028b\x85c\x0bd\n\n".encode(), [Event(b"", "a\u2028b\x85c\x0bd".encode())]),
        (b"nothing: a\n\n", []),
        (b"", []),
    ],
)
def test_row_46_lines_end_as_the_standard_says(raw: bytes, expected: list[Event]) -> None:
    assert read(raw) == expected


@pytest.mark.parametrize("tail", [b"data: [DONE]", b"data: [DONE]\n", b"data: [DONE]\r", b"data: [DONE]\n\n"])
def test_the_blank_line_after_the_last_event_may_be_missing(tail: bytes) -> None:
    assert read(b"data: {}\n\n" + tail) == [Event(b"", b"{}"), Event(b"", b"[DONE]")]


@pytest.mark.parametrize("tail", [b"d", b"data: [DON", b'data: {"a": "\xc3', b"event: message_stop\n", b"event: m"])
def test_row_45_a_stream_that_is_cut_inside_an_event_is_incomplete(tail: bytes) -> None:
    with pytest.raises(Incomplete):
        read(b"data: {}\n\n" + tail)


def test_a_comment_that_is_cut_loses_nothing() -> None:
    assert read(b"data: {}\n\n: keep-al") == [Event(b"", b"{}")]


PIECES = st.lists(st.sampled_from([b"data: a", b"event: x", b"\n", b"\r", b"\r\n", b"\n\n", b": c", b"\xc3", b"data:"]))


@given(lines=PIECES, cuts=st.lists(st.integers(0, 60), max_size=6))
def test_where_the_network_cuts_a_stream_plays_no_part(lines: list[bytes], cuts: list[int]) -> None:
    raw = b"".join(lines)
    marks = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    reader = Events()
    pieces = [event for a, b in itertools.pairwise(marks) for event in reader.feed(raw[a:b])]
    once = Events()
    assert pieces == once.feed(raw)
    assert left(reader) == left(once)


def left(reader: Events) -> list[Event] | None:
    """What is left at the end; None if it was cut."""
    try:
        return reader.rest()
    except Incomplete:
        return None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"data: {}", True),
        (b": OPENROUTER PROCESSING", True),
        (b"event: ping", True),
        (b"\n\ndata: {}", True),
        (b"\xef\xbb\xbfdata: {}", True),
        (b'{"data": 1}', False),
        (b' {"data": 1}', False),
        (b"<html>", False),
        (b"database", False),
        (b"", False),
    ],
)
def test_a_stream_is_known_by_its_beginning(raw: bytes, expected: bool) -> None:
    assert streamed(raw) is expected


def named(kind: str, **fields: object) -> bytes:
    """An event as Anthropic and the Responses API send it."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n".encode()


def chunk(text: str | None, finish: str | None = None) -> bytes:
    """An event of the OpenAI wire."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'choices': [choice]}, ensure_ascii=False)}\n\n".encode()


TEXT = {"type": "text", "text": ""}
DONE = {"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "Zürich"}]}]}
STREAMS: dict[Api, list[bytes]] = {
    "openai": [
        chunk(""),
        chunk("Zü"),
        chunk("rich"),
        chunk(None, "stop"),
        b'data: {"usage": {}}\n\n',
        b"data: [DONE]\n\n",
    ],
    "responses": [
        named("response.created", response={"output": []}),
        named("response.output_text.delta", delta="Zü"),
        named("response.completed", response=DONE),
    ],
    "anthropic": [
        named("message_start", message={"id": "r1"}),
        named("content_block_start", index=0, content_block=TEXT),
        named("ping"),
        named("content_block_delta", index=0, delta={"type": "text_delta", "text": "Zürich"}),
        named("content_block_stop", index=0),
        named("message_delta", delta={"stop_reason": "end_turn"}),
        named("message_stop"),
    ],
}


def whole(wire: Api, raw: bytes) -> bool:
    """Whether a stored body is a whole answer."""
    try:
        return WIRES[wire].parse(raw).text == "Zürich"
    except Malformed:
        return False


@WIRE
def test_row_45_wherever_a_stream_is_cut_what_is_taken_for_whole_can_be_read(wire: Api) -> None:
    raw = b"".join(STREAMS[wire])
    taken = 0
    for end in range(6, len(raw) + 1):
        watch = Watch(wire)
        watch.feed(raw[:end])
        assert watch.finished is whole(wire, raw[:end]), raw[:end]
        taken += watch.finished
    assert 0 < taken < 80


@WIRE
def test_a_stream_that_comes_byte_by_byte_is_followed(wire: Api) -> None:
    watch = Watch(wire)
    for byte in b"".join(STREAMS[wire]):
        watch.feed(bytes([byte]))
    assert (watch.finished, watch.ended, watch.plain, watch.error) == (True, True, False, None)


@pytest.mark.parametrize(
    ("wire", "alive"),
    [
        ("openai", [False, True, True, True, False, True]),
        ("responses", [False, True, True]),
        ("anthropic", [False, False, False, True, True, False, True]),
    ],
)
def test_only_what_belongs_to_the_answer_is_a_sign_of_life(wire: Api, alive: list[bool]) -> None:
    watch = Watch(wire)
    assert [watch.feed(piece) for piece in STREAMS[wire]] == alive


@WIRE
def test_row_45_pings_and_comments_are_no_sign_of_life(wire: Api) -> None:
    assert not Watch(wire).feed(named("ping") + b": keep-alive\n\n" * 3)


def test_while_it_thinks_unheard_a_ping_is_a_sign_of_life() -> None:
    watch = Watch("anthropic")
    watch.feed(named("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""}))
    assert watch.feed(named("ping"))
    watch.feed(named("content_block_stop", index=0))
    assert not watch.feed(named("ping"))


@pytest.mark.parametrize(
    "piece",
    [b'{"reasoning_content": "x"}', b'{"reasoning": "x"}', b'{"content": [{"text": "x"}]}', b'{"arguments": "x"}'],
)
def test_reasoning_parts_and_calls_are_signs_of_life(piece: bytes) -> None:
    assert Watch("openai").feed(b'data: {"choices": [{"delta": ' + piece + b"}]}\n\n")


def test_text_that_looks_like_an_end_is_none() -> None:
    watch = Watch("openai")
    watch.feed(chunk('"finish_reason": "stop", "error": {"code": 1} [DONE]'))
    assert (watch.finished, watch.error) == (False, None)


@pytest.mark.parametrize(
    ("wire", "raw", "status"),
    [
        (
            "openai",
            b'data: {"error": {"code": 429, "message": "slow"}, "choices": [{"finish_reason": "error"}]}\n\n',
            429,
        ),
        ("openai", b'data: {"error": "upstream"}\n\n', 502),
        ("openai", b'event: error\ndata: {"message": "upstream"}\n\n', 502),
        ("anthropic", named("error", error={"type": "overloaded_error"}), 529),
        ("anthropic", b'data: {"type": "error", "error": {"type": "api_error"}}\n\n', 500),
        ("anthropic", b"event: error\ndata: what\n\n", 502),
        ("responses", named("error", code="rate_limit_exceeded", message="slow"), 429),
        ("responses", named("response.failed", response={"error": {"code": "server_error"}}), 500),
        ("responses", named("response.failed", response={}), 502),
    ],
)
def test_row_45_an_error_inside_a_stream_stands_for_a_status(wire: Api, raw: bytes, status: int) -> None:
    watch = Watch(wire)
    watch.feed(STREAMS[wire][0] + raw)
    assert watch.error is not None
    assert watch.error.status == status
    assert WIRES[wire].error(watch.error.status, {}, watch.error.raw).message


@WIRE
@pytest.mark.parametrize("body", [b'{"choices": []}', b"{}", b"<html>Busy</html>", b'\n {"a": 1}'])
def test_a_body_that_is_no_stream_is_plain(wire: Api, body: bytes) -> None:
    watch = Watch(wire)
    assert watch.feed(body)
    assert watch.plain


@WIRE
def test_an_empty_stream_is_neither_plain_nor_finished(wire: Api) -> None:
    watch = Watch(wire)
    watch.feed(b"\n")
    assert (watch.plain, watch.finished) == (False, False)


@WIRE
@given(raw=st.binary(max_size=120).map(lambda some: b"data: " + some))
def test_no_bytes_make_a_stream_crash(wire: Api, raw: bytes) -> None:
    watch = Watch(wire)
    watch.feed(raw)
    assert whole(wire, raw) is False
    assert isinstance(watch.finished, bool)
