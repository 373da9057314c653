"""Both wires seen from the server: what is asked, and how replies, errors and headers look. Pure.

OpenAI's Chat Completions (`POST /v1/chat/completions`) and Anthropic's Messages (`POST /v1/messages`).
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from blackbox_kd.records import Json

CHARS_A_TOKEN = 4
TOKENS_PER_MINUTE = 2_000_000  # what the headers claim
Object = dict[str, Json]


class Fault(NamedTuple):
    """An answer that is no reply: HTTP status, message, and after how long to ask again."""

    status: int
    message: str
    retry_after_s: float | None = None


class Asked(NamedTuple):
    """A request as the oracle needs it; `digest` is the sha256 of its sorted body, `prompt` the last user turn."""

    digest: str
    model: str
    prompt: str
    prompt_tokens: int
    max_tokens: int | None


class Billed(NamedTuple):
    """A reply as it is sent."""

    id: str
    model: str
    text: str
    finish: str  # stop, length or refusal
    prompt_tokens: int
    completion_tokens: int


class _Part(msgspec.Struct):
    type: str
    text: str = ""


_Content = str | list[_Part] | None


class _Turn(msgspec.Struct):
    role: str
    content: _Content = None


class _Body(msgspec.Struct):
    model: str
    messages: list[_Turn]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    system: _Content = None
    n: int | None = None
    stream: bool | None = None


def tokens(text: str) -> int:
    """An estimate of a text's tokens: four characters each, and one more."""
    return len(text) // CHARS_A_TOKEN + 1


def _text(content: _Content) -> str:
    if isinstance(content, list):
        return "".join(part.text for part in content if part.type == "text")
    return content or ""


def read(body: bytes, needs_max_tokens: bool = False) -> Asked | Fault:
    """Read a request of either wire; a fault of status 400 where it is none, or asks for what is not simulated."""
    try:
        asked = msgspec.json.decode(body, type=_Body)
        canonical = msgspec.json.encode(msgspec.json.decode(body), order="sorted")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Fault(400, f"We could not parse the JSON body of your request: {error}")
    users = [turn for turn in asked.messages if turn.role == "user"]
    if not users:
        return Fault(400, "messages: at least one user message is required")
    if needs_max_tokens and asked.max_tokens is None:
        return Fault(400, "max_tokens: Field required")
    if asked.stream or asked.n not in (None, 1):
        return Fault(400, "stream and n are not simulated: send one request for each completion")
    texts = [_text(turn.content) for turn in asked.messages] + ([_text(asked.system)] if asked.system else [])
    return Asked(
        digest=hashlib.sha256(canonical).hexdigest(),
        model=asked.model,
        prompt=_text(users[-1].content),
        prompt_tokens=sum(tokens(text) for text in texts),
        max_tokens=asked.max_completion_tokens or asked.max_tokens,
    )


def _openai_reply(reply: Billed) -> Object:
    refused = reply.finish == "refusal"
    message: Object = {
        "role": "assistant",
        "content": None if refused else reply.text,
        "refusal": reply.text if refused else None,
    }
    return {
        "id": reply.id,
        "object": "chat.completion",
        "created": 0,
        "model": reply.model,
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop" if refused else reply.finish}
        ],
        "usage": {
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
            "total_tokens": reply.prompt_tokens + reply.completion_tokens,
        },
    }


def _anthropic_reply(reply: Billed) -> Object:
    refused = reply.finish == "refusal"
    details: Object = {"type": "refusal", "category": "frontier_llm", "explanation": reply.text}
    return {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [] if refused else [{"type": "text", "text": reply.text}],
        "stop_reason": {"stop": "end_turn", "length": "max_tokens"}.get(reply.finish, reply.finish),
        "stop_sequence": None,
        "stop_details": details if refused else None,
        "usage": {
            "input_tokens": reply.prompt_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": reply.completion_tokens,
        },
    }


OPENAI_ERRORS: dict[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
}
ANTHROPIC_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
}


def _openai_error(fault: Fault, request_id: str) -> Object:
    kind, code = OPENAI_ERRORS[fault.status]
    return {"error": {"message": fault.message, "type": kind, "param": None, "code": code}}


def _anthropic_error(fault: Fault, request_id: str) -> Object:
    error: Object = {"type": ANTHROPIC_ERRORS[fault.status], "message": fault.message}
    return {"type": "error", "error": error, "request_id": request_id}


def _openai_headers(limit: int, remaining: int) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(limit),
        "x-ratelimit-remaining-requests": str(remaining),
        "x-ratelimit-reset-requests": f"{math.ceil(60_000 * (limit - remaining) / limit)}ms",
        "x-ratelimit-limit-tokens": str(TOKENS_PER_MINUTE),
        "x-ratelimit-remaining-tokens": str(TOKENS_PER_MINUTE),
        "x-ratelimit-reset-tokens": "0s",
    }


def _anthropic_headers(limit: int, remaining: int) -> dict[str, str]:
    return {
        "anthropic-ratelimit-requests-limit": str(limit),
        "anthropic-ratelimit-requests-remaining": str(remaining),
        "anthropic-ratelimit-tokens-limit": str(TOKENS_PER_MINUTE),
        "anthropic-ratelimit-tokens-remaining": str(TOKENS_PER_MINUTE),
    }


def _openai_key(headers: Mapping[str, str]) -> str:
    return headers.get("Authorization", "").removeprefix("Bearer ")


def _anthropic_key(headers: Mapping[str, str]) -> str:
    return headers.get("x-api-key") or _openai_key(headers)


class Wire(NamedTuple):
    """One wire: where it listens and what its replies look like."""

    path: str
    reply: Callable[[Billed], Object]
    error: Callable[[Fault, str], Object]
    rate_headers: Callable[[int, int], dict[str, str]]
    key: Callable[[Mapping[str, str]], str]
    id_header: str
    needs_max_tokens: bool


OPENAI = Wire("/v1/chat/completions", _openai_reply, _openai_error, _openai_headers, _openai_key, "x-request-id", False)
ANTHROPIC = Wire(
    "/v1/messages", _anthropic_reply, _anthropic_error, _anthropic_headers, _anthropic_key, "request-id", True
)


def retry_headers(fault: Fault) -> dict[str, str]:
    """`retry-after` in seconds and `retry-after-ms`, where the fault tells a time."""
    if fault.retry_after_s is None:
        return {}
    return {"retry-after": f"{fault.retry_after_s:g}", "retry-after-ms": f"{math.ceil(fault.retry_after_s * 1000)}"}


def models(name: str) -> Object:
    """The reply to `GET /v1/models`, with the fields of both wires."""
    model: Object = {
        "id": name,
        "object": "model",
        "type": "model",
        "created": 0,
        "created_at": "1970-01-01T00:00:00Z",
        "owned_by": "simulated",
        "display_name": f"{name} (simulated teacher)",
    }
    return {"object": "list", "data": [model], "has_more": False, "first_id": name, "last_id": name}
