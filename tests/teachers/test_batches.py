import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.teachers.batches import (
    CAP,
    MOST,
    Invalid,
    custom_id,
    entry,
    fingerprint,
    oddities,
    pause_s,
    read_batch,
    read_result,
    waiting,
)
from blackbox_kd.teachers.target import Api

KEYS = [f"{number:064x}" for number in range(5)]
NAME = fingerprint((key, 10) for key in KEYS)
OPENAI: dict[str, Any] = {
    "id": "batch_1",
    "status": "completed",
    "created_at": 1_790_000_000,
    "metadata": {"bbkd": NAME},
    "output_file_id": "file-out",
    "error_file_id": "file-err",
    "request_counts": {"total": 5, "completed": 3, "failed": 2},
}
ANTHROPIC: dict[str, Any] = {
    "id": "msgbatch_1",
    "processing_status": "ended",
    "created_at": "2026-11-01T10:00:00.5Z",
    "results_url": "https://api.anthropic.com/v1/messages/batches/msgbatch_1/results",
    "request_counts": {"processing": 0, "succeeded": 3, "errored": 1, "canceled": 0, "expired": 1},
}


@given(st.permutations(KEYS))
def test_the_order_of_the_rows_does_not_change_a_fingerprint(keys: list[str]) -> None:
    assert fingerprint((key, 10) for key in keys) == NAME


@pytest.mark.parametrize(
    ("rows", "again"), [([(KEYS[0], 10)], 0), ([(key, 11) for key in KEYS], 0), ([(key, 10) for key in KEYS], 1)]
)
def test_rows_token_limits_and_repetition_change_a_fingerprint(rows: list[tuple[str, int]], again: int) -> None:
    assert fingerprint(rows, again) != NAME


@given(st.text("0123456789abcdef", min_size=64, max_size=64))
def test_a_custom_id_has_the_form_that_both_providers_allow(key: str) -> None:
    name = custom_id(NAME, key)
    assert len(name) == 64
    assert name == f"{NAME[:16]}_{key[:47]}"


@given(st.text())
def test_a_row_has_no_character_at_which_anybody_splits_lines(text: str) -> None:
    body = json.dumps({"messages": [{"content": text}]}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    line = entry("openai", "/chat/completions", custom_id(NAME, KEYS[0]), body).decode("utf-8", "surrogatepass")
    assert line.splitlines() == [line]
    assert json.loads(line)["body"]["messages"][0]["content"] == text


def test_a_row_is_what_each_provider_documents() -> None:
    name = custom_id(NAME, KEYS[0])
    assert json.loads(entry("responses", "/responses", name, b'{"a":1}')) == {
        "custom_id": name,
        "method": "POST",
        "url": "/v1/responses",
        "body": {"a": 1},
    }
    assert json.loads(entry("anthropic", "/v1/messages", name, b'{"a":1}')) == {"custom_id": name, "params": {"a": 1}}


def test_the_limits_stay_below_those_documented() -> None:
    assert MOST["openai"].rows == 50_000
    assert MOST["openai"].size < 200_000_000
    assert MOST["anthropic"].rows == 100_000
    assert MOST["anthropic"].size < 256_000_000


def test_an_openai_batch_is_read() -> None:
    batch = read_batch("openai", OPENAI)
    assert (batch.id, batch.state, batch.total, batch.done, batch.lines) == ("batch_1", "ended", 5, 5, 5)
    assert (batch.fingerprint, batch.results, batch.created_s) == (NAME, ("file-out", "file-err"), 1_790_000_000)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("validating", "running"),
        ("in_progress", "running"),
        ("finalizing", "running"),
        ("cancelling", "running"),
        ("reticulating", "running"),
        ("", "running"),
        ("completed", "ended"),
        ("expired", "ended"),
        ("cancelled", "ended"),
        ("failed", "failed"),
    ],
)
def test_row_58_every_openai_status_has_a_state_and_unknown_ones_run_on(said: str, state: str) -> None:
    assert read_batch("openai", {**OPENAI, "status": said}).state == state


@pytest.mark.parametrize(("said", "state"), [("in_progress", "running"), ("canceling", "running"), ("new", "running")])
def test_row_58_an_anthropic_batch_runs_until_it_has_ended(said: str, state: str) -> None:
    counts = {"processing": 5, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    batch = read_batch("anthropic", {**ANTHROPIC, "processing_status": said, "request_counts": counts})
    assert (batch.state, batch.total, batch.done, batch.lines) == (state, 5, 0, None)


def test_an_anthropic_batch_is_read() -> None:
    batch = read_batch("anthropic", ANTHROPIC)
    assert (batch.id, batch.state, batch.total, batch.done, batch.lines) == ("msgbatch_1", "ended", 5, 5, 5)
    assert (batch.gone, batch.created_s) == (False, 1_793_527_200.5)
    assert read_batch("anthropic", {**ANTHROPIC, "results_url": None}).gone


def test_row_54_the_lines_that_failed_validation_are_read() -> None:
    errors = {"data": [{"code": "invalid_json_line", "line": 3, "message": "No JSON."}, {"message": "x"}, "?"]}
    batch = read_batch("openai", {**OPENAI, "status": "failed", "errors": errors})
    assert batch.errors == (Invalid(3, "invalid_json_line", "No JSON."), Invalid(None, "", "x"), Invalid(None, "", ""))


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*OPENAI, *ANTHROPIC, "errors"]),
        st.recursive(
            st.none() | st.integers() | st.text() | st.floats(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    ),
    st.sampled_from(["openai", "responses", "anthropic"]),
)
def test_nothing_that_a_provider_says_of_a_batch_is_an_error(body: dict[str, Any], wire: Api) -> None:
    assert read_batch(wire, body).done >= 0


