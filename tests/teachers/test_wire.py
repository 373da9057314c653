import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.records import Message, Usage
from blackbox_kd.teachers.request import WIRES
from blackbox_kd.teachers.target import Sampling, Target
from blackbox_kd.teachers.wire import (
    CACHEABLE_CHARS,
    MOST_TOKENS,
    Incomplete,
    Malformed,
    Reply,
    clean,
    decode,
    leniently,
    tables,
    texts,
    usage,
)

WIRE = pytest.mark.parametrize("wire", list(WIRES))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "usage", "error", "text", "type", "finish_reason", "code"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
BROKEN = {
    "empty": b"",
    "html": b"<html><body>Bad gateway</body></html>",
    "cut": b'{"choices": [{"message": {"content": "Par',
    "nan": b'{"choices": NaN, "content": NaN}',
    "infinity": b'{"choices": -Infinity, "content": Infinity}',
    "deep": b"[" * 100_000,
    "deep object": b'{"choices":' * 100_000,
    "long integer": b'{"choices": ' + b"9" * 5_000 + b"}",
    "list": b"[1, 2]",
    "string": b'"hello"',
    "null": b"null",
    "two lines": b'{"id": "1"}\n{"id": "2"}',
    "no utf-8": b"\xff\xfe\x00\x01",
    "events": b"data: {}\n\ndata: [DONE]\n\n",
    "events cut": b"data: {}\n\ndata: {",
    "choices null": b'{"choices": null, "content": null, "output": null}',
    "choices empty": b'{"choices": [], "content": "text"}',
    "choices of numbers": b'{"choices": [1], "content": 3}',
    "message null": b'{"choices": [{"message": null}]}',
    "message absent": b'{"choices": [{}]}',
    "error inside a 200": b'{"error": {"code": 502, "message": "upstream"}}',
    "error is text": b'{"error": "upstream"}',
}


@WIRE
@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_a_body_without_a_reply_is_malformed(wire: str, raw: bytes) -> None:
    with pytest.raises(Malformed):
        WIRES[wire].parse(raw)


@WIRE
def test_an_error_inside_a_200_is_quoted(wire: str) -> None:
    with pytest.raises(Malformed, match="502 upstream"):
        WIRES[wire].parse(BROKEN["error inside a 200"])


def parsed(wire: str, raw: bytes) -> Reply | None:
    """The reply, or None for a body that holds none."""
    try:
        return WIRES[wire].parse(raw)
    except Malformed:
        return None


@WIRE
@given(raw=st.binary(max_size=200))
def test_random_bytes_never_raise_anything_but_malformed(wire: str, raw: bytes) -> None:
    assert parsed(wire, raw) is None


@WIRE
@given(
    value=st.dictionaries(
        st.sampled_from(["choices", "content", "output", "status", "usage", "error", "model", "id"]), JSON
    )
)
def test_random_json_gives_a_reply_that_can_be_written_or_malformed(wire: str, value: Any) -> None:
    reply = parsed(wire, json.dumps(value).encode())
    assert reply is None or reply.text.encode() is not None


@given(value=JSON)
def test_random_choices_give_valid_text_and_counts(value: Any) -> None:
    body = {"choices": [{"message": {"content": value, "refusal": value}, "finish_reason": value}], "usage": value}
    reply = WIRES["openai"].parse(json.dumps(body).encode())
    assert 0 <= reply.usage.completion_tokens <= MOST_TOKENS


@WIRE
@given(raw=st.binary(max_size=80) | JSON.map(lambda value: json.dumps({"error": value}).encode()))
def test_any_error_body_is_read(wire: str, raw: bytes) -> None:
    assert WIRES[wire].error(500, {}, raw).scope == "attempt"


@pytest.mark.parametrize("depth", [500, 900, 950, 980, 990, 1_000, 5_000])
def test_nesting_near_the_interpreters_limit_is_survived(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    made = parsed(
        "openai", b'{"choices": [{"finish_reason": ' + nested + b', "message": {"content": ' + nested + b"}}]}"
    )
    assert made is None or (made.text, made.finish_reason) == ("", "other")


def test_a_byte_order_mark_is_no_content() -> None:
    assert decode(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("nul\x00 bell\x07 esc\x1b[31m", "nul bell esc[31m"),
        ("c1\x9b31m\x85", "c131m"),
        ("lone \ud83d end", "lone \ufffd end"),
        ("pair \ud83d\ude00", "pair 😀"),
        ("\ufeffmark", "\ufeffmark"),
        ("line\u2028separator", "line\u2028separator"),
        ("crlf\r\n", "crlf\n"),
        (None, ""),
        (3, ""),
    ],
)
def test_clean(given_text: object, expected: str) -> None:
    assert clean(given_text) == expected


@given(text=st.text(alphabet=st.characters(codec=None, exclude_categories=())))
def test_clean_text_is_valid_and_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert once.encode().decode() == once
    assert clean(once) == once


