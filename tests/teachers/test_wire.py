import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.records import Usage
from blackbox_kd.teachers.request import WIRES
from blackbox_kd.teachers.wire import (
    MOST_TOKENS,
    Malformed,
    Reply,
    clean,
    decode,
    disguised,
    error_fields,
    retry_after_s,
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
    "choices null": b'{"choices": null, "content": null}',
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


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"error": {"code": 502, "message": "upstream"}}', 502),
        (b'{"error": {"code": "429"}, "choices": []}', 429),
        (b'{"error": {"code": "rate_limit_exceeded"}, "choices": null}', 429),
        (b'{"type": "error", "error": {"type": "invalid_request_error"}}', 400),
        (b'{"error": {"code": 302}}', 502),
        (b'{"error": {"code": "strange"}}', 502),
        (b'{"error": "upstream"}', 502),
        (b'{"error": null}', None),
        (b'{"error": {"code": 502}, "choices": [{}]}', None),
        (b'{"error": {"code": 502}, "content": [{}]}', None),
        (b'"error"', None),
        (b'{"error": {"co', None),
        (b"{}", None),
    ],
)
def test_an_error_in_disguise_has_a_status(raw: bytes, status: int | None) -> None:
    assert disguised(raw) == status


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
@given(value=st.dictionaries(st.sampled_from(["choices", "content", "usage", "error", "model", "id"]), JSON))
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
    fields = error_fields(b'{"error": {"code": ' + nested + b', "message": ' + nested + b"}}")
    assert all(isinstance(field, str) for field in fields)
    parsed("openai", b'{"choices": [{"finish_reason": ' + nested + b', "message": {"content": ' + nested + b"}}]}")


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


@pytest.mark.parametrize(
    "hostile",
    [
        "nan",
        "inf",
        "-inf",
        "-5",
        "1e9",
        "1_000",
        "১২",
        "",
        " ",
        "1234567",
        "0x10",
        "1.",
        ".5",
        "9" * 10_000_000,
        "soon",
    ],
    ids=lambda value: str(value)[:8],
)
@pytest.mark.parametrize("name", ["retry-after", "retry-after-ms"])
def test_a_hostile_wait_is_ignored(name: str, hostile: str) -> None:
    assert retry_after_s({name: hostile}) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "nan", "retry-after": "7"}, 7.0),
        ({}, None),
    ],
)
def test_a_wait_is_read_in_seconds(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_s(headers) == expected


@given(value=st.text(max_size=30))
def test_any_wait_is_none_or_a_sane_number(value: str) -> None:
    wait_s = retry_after_s({"retry-after": value})
    assert wait_s is None or 0 <= wait_s < 1_000_000


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"error": {"code": "c", "type": "t", "message": "m"}}', ("c", "t", "m")),
        (b'{"type": "error", "error": {"type": "t", "message": "m"}}', ("", "t", "m")),
        (b'{"error": {"details": {"error_code": "d"}, "type": "t"}}', ("d", "t", "")),
        (b'{"message": "m", "code": 404}', ("404", "", "m")),
        (b'{"error": "text"}', ("", "", "text")),
        (b"<html>\x1b[2JBad", ("", "", "<html>[2JBad")),
        (b"", ("", "", "")),
    ],
)
def test_error_fields(raw: bytes, expected: tuple[str, str, str]) -> None:
    assert error_fields(raw) == expected


def test_a_long_error_is_cut() -> None:
    assert len(error_fields(b'{"error": {"message": "' + b"x" * 10_000 + b'"}}')[2]) == 500
