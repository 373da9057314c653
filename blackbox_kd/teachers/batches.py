"""OpenAI's Batch API and Anthropic's Message Batches as pure functions: request lines, states, result lines.

A row's `custom_id` has 64 characters, which both APIs allow: 16 hexadecimal digits of the batch's fingerprint, `_`, and
the first 47 of the request's key. So every result line says whose batch it is of. Results are matched by it alone.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from blackbox_kd.records import Json
from blackbox_kd.teachers.status import STATUS_OF, error_fields
from blackbox_kd.teachers.target import Api
from blackbox_kd.teachers.wire import clean, table, tokens

PREFIX = 16
KEY = 47
MARK = "bbkd"  # the metadata field that holds the fingerprint at OpenAI
TOO_MANY_TOKENS = "token_limit_exceeded"  # OpenAI's limit on enqueued tokens; told only after a batch was created
CAP = 12  # the longest pause between two polls is so many times the first
GROWTH = 1.3
EXPIRED = ("batch_expired", "batch_cancelled", "expired", "canceled")  # rows that were never worked on, nor billed
SAFE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,256}")
NAMED = re.compile(rb'"custom_id"\s*:\s*"([a-f0-9]{16}_[a-f0-9]{47})"')
LONE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
SEPARATORS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085"))


class Most(NamedTuple):
    """What one batch may hold."""

    rows: int
    size: int  # bytes of the request file


MOST: dict[Api, Most] = {  # 5 % below the documented sizes, 200 MB and 256 MB
    "openai": Most(50_000, 190_000_000),
    "responses": Most(50_000, 190_000_000),
    "anthropic": Most(100_000, 243_000_000),
}


class Invalid(NamedTuple):
    """Why a batch failed its validation; `line` of the request file, from 1, where one is told."""

    line: int | None
    code: str
    message: str


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """A batch as its provider tells of it."""

    id: str
    state: Literal["running", "ended", "failed"]
    said: str  # the provider's own word for it
    created_s: float  # Unix time; 0 where it is not told
    total: int | None
    done: int
    fingerprint: str = ""  # where the provider keeps it
    results: tuple[str, ...] = ()  # ids of the result files, or the address of the results
    gone: bool = False  # it ended, and its results are kept no longer
    lines: int | None = None  # result lines to expect
    errors: tuple[Invalid, ...] = ()


class Result(NamedTuple):
    """One result line: `status` is the HTTP status of the request alone, None for a row that was never worked on."""

    custom_id: str
    status: int | None
    code: str
    raw: bytes


def fingerprint(rows: Iterable[tuple[str, int]], again: int = 0) -> str:
    """The name of a batch: a hash of its (key, max_tokens), in any order, and of how many had the same rows before."""
    lines = sorted(f"{key} {max_tokens}" for key, max_tokens in rows)
    return hashlib.sha256("\n".join([*lines, str(again)]).encode()).hexdigest()


def custom_id(name: str, key: str) -> str:
    """What the row is called in the batch of that fingerprint."""
    return f"{name[:PREFIX]}_{key[:KEY]}"


def entry(wire: Api, path: str, name: str, body: bytes) -> bytes:
    """A row of the request file; no character in it but the line's end is taken for one, whoever splits it."""
    for raw, escaped in SEPARATORS:
        body = body.replace(raw, escaped)
    if wire == "anthropic":
        return b'{"custom_id":"%s","params":%s}' % (name.encode(), body)
    url = f"/v1{path}".encode()
    return b'{"custom_id":"%s","method":"POST","url":"%s","body":%s}' % (name.encode(), url, body)


def read_batch(wire: Api, body: Mapping[str, Any]) -> Remote:
    """Read a batch object of either provider. A status that is not known counts as running."""
    return _anthropic_batch(body) if wire == "anthropic" else _openai_batch(body)


def _openai_batch(body: Mapping[str, Any]) -> Remote:
    said, counts = clean(body.get("status")), table(body.get("request_counts"))
    total, completed, failed = (tokens(counts.get(name)) for name in ("total", "completed", "failed"))
    files = tuple(file for name in ("output_file_id", "error_file_id") if (file := clean(body.get(name))))
    ended = said in ("completed", "expired", "cancelled")
    data = table(body.get("errors")).get("data")
    known = None not in (completed, failed) and said == "completed"
    return Remote(
        id=clean(body.get("id")),
        state="ended" if ended else "failed" if said == "failed" else "running",
        said=said,
        created_s=float(tokens_like(body.get("created_at"))),
        total=total or None,
        done=(completed or 0) + (failed or 0),
        fingerprint=clean(table(body.get("metadata")).get(MARK)),
        results=files,
        lines=(completed or 0) + (failed or 0) if known else None,
        errors=tuple(map(_invalid, data)) if isinstance(data, list) else (),
    )


