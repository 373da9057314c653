import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.teachers.status import DAILY_S, MOST_CHARACTERS, meaning
from blackbox_kd.teachers.target import Api
from blackbox_kd.teachers.wire import Scope, WireError, clean

WIRES: tuple[Api, ...] = get_args(Api)
OPENAI: tuple[Api, ...] = ("openai", "responses")
NOW_S = 1_795_505_596.0  # Tue, 24 Nov 2026 07:33:16 GMT
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "code", "type", "message", "param", "details", "error_code", "choices"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def body(wire: Api, code: str = "", kind: str = "", message: str = "why", param: str = "") -> bytes:
    """An error body as the wire's own provider sends it; Anthropic's code is among the details."""
    if wire == "anthropic":
        error: dict[str, Any] = {"type": kind, "message": message}
        if code:
            error["details"] = {"error_code": code}
        return json.dumps({"type": "error", "error": error, "request_id": "r"}).encode()
    return json.dumps({"error": {"code": code or None, "type": kind, "message": message, "param": param}}).encode()


def told(wire: Api, status: int, raw: bytes = b"", headers: dict[str, str] | None = None) -> WireError:
    """What a response means."""
    return meaning(wire, status, headers or {}, raw, NOW_S)


# Status, code, type, message, scope, name: lines that are alike on every wire.
TABLE: list[tuple[int, str, str, str, Scope, str]] = [
    (300, "", "", "", "run", "redirect"),
    (302, "", "", "", "run", "redirect"),
    (308, "", "", "", "run", "redirect"),
    (400, "", "invalid_request_error", "prompt is too long", "row", "invalid_request_error"),
    (401, "", "authentication_error", "", "run", "authentication_error"),
    (401, "", "", "", "run", "http_401"),
    (402, "", "billing_error", "", "run", "billing_error"),
    (402, "", "", "Insufficient Balance", "run", "http_402"),
    (403, "", "permission_error", "", "run", "permission_error"),
    (403, "", "", "", "run", "http_403"),
    (404, "", "not_found_error", "", "run", "not_found_error"),
    (404, "", "", "", "run", "http_404"),
    (407, "", "", "", "run", "http_407"),
    (408, "", "", "", "attempt", "http_408"),
    (409, "", "conflict_error", "", "attempt", "conflict_error"),
    (413, "", "request_too_large", "", "row", "request_too_large"),
    (413, "", "", "", "row", "http_413"),
    (418, "", "", "", "row", "http_418"),
    (422, "", "", "", "row", "http_422"),
    (429, "", "rate_limit_error", "", "attempt", "rate_limit_error"),
    (429, "", "", "", "attempt", "http_429"),
    (500, "", "api_error", "", "attempt", "api_error"),
    (502, "", "", "", "attempt", "http_502"),
    (503, "", "", "", "attempt", "http_503"),
    (504, "", "timeout_error", "", "attempt", "timeout_error"),
    (529, "", "overloaded_error", "", "attempt", "overloaded_error"),
    (529, "", "", "", "attempt", "http_529"),
    (599, "", "", "", "attempt", "http_599"),
]
OPENAI_TABLE: list[tuple[int, str, str, str, Scope]] = [
    (400, "context_length_exceeded", "invalid_request_error", "", "row"),
    (400, "content_filter", "invalid_request_error", "", "row"),
    (400, "content_policy_violation", "", "", "row"),
    (400, "invalid_value", "invalid_request_error", "Invalid 'messages[0].content'", "row"),
    (400, "API_KEY_INVALID", "", "API key not valid. Please pass a valid API key.", "run"),
    (401, "invalid_api_key", "invalid_request_error", "", "run"),
    (403, "unsupported_country_region_territory", "request_forbidden", "", "run"),
    (403, "moderated", "", "Your input was flagged", "row"),
    (404, "model_not_found", "invalid_request_error", "", "run"),
    (429, "rate_limit_exceeded", "tokens", "", "attempt"),
    (429, "slow_down", "", "", "attempt"),
    (429, "insufficient_quota", "insufficient_quota", "", "run"),
    (429, "credit_balance_exhausted", "", "", "run"),
    (429, "organization_spend_limit_exceeded", "", "", "run"),
    (429, "project_spend_limit_exceeded", "", "", "run"),
    (429, "organization_usage_limit_exceeded", "", "", "run"),
    (429, "billing_hard_limit_reached", "", "", "run"),
    (500, "server_error", "server_error", "", "attempt"),
]
LIMITS = "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."
ANTHROPIC_TABLE: list[tuple[int, str, str, str, Scope]] = [
    (400, "", "invalid_request_error", LIMITS, "run"),
    (400, "", "invalid_request_error", "Your credit balance is too low to access the API.", "run"),
    (400, "", "invalid_request_error", "This organization has been disabled.", "run"),
    (400, "", "invalid_request_error", "The request body is not valid JSON: unexpected end of data", "attempt"),
    (400, "", "invalid_request_error", "messages.0.content: Field required", "row"),
    (400, "", "invalid_request_error", "messages.0.foo: Extra inputs are not permitted", "row"),
    (400, "", "invalid_request_error", "input length and `max_tokens` exceed context limit", "row"),
    (403, "organization_on_hold", "permission_error", "", "run"),
    (429, "enforced_spend_limit_reached", "rate_limit_error", "", "run"),
    (429, "contract_spend_limit_reached", "rate_limit_error", "", "run"),
    (429, "ramp_limit_exceeded", "rate_limit_error", "", "attempt"),
]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(("status", "code", "kind", "message", "scope", "name"), TABLE)
def test_rows_17_to_26_the_decision_table(
    wire: Api, status: int, code: str, kind: str, message: str, scope: Scope, name: str
) -> None:
    error = told(wire, status, body(wire, code, kind, message))
    assert (error.scope, error.code) == (scope, name)