@pytest.mark.parametrize("absurd", [None, -1, "12", 1.5, True, 10**18, [], {}])
def test_absurd_counts_are_estimated(absurd: object) -> None:
    assert usage(absurd, absurd, "x" * 40) == Usage(prompt_tokens=0, completion_tokens=11, source="estimated")


def test_the_count_that_is_given_is_kept_where_the_other_is_missing() -> None:
    assert usage(9, None, "abcd") == Usage(prompt_tokens=9, completion_tokens=2, source="estimated")


def test_counts_of_the_provider_are_taken() -> None:
    assert usage(9, 0, "") == Usage(prompt_tokens=9, completion_tokens=0, source="provider")


PARTS = {"cached": 4, "written": 3, "reasoning": 2}


def test_parts_of_the_counts_are_taken() -> None:
    told = usage(9, 5, "", **PARTS)
    assert (told.cached_tokens, told.cache_write_tokens, told.reasoning_tokens) == (4, 3, 2)


@pytest.mark.parametrize("absurd", [None, -1, "12", 1.5, True, 10**18, [], {}])
def test_absurd_parts_count_as_none(absurd: object) -> None:
    assert usage(9, 5, "", absurd, absurd, absurd) == Usage(prompt_tokens=9, completion_tokens=5)


def test_parts_that_exceed_their_whole_count_as_none() -> None:
    assert usage(6, 1, "", **PARTS) == Usage(prompt_tokens=6, completion_tokens=1)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": 99999999999999999999999}',
        b'{"a": 1e400}',
    ],
)
def test_kind_decoding_takes_what_strict_decoding_does_not(raw: bytes) -> None:
    assert decode(raw) == leniently(raw)


@given(value=st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_strict_and_kind_decoding_agree(value: dict[str, Any]) -> None:
    raw = json.dumps(value).encode()
    assert decode(raw) == leniently(raw) == value


def test_texts_of_parts_are_joined() -> None:
    assert texts(tables([{"text": "Pa"}, 3, {"text": "ris"}, {"text": None}])) == "Paris"


LONG = "r" * CACHEABLE_CHARS
SHOTS = (Message(role="user", content="a"), Message(role="assistant", content="b"))
ASKED = (Message(role="user", content="Hi"),)


@WIRE
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("official", [False, True])
def test_what_is_sent_holds_all_that_decides(
    target: Callable[..., Target], wire: str, official: bool, stream: bool
) -> None:
    extra = {"seed": 1, "store": True, "stream": 7, "max_tokens": 3, "prompt_cache_key": "k"}
    whom = target(wire=wire, system="Rules.", shots=SHOTS, extra=extra, official=official)
    body = WIRES[wire].request(ASKED, whom)
    sent = WIRES[wire].sent(body, whom, stream)
    assert sent.items() >= body.items()
    assert (sent["store"], sent["max_tokens"], sent["prompt_cache_key"]) == (True, 3, "k")
    assert sent.get("stream", False) is stream


@WIRE
def test_nothing_that_changes_no_answer_is_among_what_decides(target: Callable[..., Target], wire: str) -> None:
    extra = dict.fromkeys(("stream", "stream_options", "store", "cache_control", "max_output_tokens"), 1)
    assert WIRES[wire].request(ASKED, target(wire=wire, extra=extra)) == WIRES[wire].request(ASKED, target(wire=wire))


@WIRE
def test_sampling_that_is_not_set_is_not_sent(target: Callable[..., Target], wire: str) -> None:
    body = WIRES[wire].request(ASKED, target(wire=wire))
    assert set(body) <= {"model", "messages", "input"}


@WIRE
def test_sampling_that_is_set_is_sent(target: Callable[..., Target], wire: str) -> None:
    body = WIRES[wire].request(ASKED, target(wire=wire, sampling=Sampling(temperature=0.0, top_p=0.5)))
    assert (body["temperature"], body["top_p"]) == (0.0, 0.5)


@WIRE
@pytest.mark.parametrize(
    ("official", "prompt_cache", "system", "kept"),
    [(True, True, LONG, True), (True, True, "r", False), (True, False, LONG, False), (False, True, LONG, False)],
)
def test_only_a_long_prompt_at_the_providers_own_api_gets_a_cache_key(
    target: Callable[..., Target], wire: str, official: bool, prompt_cache: bool, system: str, kept: bool
) -> None:
    whom = target(wire=wire, official=official, prompt_cache=prompt_cache, system=system)
    sent = WIRES[wire].sent(WIRES[wire].request(ASKED, whom), whom, False)
    assert ("prompt_cache_key" in sent) is (kept and wire != "anthropic")


@WIRE
def test_row_45_a_stream_of_pings_is_incomplete(wire: str) -> None:
    with pytest.raises(Incomplete):
        WIRES[wire].parse(b'event: ping\ndata: {"type": "ping"}\n\n: ping\n\n' * 3)