def openai_line(**fields: object) -> bytes:
    return json.dumps(
        {"id": "r", "custom_id": "c", "response": None, "error": None, **fields}, ensure_ascii=False
    ).encode()


def test_a_reply_keeps_its_bytes() -> None:
    raw = '{"id": "x",  "choices": [{"text": "a\u2028b"}]}'
    line = f'{{"custom_id": "c", "response": {{"status_code": 200, "body": {raw}}}, "error": null}}'.encode()
    assert read_result("openai", line) == ("c", 200, "", raw.encode())
    line = f'{{"custom_id": "c", "result": {{"type": "succeeded", "message": {raw}}}}}'.encode()
    assert read_result("anthropic", line) == ("c", 200, "", raw.encode())


def test_an_error_row_is_read_with_its_status() -> None:
    line = openai_line(response={"status_code": 400, "body": {"error": {"code": "context_length_exceeded"}}})
    assert read_result("openai", line) == ("c", 400, "", b'{"error": {"code": "context_length_exceeded"}}')


@pytest.mark.parametrize("code", ["batch_expired", "batch_cancelled"])
def test_row_55_a_row_that_was_never_worked_on_has_no_status(code: str) -> None:
    result = read_result("openai", openai_line(error={"code": code, "message": "too late"}))
    assert result is not None
    assert (result.status, result.code) == (None, "batch_expired")


def test_a_row_that_failed_without_a_response_counts_as_a_server_error() -> None:
    result = read_result("openai", openai_line(error={"code": "batch_request_failed", "message": "oops"}))
    assert result is not None
    assert (result.status, json.loads(result.raw)["error"]["message"]) == (500, "oops")


@pytest.mark.parametrize(
    ("kind", "status"),
    [("invalid_request_error", 400), ("overloaded_error", 529), ("authentication_error", 401), ("new_error", 500)],
)
def test_row_57_an_errored_anthropic_row_has_the_status_of_its_error(kind: str, status: int) -> None:
    error = {"type": "error", "error": {"type": kind, "message": "no"}}
    line = json.dumps({"custom_id": "c", "result": {"type": "errored", "error": error}}).encode()
    result = read_result("anthropic", line)
    assert result is not None
    assert (result.status, json.loads(result.raw)) == (status, error)


@pytest.mark.parametrize(("kind", "code"), [("expired", "batch_expired"), ("canceled", "batch_canceled")])
def test_row_57_expired_and_cancelled_anthropic_rows_were_never_worked_on(kind: str, code: str) -> None:
    line = json.dumps({"custom_id": "c", "result": {"type": kind}}).encode()
    assert read_result("anthropic", line) == ("c", None, code, b"")


@pytest.mark.parametrize("line", [b"", b"[]", b"{", b'{"custom_id": 3}', b'{"custom_id": "c"', b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("wire", ["openai", "anthropic"])
def test_row_56_a_line_that_is_none_is_told_apart(wire: Api, line: bytes) -> None:
    assert read_result(wire, line) is None


def test_a_paid_reply_with_a_lone_surrogate_is_kept() -> None:
    line = rb'{"custom_id": "c", "response": {"status_code": 200, "body": {"a": "x\ud83dy \ud83d\ude00 \udc00"}}}'
    result = read_result("openai", line)
    assert result is not None
    assert json.loads(result.raw) == {"a": "x\ufffdy 😀 \ufffd"}


def test_a_whole_line_of_ours_that_is_no_json_is_kept_as_it_is_and_a_torn_one_is_not() -> None:
    line = b'{"custom_id": "%s", "response": {"body": NaN}}' % custom_id(NAME, KEYS[0]).encode()
    assert read_result("openai", line) == (custom_id(NAME, KEYS[0]), 200, "", line)
    assert read_result("openai", line, whole=False) is None


def test_polls_start_quickly_and_are_never_further_apart_than_a_minute() -> None:
    waits = [pause_s(5.0, polls) for polls in range(1000)]
    assert waits[0] == 5.0
    assert waits == sorted(waits)
    assert waits[-1] == 5.0 * CAP == 60.0


def test_the_words_for_people() -> None:
    assert waiting(2, 1240, 5000, 725) == "waiting for 2 batches, 1,240 of 5,000 done, oldest 12 min"
    assert waiting(1, 0, 10, 9000) == "waiting for 1 batch, 0 of 10 done, oldest 2.5 h"
    assert oddities(Counter({"unknown": 2, "missing": 0, "duplicated": 1})) == "1 duplicated, 2 unknown"
