"""The three wires seen from the server: how requests are read, and how replies, errors and headers look. Pure."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from blackbox_kd.simulate import chat, messages, responses
from blackbox_kd.simulate.asked import Asked, read_chat, read_messages, read_responses
from blackbox_kd.simulate.shapes import Billed, Event, Fault, Object


class Wire(NamedTuple):
    """One wire: where it listens, how it reads and what its replies look like."""

    path: str
    vendor: Literal["openai", "anthropic"]
    read: Callable[[bytes], Asked | Fault]
    reply: Callable[[Billed], Object]
    events: Callable[[Billed, Asked], Iterator[Event]]
    error: Callable[[Fault, str], Object]
    error_event: Callable[[Fault], Event]
    key: Callable[[Mapping[str, str]], str]
    id_header: str


def _bearer(headers: Mapping[str, str]) -> str:
    return headers.get("Authorization", "").removeprefix("Bearer ")


def _anthropic_key(headers: Mapping[str, str]) -> str:
    return headers.get("x-api-key") or _bearer(headers)


OPENAI = Wire(
    "/v1/chat/completions",
    "openai",
    read_chat,
    chat.reply,
    chat.events,
    chat.error,
    chat.error_event,
    _bearer,
    "x-request-id",
)
RESPONSES = OPENAI._replace(
    path="/v1/responses",
    read=read_responses,
    reply=responses.reply,
    events=responses.events,
    error_event=responses.error_event,
)
ANTHROPIC = Wire(
    "/v1/messages",
    "anthropic",
    read_messages,
    messages.reply,
    messages.events,
    messages.error,
    messages.error_event,
    _anthropic_key,
    "request-id",
)
WIRES = (OPENAI, RESPONSES, ANTHROPIC)


def retry_headers(retry_after_s: float | None) -> dict[str, str]:
    """`retry-after` in seconds and `retry-after-ms`, where a time is told."""
    if retry_after_s is None:
        return {}
    return {"retry-after": f"{retry_after_s:g}", "retry-after-ms": f"{math.ceil(retry_after_s * 1000)}"}


def models(name: str) -> Object:
    """The reply to `GET /v1/models`, with the fields of both vendors."""
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