def _invalid(value: object) -> Invalid:
    error = table(value)
    return Invalid(tokens(error.get("line")), clean(error.get("code")), clean(error.get("message"))[:500])


def _anthropic_batch(body: Mapping[str, Any]) -> Remote:
    said, counts = clean(body.get("processing_status")), table(body.get("request_counts"))
    numbers = {name: tokens(value) or 0 for name, value in counts.items()}
    total, url = sum(numbers.values()), clean(body.get("results_url"))
    ended = said == "ended"
    return Remote(
        id=clean(body.get("id")),
        state="ended" if ended else "running",
        said=said,
        created_s=_rfc3339(body.get("created_at")),
        total=total or None,
        done=total - numbers.get("processing", 0),
        results=(url,) if url else (),
        gone=ended and not url,
        lines=total if ended else None,
    )


def tokens_like(value: object) -> int:
    """A Unix time in seconds; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**11 else 0


def _rfc3339(value: object) -> float:
    try:
        when = datetime.fromisoformat(clean(value))
    except ValueError:
        return 0.0
    return when.timestamp() if when.tzinfo else 0.0


class _Answer(msgspec.Struct):
    status_code: int
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Unanswered(msgspec.Struct):
    code: str | None = None
    message: str | None = None


class _Line(msgspec.Struct):
    custom_id: str
    response: _Answer | None = None
    error: _Unanswered | None = None


class _Outcome(msgspec.Struct):
    type: str
    message: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"null")


class _AnthropicLine(msgspec.Struct):
    custom_id: str
    result: _Outcome


OPENAI_LINE = msgspec.json.Decoder(_Line)
ANTHROPIC_LINE = msgspec.json.Decoder(_AnthropicLine)


def read_result(wire: Api, line: bytes, whole: bool = True) -> Result | None:
    """Read a result line; None where it cannot be read. `raw` is the body as the wire would have sent it, byte by byte.

    Lone surrogates, which JSON allows and our decoder does not, become U+FFFD. A `whole` line that is no JSON at all is
    its row's reply as it stands: it was paid for.
    """
    for text in (line, LONE.sub(rb"\\ufffd", line)):
        try:
            if wire == "anthropic":
                return _anthropic_result(ANTHROPIC_LINE.decode(text))
            return _openai_result(OPENAI_LINE.decode(text))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
    found = NAMED.search(line) if whole else None
    return Result(found[1].decode(), 200, "", line) if found else None


def _openai_result(line: _Line) -> Result:
    if line.response is not None:
        return Result(line.custom_id, line.response.status_code, "", bytes(line.response.body))
    code, message = (line.error.code or "", line.error.message or "") if line.error else ("", "")
    if code in EXPIRED:
        return Result(line.custom_id, None, "batch_expired", b"")
    error: dict[str, Json] = {"error": {"code": code or "server_error", "message": message}}
    return Result(line.custom_id, STATUS_OF.get(code, 500), code, msgspec.json.encode(error))


def _anthropic_result(line: _AnthropicLine) -> Result:
    result = line.result
    if result.type == "succeeded":
        return Result(line.custom_id, 200, "", bytes(result.message))
    if result.type in EXPIRED:
        return Result(line.custom_id, None, "batch_expired" if result.type == "expired" else "batch_canceled", b"")
    raw = bytes(result.error)
    kind = error_fields(raw)[1]
    return Result(line.custom_id, STATUS_OF.get(kind, 500), kind, raw)


def pause_s(first_s: float, polls: int) -> float:
    """Seconds until the next poll, after so many: growing, at most `CAP` times the first."""
    return first_s * min(CAP, GROWTH ** min(polls, 50))


def oddities(counts: Counter[str]) -> str:
    """What was wrong with the lines of a batch's results, for people; empty where nothing was."""
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()) if count)


def waiting(batches: int, done: int, total: int, oldest_s: float) -> str:
    """A few words on the batches that are not done."""
    age = f"{oldest_s / 3600:.1f} h" if oldest_s >= 7200 else f"{oldest_s / 60:.0f} min"
    many = "batch" if batches == 1 else "batches"
    return f"waiting for {batches} {many}, {done:,} of {total:,} done, oldest {age}"
