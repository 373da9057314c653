import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.teachers.hints import (
    LIMITS,
    MOST_S,
    Window,
    duration_s,
    http_date_s,
    retry_after_s,
    wait_hint_s,
    windows,
)

NOW_S = 1_795_505_596.0  # Tue, 24 Nov 2026 07:33:16 GMT
DATE = "Tue, 24 Nov 2026 07:33:16 GMT"
SLOW = "Tue, 24 Nov 2026 06:33:16 GMT"  # a server an hour behind
HEADERS = ["retry-after", "retry-after-ms", "date", *(name for names in LIMITS for name in names[1:])]
TIMES = ["2026-11-24T07:34:16Z", "2026-11-24T07:34:16", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "T"]
DATES = [DATE, "Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 0000 00:00:00 GMT"]
VALUES = st.text(max_size=45) | st.sampled_from(["0", "-1", "12ms", "6m0s", "nan", "1e9", *TIMES, *DATES])
HOSTILE = ["nan", "inf", "-inf", "-5", "1e9", "1_000", "১২", "", " ", "1234567890", "0x10", "1.", ".5", "soon", "1 2"]
HOSTILE_DATES = ["Tue, 31 Feb 2026 07:33:16 GMT", "Tue, 24 Foo 2026 07:33:16 GMT", "Tuesday, 24-Nov-26 07:33:16 GMT"]


@pytest.mark.parametrize(
    "hostile",
    [*HOSTILE, *HOSTILE_DATES, *DATES[1:], "9" * 10_000_000, "1" + " " * 100],
    ids=lambda value: str(value)[:12],
)
@pytest.mark.parametrize("name", ["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens"])
def test_row_18_a_hostile_wait_is_ignored(name: str, hostile: str) -> None:
    assert wait_hint_s({name: hostile}, NOW_S) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "21600"}, 21_600.0),
        ({"retry-after-ms": "250.5", "retry-after": "7"}, 0.2505),
        ({"retry-after-ms": "3600000"}, 3_600.0),
        ({"retry-after-ms": "nan", "retry-after": "7"}, 7.0),
        ({"retry-after": "7", "x-ratelimit-reset-tokens": "90s", "x-ratelimit-remaining-tokens": "0"}, 7.0),
        ({}, None),
    ],
)
def test_row_17_what_the_server_asks_for_goes_first(headers: dict[str, str], expected: float | None) -> None:
    assert wait_hint_s(headers, NOW_S) == expected


@pytest.mark.parametrize("now_s", [NOW_S - 3600, NOW_S, NOW_S + 3600])
def test_row_16_a_date_counts_from_the_servers_own_clock(now_s: float) -> None:
    assert retry_after_s({"retry-after": "Tue, 24 Nov 2026 06:34:16 GMT", "date": SLOW}, now_s) == 60.0


def test_a_date_without_the_servers_clock_counts_from_ours() -> None:
    assert retry_after_s({"retry-after": "Tue, 24 Nov 2026 07:33:46 GMT"}, NOW_S) == 30.0


def test_a_date_in_the_past_is_no_wait() -> None:
    assert retry_after_s({"retry-after": SLOW, "date": DATE}, NOW_S) == 0.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-ratelimit-reset-requests": "1m30s"}, 90.0),
        ({"x-ratelimit-reset-requests": "12ms", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-tokens": "5"}, None),
        ({"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-tokens": "0"}, 360.0),
        (
            {
                "x-ratelimit-reset-tokens": "6m0s",
                "x-ratelimit-remaining-tokens": "5",
                "x-ratelimit-reset-requests": "2s",
                "x-ratelimit-remaining-requests": "0",
            },
            2.0,
        ),
        ({"x-ratelimit-reset-tokens": "-1", "x-ratelimit-remaining-tokens": "-1"}, None),
        ({"x-ratelimit-reset-tokens": "0", "x-ratelimit-remaining-tokens": "-1"}, 0.0),
        ({"x-ratelimit-remaining-tokens": "0"}, None),
        ({"anthropic-ratelimit-input-tokens-reset": "2026-11-24T07:34:16Z", "date": DATE}, 60.0),
        ({"anthropic-ratelimit-input-tokens-reset": "2026-11-24T08:34:16+01:00", "date": DATE}, 60.0),
        ({"anthropic-ratelimit-input-tokens-reset": "2026-11-24T06:34:16Z", "date": SLOW}, 60.0),
        ({"anthropic-ratelimit-output-tokens-reset": "2026-11-24T07:33:26Z"}, 10.0),
        ({"anthropic-ratelimit-tokens-reset": "2026-11-24T06:00:00Z"}, 0.0),
        ({"anthropic-ratelimit-tokens-reset": "2036-11-24T06:00:00Z"}, None),
        ({"anthropic-ratelimit-tokens-reset": "2026-11-24T07:34:16"}, None),
    ],
)
def test_else_the_largest_reset_of_what_is_used_up(headers: dict[str, str], expected: float | None) -> None:
    assert wait_hint_s(headers, NOW_S) == expected


