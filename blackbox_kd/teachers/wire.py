"""What every wire shares: what a reply and an error are, once the provider's own shapes are read."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from blackbox_kd.records import FinishReason, Json, Message, Usage
from blackbox_kd.teachers.target import Target

Scope = Literal["attempt", "row", "run"]
MOST_TOKENS = 10**8
STATUS_OF: dict[str, int] = {
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
}
SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]+)?")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A 2xx body, read. `text` is valid Unicode without control characters other than newline and tab."""

    text: str
    finish_reason: FinishReason
    served_model: str
    usage: Usage
    reasoning: str | None = None
    response_id: str = ""


class WireError(msgspec.Struct, frozen=True, kw_only=True):
    """A failed attempt, read: `scope` says whether to try again, to give up the row, or to stop the run."""

    scope: Scope
    code: str
    message: str
    fix: str = ""
    retry_after_s: float | None = None
    throttled: bool = False  # the provider asks for fewer calls


class Malformed(ValueError):
    """A 2xx body that holds no reply. It was paid for: its bytes stay in the ledger."""


class Wire(Protocol):
    """One provider's shapes, as pure functions."""

    path: str

    def request(self, messages: tuple[Message, ...], target: Target) -> dict[str, Json]:
        """The request body for the user's messages, with the teacher's system prompt and shots."""

    def parse(self, raw: bytes) -> Reply:
        """Read a 2xx body; raises `Malformed`."""

    def error(self, status: int, headers: Mapping[str, str], raw: bytes) -> WireError:
        """Read a response with any other status."""


def decode(raw: bytes) -> dict[str, Any]:
    """A body as a JSON object; raises `Malformed` for anything else, NaN, deep nesting and endless digits included."""

    def refuse(constant: str) -> None:
        raise Malformed(f"{constant} is no JSON")

    try:
        value = json.loads(raw.decode("utf-8-sig", "replace"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the body is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise Malformed(f"the body is a JSON {type(value).__name__}, not an object")
    return value


def clean(value: object) -> str:
    """Provider text as valid Unicode: lone surrogates become U+FFFD, control characters but newline and tab go."""
    if not isinstance(value, str):
        return ""
    text = value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return CONTROLS.sub("", text)


def table(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def tokens(value: object) -> int | None:
    """A provider's token count; None if it is not a whole number between 0 and 10^8."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else None


def usage(prompt: object, completion: object, text: str) -> Usage:
    """The provider's counts; where they are missing or absurd, an estimate of 4 characters a token, marked as such."""
    given, made = tokens(prompt), tokens(completion)
    if given is None or made is None:
        return Usage(prompt_tokens=given or 0, completion_tokens=made or len(text) // 4 + 1, source="estimated")
    return Usage(prompt_tokens=given, completion_tokens=made)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait; None where it does not say, or says nonsense."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if SECONDS.fullmatch(value) and math.isfinite(float(value)):
            return float(value) / unit
    return None


def disguised(raw: bytes) -> int | None:
    """The HTTP status that a 2xx body stands for where it is an error in disguise, as gateways send; else None.

    It is the error's code, number or text; 502 where that says no status.
    """
    if b'"error"' not in raw:
        return None
    try:
        body = decode(raw)
    except Malformed:
        return None
    if not body.get("error") or body.get("choices") or body.get("content"):
        return None
    code, kind, _ = error_fields(raw)
    if re.fullmatch(r"[45][0-9]{2}", code):
        return int(code)
    return STATUS_OF.get(code) or STATUS_OF.get(kind) or 502


def error_fields(raw: bytes) -> tuple[str, str, str]:
    """(code, type, message) of an error body; a body that is no JSON gives its beginning as message."""
    try:
        body = decode(raw)
    except Malformed:
        return "", "", clean(raw[:200].decode("utf-8", "replace")).strip()
    inner = body.get("error", body)
    if not isinstance(inner, dict):
        return "", "", clean(str(inner))[:500]
    details = inner.get("details")
    code = inner.get("code") or (details.get("error_code") if isinstance(details, dict) else None) or ""
    return clean(str(code)), clean(str(inner.get("type") or "")), clean(str(inner.get("message") or ""))[:500]
