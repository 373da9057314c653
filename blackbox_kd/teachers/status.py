"""What a provider's refusal means: HTTP status, headers and body, read into one `WireError`.

The policy is in the tables of `verdicts`. Nothing here raises, whatever a stranger sends.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from blackbox_kd.teachers.hints import duration_s, retry_after_s, wait_hint_s
from blackbox_kd.teachers.target import Api
from blackbox_kd.teachers.verdicts import DAILY, Told, Verdict, judged
from blackbox_kd.teachers.wire import Malformed, WireError, clean, decode

MOST_CHARACTERS = 500  # of a message that are kept
DAILY_S = 901.0  # the least wait for a limit a day: more than a run waits for
DAY_S = 86_400.0
STATUS_OF: dict[str, int] = {
    **dict.fromkeys(("invalid_request_error", "invalid_prompt", "context_length_exceeded", "content_filter"), 400),
    **dict.fromkeys(("content_policy_violation", "unsupported_parameter", "unsupported_value"), 400),
    **dict.fromkeys(("authentication_error", "invalid_api_key"), 401),
    **dict.fromkeys(("billing_error", "insufficient_credits", "insufficient_balance"), 402),
    "permission_error": 403,
    **dict.fromkeys(("not_found_error", "model_not_found"), 404),
    "conflict_error": 409,
    "request_too_large": 413,
    **dict.fromkeys(("rate_limit_error", "rate_limit_exceeded", "slow_down", "insufficient_quota"), 429),
    "enforced_spend_limit_reached": 429,
    **dict.fromkeys(("bio_policy", "misalignment_policy_violation", "data_residency_mismatch"), 400),
    **dict.fromkeys(("api_error", "server_error"), 500),
    "timeout_error": 504,
    "overloaded_error": 529,
}
DISGUISE = re.compile(rb'"error"\s*+(?:[,}]|:\s*+(?!null\b))')
HTTP_ERROR = re.compile(r"[45][0-9]{2}")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")


def meaning(wire: Api, status: int, headers: Mapping[str, str], raw: bytes, now_s: float) -> WireError:
    """Read a response that is no success; never raises. `now_s` (Unix time) matters only where no `Date` came.

    `headers` has lower-case names, or takes them in any case.
    """
    told = error_told(raw)
    name = next((one for one in (told.code, told.kind) if NAME.fullmatch(one) and one != "error"), f"http_{status}")
    message = " ".join((told.message or excerpt(raw)).split())
    if 300 <= status < 400:
        name, message = "redirect", f"to {origin(headers.get('location', ''))}"
    verdict = judged(wire, status, told)
    return WireError(
        scope=verdict.scope,
        code=name,
        message=f"{status} {message}".strip()[:MOST_CHARACTERS],
        fix=verdict.fix,
        retry_after_s=waiting_s(verdict, status, headers, message, now_s),
        throttled=verdict.throttled,
        overloaded=verdict.overloaded,
        final=verdict.scope == "attempt" and headers.get("x-should-retry", "").strip().lower() == "false",
    )


def waiting_s(verdict: Verdict, status: int, headers: Mapping[str, str], message: str, now_s: float) -> float | None:
    """Seconds to wait before another attempt: for a limit a day until it is over, at most to midnight UTC."""
    if verdict.scope != "attempt":
        return None
    hint = wait_hint_s(headers, now_s) if status == 429 else retry_after_s(headers, now_s)
    if verdict is not DAILY:
        return hint
    found = re.search(r"try again in ([0-9hms.]{1,20})", message)
    told = max(hint or 0.0, (duration_s(found[1].rstrip(".")) if found else None) or 0.0)
    return told if told > DAILY_S else max(DAILY_S, DAY_S - now_s % DAY_S)


def origin(location: str) -> str:
    """Scheme, host and port of an address: its path and query may hold secrets, its user part too."""
    try:
        parts = urlsplit(clean(location[:2000]))
        where = f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{where}" if parts.scheme and parts.hostname else "another path of the same server"


def disguised(raw: bytes) -> int | None:
    """The HTTP status that a 2xx body stands for where it is an error in disguise, as gateways send; else None.

    It is the error's code, number or text; 502 where that says no status. An error event of a stream reads alike.
    """
    if not DISGUISE.search(raw):
        return None
    try:
        body = decode(raw)
    except Malformed:
        return None
    if not body.get("error") and body.get("type") != "error":
        return None
    if any(body.get(name) for name in ("choices", "content")) or (
        body.get("output") and body.get("status") != "failed"
    ):
        return None
    code, kind, _ = error_fields(raw)
    if HTTP_ERROR.fullmatch(code):
        return int(code)
    return STATUS_OF.get(code) or STATUS_OF.get(kind) or 502


def error_fields(raw: bytes) -> tuple[str, str, str]:
    """(code, type, message) of an error body; a body that is no JSON gives its beginning as message."""
    return error_told(raw)[:3]


def error_told(raw: bytes) -> Told:
    """Read an error body, in any of the shapes that providers and gateways send."""
    try:
        value: Any = decode(raw if not raw.startswith(b"[") else raw.strip()[1:-1])  # Gemini: a list of one
    except Malformed:
        return Told("", "", excerpt(raw), "")
    inner = value.get("error") or value
    if not isinstance(inner, dict):
        return Told("", "", word(inner), "")
    details = inner.get("details")
    given = inner.get("code") or (details.get("error_code") if isinstance(details, dict) else None)
    return Told(word(given), word(inner.get("type")), word(inner.get("message")), word(inner.get("param")))


def word(value: object) -> str:
    """A text or number as clean text of at most 500 characters; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**9 else ""
    return clean(value[:MOST_CHARACTERS]) if isinstance(value, str) else ""


def excerpt(raw: bytes) -> str:
    """The beginning of a body that cannot be read."""
    return clean(raw[:200].decode("utf-8", "replace")).strip()