@given(st.dictionaries(st.sampled_from(HEADERS), VALUES))
def test_any_headers_give_none_or_a_sane_wait(headers: dict[str, str]) -> None:
    wait_s = wait_hint_s(headers, NOW_S)
    assert wait_s is None or 0 <= wait_s < MOST_S


@given(st.dictionaries(st.sampled_from(HEADERS), VALUES))
def test_any_headers_give_sane_windows(headers: dict[str, str]) -> None:
    found = windows(headers, NOW_S)
    assert len({one.dimension for one in found}) == len(found)
    assert all(0 <= one.remaining < 1e12 and (one.limit is None or one.limit > 0) for one in found)
    assert all(one.reset_s is None or 0 <= one.reset_s < MOST_S for one in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1m30s", 90.0),
        ("500ms", 0.5),
        ("6m0s", 360.0),
        ("12ms", 0.012),
        ("2m59.56s", 179.56),
        ("1h2m3s", 3723.0),
        ("1d", 86_400.0),
        ("1s500ms", 1.5),
        ("5m", 300.0),
        ("", None),
        ("s", None),
        ("1s1m", None),
        ("1.5m", None),
        ("-1s", None),
        ("1 s", None),
        ("99d999h", None),
    ],
)
def test_a_duration(text: str, expected: float | None) -> None:
    assert duration_s(text) == pytest.approx(expected)


@given(st.integers(0, 86_400_000))
def test_a_duration_written_as_the_provider_does_is_read_back(milliseconds: int) -> None:
    minutes, rest = divmod(milliseconds, 60_000)
    assert duration_s(f"{minutes}m{rest // 1000}s{rest % 1000}ms") == pytest.approx(milliseconds / 1000)


def test_an_http_date() -> None:
    assert http_date_s(DATE) == NOW_S


def test_openais_limits() -> None:
    headers = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
        "x-ratelimit-limit-tokens": "30000",
        "x-ratelimit-remaining-tokens": "29000",
        "x-ratelimit-reset-tokens": "6m0s",
    }
    expected = (Window("requests", 500.0, 499.0, 0.12), Window("tokens", 30_000.0, 29_000.0, 360.0))
    assert windows(headers, NOW_S) == expected


@pytest.mark.parametrize(("project", "kept"), [("10", 10.0), ("90", 50.0), ("nan", 50.0)])
def test_of_a_projects_and_an_organizations_tokens_the_fewer_count(project: str, kept: float) -> None:
    headers = {"x-ratelimit-remaining-tokens": "50", "x-ratelimit-remaining-project-tokens": project}
    assert windows(headers, NOW_S) == (Window("tokens", None, kept, None),)


def test_anthropics_limits_are_not_swapped() -> None:
    headers = {"date": DATE}
    for number, name in enumerate(("requests", "tokens", "input-tokens", "output-tokens"), start=1):
        headers[f"anthropic-ratelimit-{name}-limit"] = f"{number}000"
        headers[f"anthropic-ratelimit-{name}-remaining"] = f"{number}00"
        headers[f"anthropic-ratelimit-{name}-reset"] = f"2026-11-24T07:3{3 + number}:16Z"
    assert windows(headers, 0.0) == (
        Window("requests", 1_000.0, 100.0, 60.0),
        Window("tokens", 2_000.0, 200.0, 120.0),
        Window("input_tokens", 3_000.0, 300.0, 180.0),
        Window("output_tokens", 4_000.0, 400.0, 240.0),
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-limit-tokens": "5", "x-ratelimit-reset-tokens": "1s"},
        {"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-limit-tokens": "-1"},
        {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-limit-tokens": "0"},
        {"x-ratelimit-remaining-tokens": "9" * 10_000_000},
    ],
    ids=["none", "no remaining", "minus one", "no limit", "huge"],
)
def test_headers_that_say_nothing_of_what_remains_are_no_window(headers: dict[str, str]) -> None:
    assert windows(headers, NOW_S) == ()