@pytest.mark.parametrize("wire", OPENAI)
@pytest.mark.parametrize(("status", "code", "kind", "message", "scope"), OPENAI_TABLE)
def test_rows_19_21_24_25_what_openai_tells(
    wire: Api, status: int, code: str, kind: str, message: str, scope: Scope
) -> None:
    error = told(wire, status, body(wire, code, kind, message))
    assert (error.scope, error.code) == (scope, code)


@pytest.mark.parametrize(("status", "code", "kind", "message", "scope"), ANTHROPIC_TABLE)
def test_rows_20_22_25_what_anthropic_tells(status: int, code: str, kind: str, message: str, scope: Scope) -> None:
    error = told("anthropic", status, body("anthropic", code, kind, message))
    assert (error.scope, error.code) == (scope, code or kind)


def test_every_scope_is_in_each_table() -> None:
    for scopes in ({r[4] for r in TABLE}, {r[4] for r in OPENAI_TABLE}, {r[4] for r in ANTHROPIC_TABLE}):
        assert scopes == set(get_args(Scope))


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("status", "raw", "throttled", "overloaded"),
    [
        (429, b"", True, False),
        (503, b'{"error": {"code": "slow_down"}}', True, False),
        (500, b"", False, False),
        (502, b"", False, False),
        (503, b"", False, False),
        (504, b"", False, False),
        (503, b'{"error": {"message": "The engine is currently overloaded"}}', False, True),
        (529, b"", False, True),
        (500, b'{"error": {"type": "overloaded_error"}}', False, True),
        (400, b"", False, False),
        (401, b"", False, False),
    ],
)
def test_only_a_429_cuts_the_pace_and_only_overload_waits_longer(
    wire: Api, status: int, raw: bytes, throttled: bool, overloaded: bool
) -> None:
    error = told(wire, status, raw)
    assert (error.throttled, error.overloaded) == (throttled, overloaded)


@pytest.mark.parametrize("wire", OPENAI)
@pytest.mark.parametrize(("code", "message"), [("resource_unavailable", "x"), ("", "429 Resource Unavailable")])
def test_a_flex_tier_without_room_is_overload(wire: Api, code: str, message: str) -> None:
    error = told(wire, 429, body(wire, code, "", message))
    assert (error.scope, error.throttled, error.overloaded) == ("attempt", False, True)
    assert "service_tier" in error.fix


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Rate limit reached on requests per day (RPD): Limit 200. Please try again in 6h0m1s.", 21_601.0),
        ("Rate limit reached on requests per day (RPD): Limit 200. Please try again in 7m12s.", 86_400 - 27_196),
        ("Rate limit reached on tokens per day (TPD)", 86_400 - 27_196),
        ("Daily limit reached", 86_400 - 27_196),
    ],
)
def test_row_21_a_limit_a_day_waits_until_it_is_over(wire: Api, message: str, expected: float) -> None:
    error = told(wire, 429, body(wire, "rate_limit_exceeded", "rate_limit_error", message))
    assert (error.scope, error.retry_after_s, error.throttled) == ("attempt", expected, True)


