"""What every wire shares: what a reply and an error are, once the provider's own shapes are read."""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import FinishReason, Json, Message, Usage
from blackbox_kd.teachers.target import Target

Scope = Literal["attempt", "row", "run"]
MOST_TOKENS = 10**8
CACHEABLE_CHARS = 3_000  # providers cache prompts of 1,024 tokens and more
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
# fields that change no answer: no part of a request's identity
CACHING = ("cache_control", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention")
UNDECIDING = frozenset((*LIMITS, *CACHING, "stream", "stream_options", "store"))
CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\n\t")
MORE_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]")  # U+0080 to U+009F in UTF-8


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A 2xx body, read. `text` is valid Unicode without control characters other than newline and tab."""

    text: str
    finish_reason: FinishReason
    served_model: str
    usage: Usage
    reasoning: str | None = None
    response_id: str = ""
    category: str = ""  # why a provider refused, where it says so


class WireError(msgspec.Struct, frozen=True, kw_only=True):
    """A failed attempt, read: `scope` says whether to try again, to give up the row, or to stop the run."""

    scope: Scope
    code: str
    message: str
    fix: str = ""
    retry_after_s: float | None = None
    throttled: bool = False  # the provider asks for fewer calls
    overloaded: bool = False  # back off longer than for other failures
    final: bool = False  # the server says that asking again in this run is no use


class Malformed(ValueError):
    """A 2xx body that holds no reply. It was paid for: its bytes stay in the ledger."""


class Incomplete(Malformed):
    """A streamed body that ended before the answer did."""


class Wire(Protocol):
    """One provider's shapes, as pure functions."""

    path: str

    def request(self, messages: tuple[Message, ...], target: Target) -> dict[str, Json]:
        """The fields that decide on the answer: the user's messages, the teacher's system prompt, shots, sampling."""

    def sent(self, body: dict[str, Json], target: Target, stream: bool) -> dict[str, Json]:
        """The body as it is sent: with the token limit, and what changes no answer: streaming, caching, storing."""

    def parse(self, raw: bytes) -> Reply:
        """Read a 2xx body, a JSON object or the events of a stream; raises `Malformed` or `Incomplete`."""

    def error(self, status: int, headers: Mapping[str, str], raw: bytes, now_s: float = 0.0) -> WireError:
        """Read a response with any other status; `now_s` is Unix time."""


def decode(raw: bytes) -> dict[str, Any]:
    """A body as a JSON object; raises `Malformed` for anything else, NaN, deep nesting and endless digits included."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        value = leniently(raw)
    if not isinstance(value, dict):
        raise Malformed(f"the body is a JSON {type(value).__name__}, not an object")
    return value


def leniently(raw: bytes) -> Any:
    """Decode JSON with a byte order mark, broken UTF-8 or lone surrogates; raises `Malformed`."""

    def refuse(constant: str) -> None:
        raise Malformed(f"{constant} is no JSON")

    try:
        return json.loads(raw.decode("utf-8-sig", "replace"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the body is no JSON: {error}") from None


def clean(value: object) -> str:
    """Provider text as valid Unicode: lone surrogates become U+FFFD, control characters but newline and tab go."""
    if not isinstance(value, str):
        return ""
    if value.isprintable():  # so neither a control character nor a surrogate
        return value
    try:
        raw = value.encode()
    except UnicodeEncodeError:
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        raw = value.encode()
    kept = raw.translate(None, CONTROLS)
    if b"\xc2" in kept:
        kept = MORE_CONTROLS.sub(b"", kept)
    return value if len(kept) == len(raw) else kept.decode()


def table(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def tables(value: object) -> list[dict[str, Any]]:
    """The objects of a list; none if the value is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def texts(parts: list[dict[str, Any]], name: str = "text") -> str:
    """The texts that the objects of a list have under one name, joined."""
    return "".join(clean(one.get(name)) for one in parts)


def tokens(value: object) -> int | None:
    """A provider's token count; None if it is not a whole number between 0 and 10^8."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else None


def usage(
    prompt: object, completion: object, text: str, cached: object = 0, written: object = 0, reasoning: object = 0
) -> Usage:
    """The provider's counts; where they are missing or absurd, an estimate of 4 characters a token, marked as such.

    Cached, cache-written and reasoning tokens are parts of the others; a part that exceeds its whole counts as 0.
    """
    given, made = tokens(prompt), tokens(completion)
    if given is None or made is None:
        return Usage(prompt_tokens=given or 0, completion_tokens=made or len(text) // 4 + 1, source="estimated")
    read, write, thought = tokens(cached) or 0, tokens(written) or 0, tokens(reasoning) or 0
    if read + write > given:
        read = write = 0
    return Usage(
        prompt_tokens=given,
        completion_tokens=made,
        cached_tokens=read,
        cache_write_tokens=write,
        reasoning_tokens=thought if thought <= made else 0,
    )


def turns(messages: tuple[Message, ...], target: Target) -> list[Json]:
    """The teacher's shots and the user's turns, in the shape that all wires share."""
    said = (*target.shots, *(one for one in messages if one.role != "system"))
    return [{"role": one.role, "content": one.content} for one in said]


def deciding(target: Target) -> dict[str, Json]:
    """The extra fields that may change an answer."""
    return {name: value for name, value in target.extra.items() if name not in UNDECIDING}


def finished(body: dict[str, Json], target: Target, limit: str, ours: dict[str, Json]) -> dict[str, Json]:
    """The body with the token limit as field `limit` and with `ours`; the user's own extra fields win over both."""
    own = {name: value for name, value in target.extra.items() if name in UNDECIDING and name != "stream"}
    if "stream" not in ours:
        own.pop("stream_options", None)
    if not any(name in own for name in LIMITS):
        body = {**body, limit: target.sampling.max_tokens}
    return {**body, **ours, **own}


def cacheable(target: Target) -> bool:
    """Whether system prompt and shots are long enough for a provider's prompt cache, and it may be used."""
    length = len(target.system) + sum(len(one.content) for one in target.shots)
    return target.prompt_cache and length >= CACHEABLE_CHARS


def cache_key(target: Target) -> dict[str, Json]:
    """OpenAI's field that brings requests with the same beginning to the same machine; only its own API knows it."""
    if not (target.official and cacheable(target)):
        return {}
    return {"prompt_cache_key": text_digest(target.model, target.system, *(one.content for one in target.shots))}
