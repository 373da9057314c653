"""From a prompt to the bytes of a request and its identity, and from stored bytes back to a completion. Pure."""

import hashlib
import json
from typing import Any, NamedTuple

import msgspec

from blackbox_kd.records import Completion, Json, Message, Prompt
from blackbox_kd.teachers.anthropic import AnthropicWire
from blackbox_kd.teachers.ledger import Stored
from blackbox_kd.teachers.openai import OpenAIWire
from blackbox_kd.teachers.responses import ResponsesWire
from blackbox_kd.teachers.target import Price, Target
from blackbox_kd.teachers.wire import LIMITS, Reply, Wire

WIRES: dict[str, Wire] = {"openai": OpenAIWire(), "responses": ResponsesWire(), "anthropic": AnthropicWire()}
SORTED = msgspec.json.Encoder(order="sorted")
HOLE = Message(role="user", content="\0messages\0")  # stands for the user's turns in a frame
MOST_FRAMES = 64


class Asked(NamedTuple):
    """A request: its identity, and what its bytes are made of. `size` is an upper bound on those, in bytes."""

    key: str
    identity: bytes
    max_tokens: int
    target: Target
    size: int
    messages: tuple[Message, ...]

    @property
    def body(self) -> dict[str, Json]:
        """The fields that decide on the answer."""
        return WIRES[self.target.wire].request(self.messages, self.target)

    def payload(self, stream: bool) -> bytes:
        """The bytes to send; keys keep their order, which a JSON schema gives to its answers."""
        return written(WIRES[self.target.wire].sent(self.body, self.target, stream))


class Frame(NamedTuple):
    """What all requests to one target share: `head` and `tail` of the identity around the user's turns and sample."""

    head: bytes
    tail: bytes
    end: bytes  # after the sample
    hashed: Any  # sha256 of the head
    max_tokens: int
    margin: int  # bytes that a payload may have more than its identity
    plain: bool  # msgspec writes the target's numbers as `canonical` does


_FRAMES: dict[int, tuple[Target, Frame]] = {}  # by id of the target, which is held here and so stays the same


def build(messages: tuple[Message, ...], sample: int, target: Target) -> Asked:
    """The request for one sample. Its identity is teacher, body and sample; the token limit is no part of it."""
    held = _FRAMES.get(id(target))
    frame = framed(target) if held is None else held[1]
    hashed = frame.hashed.copy()
    turns = encoded(messages)
    if turns is None:
        identity = identified(messages, sample, target, frame.plain)
        hashed = hashlib.sha256(identity)
    else:
        rest = b"%b%b%d%b" % (turns, frame.tail, sample, frame.end)
        identity = frame.head + rest
        hashed.update(rest)
    size = len(identity) + frame.margin
    return Asked(hashed.hexdigest(), identity, frame.max_tokens, target, size, messages)


def encoded(messages: tuple[Message, ...]) -> bytes | None:
    """The user's turns, canonical, without brackets; None where no frame fits: system messages, lone surrogates."""
    for one in messages:
        if one.role == "system":
            return None
    try:
        return SORTED.encode(messages)[1:-1] or None
    except UnicodeEncodeError:
        return None


def identified(messages: tuple[Message, ...], sample: int, target: Target, plain: bool) -> bytes:
    """The identity of a request, made without a frame."""
    body = WIRES[target.wire].request(messages, target)
    what: dict[str, Json] = {"teacher": target.identity, "wire": target.wire, "sample": sample, "body": body}
    try:
        return SORTED.encode(what) if plain else canonical(what)
    except UnicodeEncodeError:
        return canonical(what)


def framed(target: Target) -> Frame:
    """The frame of a target, made once."""
    wire = WIRES[target.wire]
    body = wire.request((HOLE,), target)
    sent = [wire.sent(body, target, stream) for stream in (False, True)]
    whole = identified((HOLE,), 0, target, plain=False)
    head, _, rest = whole.rpartition(SORTED.encode(HOLE))
    tail, _, end = rest.rpartition(b'"sample":0')
    limits = [value for name in LIMITS if isinstance(value := sent[0].get(name), int)]
    frame = Frame(
        head=head,
        tail=tail + b'"sample":',
        end=end,
        hashed=hashlib.sha256(head),
        max_tokens=max(limits, default=0),
        margin=max(0, max(len(written(one)) for one in sent) - len(canonical(body))),
        plain=whole == identified((HOLE,), 0, target, plain=True),
    )
    if len(_FRAMES) >= MOST_FRAMES:
        _FRAMES.clear()
    _FRAMES[id(target)] = target, frame
    return frame


def written(body: dict[str, Json]) -> bytes:
    """JSON as it is sent: UTF-8, keys in their order, a lone surrogate as `?`."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def canonical(value: Json) -> bytes:
    """JSON in one way only: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace")


def answers(stored: Stored, asked: Asked) -> bool:
    """Whether a stored reply answers the request, so that asking again would bring no more; raises `Malformed`."""
    return stored.max_tokens >= asked.max_tokens or read(stored.raw, asked).finish_reason != "length"


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
    used = msgspec.structs.replace(reply.usage, prompt_tokens=asked.size // 4 + 1)
    return msgspec.structs.replace(reply, usage=used)


def completion(prompt: Prompt, sample: int, target: Target, reply: Reply, batch: bool = False) -> Completion:
    """The reply as a record; its cost is None where the price is unknown."""
    price = target.price
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
        usage=reply.usage,
        reasoning=reply.reasoning,
        category=reply.category,
        weight=prompt.weight,
        cost_usd=None if price is None or not price.by_token else cost_usd(reply, price, batch),
    )


def cost_usd(reply: Reply, price: Price, batch: bool = False) -> float:
    """What a reply cost, by its token counts."""
    return price.cost_usd(reply.usage, batch)
