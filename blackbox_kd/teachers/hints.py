"""What response headers tell of waiting and of limits: pure functions of headers and the wall clock.

Header names are lower-case, or found in any case by the mapping itself. A value that is no plain number, duration or
date is as good as absent: headers come from strangers. `now_s` is Unix time; the response's own `Date` wins over it, so
that a clock that is wrong here or there changes no wait.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, NamedTuple

Dimension = Literal["requests", "tokens", "input_tokens", "output_tokens"]

SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,9})?")
MILLISECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
COUNT = re.compile(r"[0-9]{1,12}")
DURATION = re.compile(
    r"(?:([0-9]{1,2})d)?(?:([0-9]{1,3})h)?(?:([0-9]{1,5})m(?!s))?"
    r"(?:([0-9]{1,6}(?:\.[0-9]{1,9})?)s)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)ms)?"
)
UNITS_S = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOST_S = 1_000_000.0  # a longer wait is nonsense
MOST_CHARACTERS = 40  # of a header worth reading


class Window(NamedTuple):
    """One limit as a response's headers give it."""

    dimension: Dimension
    limit: float | None  # calls or tokens a full window allows; None where it is not said
    remaining: float  # of them, now
    reset_s: float | None  # seconds until the window is full again; None where it is not said


class Names(NamedTuple):
    """The headers of one limit."""

    dimension: Dimension
    limit: str
    remaining: str
    reset: str


def openai_names(dimension: Dimension, suffix: str) -> Names:
    """As OpenAI and its likes call them."""
    return Names(dimension, *(f"x-ratelimit-{part}-{suffix}" for part in ("limit", "remaining", "reset")))


def anthropic_names(dimension: Dimension, infix: str) -> Names:
    """As Anthropic calls them."""
    return Names(dimension, *(f"anthropic-ratelimit-{infix}-{part}" for part in ("limit", "remaining", "reset")))


LIMITS: tuple[Names, ...] = (
    openai_names("requests", "requests"),
    openai_names("tokens", "tokens"),
    openai_names("tokens", "project-tokens"),
    anthropic_names("requests", "requests"),
    anthropic_names("tokens", "tokens"),
    anthropic_names("input_tokens", "input-tokens"),
    anthropic_names("output_tokens", "output-tokens"),
)


def wait_hint_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds that the server wants to be left alone: what it asks for, else until its used-up limits are full again.

    A limit counts as used up where nothing remains of it, or where it does not say what remains.
    """
    asked = retry_after_s(headers, now_s)
    if asked is not None:
        return asked
    waits = [
        wait_s
        for names in LIMITS
        if names.reset in headers
        and not count(headers.get(names.remaining, ""))
        and (wait_s := reset_s(headers[names.reset], headers, now_s)) is not None
    ]
    return max(waits, default=None)


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds that `retry-after-ms` or `retry-after` (a number, or an HTTP-date) asks for; None where neither does."""
    value = headers.get("retry-after-ms", "")
    if len(value) <= MOST_CHARACTERS and MILLISECONDS.fullmatch(value := value.strip()):
        return float(value) / 1000
    value = headers.get("retry-after", "")
    if len(value) > MOST_CHARACTERS:
        return None
    if SECONDS.fullmatch(value := value.strip()):
        return float(value)
    until = http_date_s(value)
    return None if until is None else sane_s(until - sent_s(headers, now_s))


def windows(headers: Mapping[str, str], now_s: float) -> tuple[Window, ...]:
    """Every limit whose `remaining` the headers tell, one a dimension: of two the one of which less remains."""
    found: dict[Dimension, Window] = {}
    for names in LIMITS:
        if names.remaining in headers:
            one = window(names, headers, now_s)
            if one and (one.dimension not in found or one.remaining < found[one.dimension].remaining):
                found[one.dimension] = one
    return tuple(found.values())


def window(names: Names, headers: Mapping[str, str], now_s: float) -> Window | None:
    """One limit; None where `remaining` is no count, or the limit is 0, as servers without limits say."""
    remaining, limit = count(headers[names.remaining]), count(headers.get(names.limit, ""))
    if remaining is None or limit == 0:
        return None
    return Window(names.dimension, limit, remaining, reset_s(headers.get(names.reset, ""), headers, now_s))


def reset_s(value: str, headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds until a limit is full again, from a duration, plain seconds, or a point in time (RFC 3339)."""
    if len(value) > MOST_CHARACTERS:
        return None
    value = value.strip()
    if "T" not in value:
        return float(value) if SECONDS.fullmatch(value) else duration_s(value)
    at_s = rfc3339_s(value)
    return None if at_s is None else sane_s(at_s - sent_s(headers, now_s))


def duration_s(value: str) -> float | None:
    """`1m30s`, `6m0s`, `500ms`, `2h`: seconds; None for anything else."""
    found = DURATION.fullmatch(value) if value else None
    if found is None:
        return None
    return sane_s(sum(float(part) * unit for part, unit in zip(found.groups(), UNITS_S, strict=True) if part))


def count(value: str) -> float | None:
    """A whole number of calls or tokens; None for anything else."""
    return float(value) if len(value) <= MOST_CHARACTERS and COUNT.fullmatch(value) else None


def sent_s(headers: Mapping[str, str], now_s: float) -> float:
    """When the server sent the response, in its own Unix time; our clock where it does not say."""
    value = headers.get("date", "")
    sent = http_date_s(value) if len(value) <= MOST_CHARACTERS else None
    return now_s if sent is None else sent


@lru_cache(maxsize=64)  # all responses of a second carry the same
def http_date_s(value: str) -> float | None:
    """An HTTP-date (RFC 9110, the fixed form) as Unix time in seconds; None for anything else."""
    found = HTTP_DATE.fullmatch(value)
    if found is None or found[2] not in MONTHS:
        return None
    day, year, hour, minute, second = (int(found[n]) for n in (1, 3, 4, 5, 6))
    try:
        return datetime(year, MONTHS.index(found[2]) + 1, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def rfc3339_s(value: str) -> float | None:
    """An RFC 3339 time with its zone as Unix time in seconds; None for anything else."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if at.tzinfo is None else at.timestamp()


def sane_s(wait_s: float) -> float | None:
    """A wait that is over is none, one of a million seconds is nonsense."""
    return max(0.0, wait_s) if wait_s < MOST_S else None