def test_row_21_a_limit_a_day_stops_the_run_a_minute_before_midnight_too() -> None:
    raw = body("openai", "rate_limit_exceeded", "requests", "Limit 200 per day")
    assert meaning("openai", 429, {}, raw, 86_340.0).retry_after_s == DAILY_S


@pytest.mark.parametrize("wire", WIRES)
def test_row_21_a_server_that_asks_for_hours_is_heard(wire: Api) -> None:
    assert told(wire, 429, headers={"retry-after": "21600"}).retry_after_s == 21_600.0


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(("status", "expected"), [(429, 60.0), (503, None)])
def test_a_used_up_limit_is_waited_for_only_after_a_429(wire: Api, status: int, expected: float | None) -> None:
    headers = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m0s"}
    assert told(wire, status, headers=headers).retry_after_s == expected


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(("status", "expected"), [(503, 7.0), (409, 7.0), (401, None), (400, None)])
def test_a_wait_belongs_to_an_attempt(wire: Api, status: int, expected: float | None) -> None:
    assert told(wire, status, headers={"retry-after": "7"}).retry_after_s == expected


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("status", "value", "scope", "final"),
    [
        (503, "false", "attempt", True),
        (429, " False ", "attempt", True),
        (503, "true", "attempt", False),
        (503, "maybe", "attempt", False),
        (401, "true", "run", False),
        (400, "true", "row", False),
        (400, "false", "row", False),
    ],
)
def test_row_28_x_should_retry_can_only_forbid(wire: Api, status: int, value: str, scope: Scope, final: bool) -> None:
    error = told(wire, status, headers={"x-should-retry": value})
    assert (error.scope, error.final) == (scope, final)


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("https://user:pw@elsewhere:8443/v1?token=canary", "to https://elsewhere:8443"),
        ("http://elsewhere", "to http://elsewhere"),
        ("/v2/canary", "to another path of the same server"),
        ("", "to another path of the same server"),
        ("http://[::1", "to an address that cannot be read"),
        ("http://host:canary/", "to an address that cannot be read"),
        ("http://a\x1b2J\x07/", "to http://a2j"),
    ],
)
@pytest.mark.parametrize("wire", WIRES)
def test_row_27_a_redirect_names_an_origin_and_nothing_else(wire: Api, location: str, where: str) -> None:
    error = told(wire, 302, headers={"location": location})
    assert error.message == f"302 {where}"
    assert "base_url" in error.fix


@pytest.mark.parametrize("wire", WIRES)
def test_row_23_an_error_page_is_quoted_without_control_characters(wire: Api) -> None:
    error = told(wire, 502, b"<html>\x1b[2J\r\n<h1>Bad gateway\x07</h1>")
    assert error.message == "502 <html>[2J <h1>Bad gateway</h1>"


@pytest.mark.parametrize("wire", WIRES)
def test_a_long_message_is_cut(wire: Api) -> None:
    assert len(told(wire, 500, body(wire, "", "api_error", "x" * 10_000)).message) == MOST_CHARACTERS


@pytest.mark.parametrize("code", ["two words", "a" * 65, "502", "x\nx", ""])
def test_a_code_that_is_no_name_is_not_taken(code: str) -> None:
    assert told("openai", 500, body("openai", code, "server_error")).code == "server_error"


@pytest.mark.parametrize("wire", WIRES)
@given(
    status=st.integers(-1, 1000),
    headers=st.dictionaries(st.sampled_from(["location", "x-should-retry", "retry-after", "date"]), st.text()),
    raw=st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode()),
)
def test_anything_is_read(wire: Api, status: int, headers: dict[str, str], raw: bytes) -> None:
    error = told(wire, status, raw, headers)
    assert error.code
    assert len(error.message) <= MOST_CHARACTERS
    assert error.message == clean(error.message).replace("\n", " ")


@pytest.mark.parametrize("depth", [500, 900, 990, 1_000, 5_000])
def test_nesting_near_the_interpreters_limit_is_survived(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    assert told("openai", 500, b'{"error": {"code": ' + nested + b', "message": ' + nested + b"}}").scope == "attempt"
