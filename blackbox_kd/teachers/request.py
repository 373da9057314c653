"""From a prompt to the bytes of a request and its identity, and from stored bytes back to a completion. Pure."""

import hashlib
import json
from typing import NamedTuple

import msgspec

from blackbox_kd.records import Completion, Json, Message, Prompt
from blackbox_kd.teachers.anthropic import AnthropicWire
from blackbox_kd.teachers.ledger import Stored
from blackbox_kd.teachers.openai import OpenAIWire
from blackbox_kd.teachers.target import Price, Target
from blackbox_kd.teachers.wire import Reply, Wire

WIRES: dict[str, Wire] = {"openai": OpenAIWire(), "anthropic": AnthropicWire()}
LIMITS = ("max_tokens", "max_completion_tokens")


class Asked(NamedTuple):
    """A request ready for the wire: its identity, and the bytes to send."""

    key: str
    identity: bytes
    body: bytes
    max_tokens: int
    target: Target


def build(messages: tuple[Message, ...], sample: int, target: Target) -> Asked:
    """The request for one sample. Its identity is teacher, body and sample; the token limit is no part of it."""
    body = WIRES[target.wire].request(messages, target)
    same: dict[str, Json] = {name: value for name, value in body.items() if name not in LIMITS}
    what: dict[str, Json] = {"teacher": target.identity, "wire": target.wire, "sample": sample, "body": same}
    identity = canonical(what)
    limit = max((value for name in LIMITS if isinstance(value := body.get(name), int)), default=0)
    return Asked(hashlib.sha256(identity).hexdigest(), identity, canonical(body), limit, target)


def canonical(value: Json) -> bytes:
    """JSON in one way only: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace")


def usable(stored: Stored | None, asked: Asked) -> Reply | None:
    """The stored reply, read, if it answers the request: one that hit a lower token limit than ours does not."""
    if stored is None:
        return None
    reply = read(stored.raw, asked)
    cut = reply.finish_reason == "length" and asked.max_tokens > stored.max_tokens
    return None if cut else reply


def read(raw: bytes, asked: Asked) -> Reply:
    """A 2xx body as a reply; a prompt whose tokens nobody counted is estimated by its bytes. Raises `Malformed`."""
    reply = WIRES[asked.target.wire].parse(raw)
    if reply.usage.source == "provider" or reply.usage.prompt_tokens:
        return reply
    used = msgspec.structs.replace(reply.usage, prompt_tokens=len(asked.body) // 4 + 1)
    return msgspec.structs.replace(reply, usage=used)


def completion(prompt: Prompt, sample: int, target: Target, reply: Reply) -> Completion:
    """The reply as a record; its cost is None where the price is unknown."""
    used = reply.usage
    return Completion(
        prompt_id=prompt.id,
        sample=sample,
        messages=prompt.messages,
        split=prompt.split,
        family=prompt.family,
        text=reply.text,
        finish_reason=reply.finish_reason,
        teacher=target.label,
        served_model=reply.served_model,
        usage=used,
        reasoning=reply.reasoning,
        weight=prompt.weight,
        cost_usd=None if target.price is None else cost_usd(reply, target.price),
    )


def cost_usd(reply: Reply, price: Price) -> float:
    """What a reply cost, by its token counts."""
    return price.cost_usd(reply.usage.prompt_tokens, reply.usage.completion_tokens)
