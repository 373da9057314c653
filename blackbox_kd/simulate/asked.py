"""Requests of the three wires, read: what is asked, and which beginning of the prompt a provider caches. Pure."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import msgspec

from blackbox_kd.records import Json
from blackbox_kd.simulate.shapes import CHARS_A_TOKEN, Fault, tokens

CACHED_TOKENS = 1024  # shorter beginnings are not cached, by either vendor


class Prefix(NamedTuple):
    """A beginning of a prompt that the provider keeps: a digest, and how many tokens it has."""

    digest: str
    tokens: int


class Asked(NamedTuple):
    """A request as the oracle needs it; `digest` is the sha256 of its sorted body, `prompt` the last user turn."""

    digest: str
    model: str
    prompt: str
    prompt_tokens: int
    max_tokens: int | None
    stream: bool = False
    include_usage: bool = False  # OpenAI's stream_options
    prefixes: tuple[Prefix, ...] = ()  # what may be cached, shortest first


class _Part(msgspec.Struct):
    type: str
    text: str = ""
    cache_control: dict[str, Json] | None = None


_Content = str | list[_Part] | None


class _Turn(msgspec.Struct):
    role: str = ""
    content: _Content = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


class _Body(msgspec.Struct, kw_only=True):
    model: str
    max_tokens: int | None = None
    stream: bool | None = None
    n: int | None = None


B = TypeVar("B", bound=_Body)


class _Chat(_Body, kw_only=True):
    messages: list[_Turn]
    max_completion_tokens: int | None = None
    stream_options: _StreamOptions | None = None


class _Messages(_Body, kw_only=True):
    messages: list[_Turn]
    system: _Content = None
    cache_control: dict[str, Json] | None = None  # of the whole request: its last block


class _Responses(_Body, kw_only=True):
    input: str | list[_Turn]
    instructions: str | None = None
    max_output_tokens: int | None = None
    store: bool | None = None


def read_chat(body: bytes) -> Asked | Fault:
    """Read a Chat Completions request; a fault 400 where it is none, or asks for what is not simulated."""
    try:
        digest, asked = _decode(body, _Chat)
    except _WRONG as error:
        return _unreadable(error)
    options = asked.stream_options or _StreamOptions()
    limit = asked.max_completion_tokens or asked.max_tokens
    return _asked(digest, asked, asked.messages, limit, options.include_usage)


def read_responses(body: bytes) -> Asked | Fault:
    """Read a Responses request; as `read_chat`."""
    try:
        digest, asked = _decode(body, _Responses)
    except _WRONG as error:
        return _unreadable(error)
    turns = [_Turn("user", asked.input)] if isinstance(asked.input, str) else asked.input
    if asked.instructions:
        turns = [_Turn("system", asked.instructions), *turns]
    return _asked(digest, asked, turns, asked.max_output_tokens, True)


def read_messages(body: bytes) -> Asked | Fault:
    """Read a request of Anthropic's; as `read_chat`, and `max_tokens` must be there."""
    try:
        digest, asked = _decode(body, _Messages)
    except _WRONG as error:
        return _unreadable(error)
    if asked.max_tokens is None:
        return Fault(400, "max_tokens: Field required")
    turns = [_Turn("system", asked.system), *asked.messages] if asked.system else asked.messages
    found = _asked(digest, asked, turns, asked.max_tokens, True)
    if isinstance(found, Fault):
        return found
    return found._replace(prefixes=tuple(_marked(turns, asked.cache_control is not None)))


_WRONG = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _decode(body: bytes, kind: type[B]) -> tuple[str, B]:
    asked = msgspec.json.decode(body, type=kind)
    canonical = msgspec.json.encode(msgspec.json.decode(body), order="sorted")
    return hashlib.sha256(canonical).hexdigest(), asked


def _unreadable(error: Exception) -> Fault:
    return Fault(400, f"We could not parse the JSON body of your request: {error}")


def _asked(digest: str, body: _Body, turns: list[_Turn], limit: int | None, include_usage: bool) -> Asked | Fault:
    users = [turn for turn in turns if turn.role == "user"]
    if not users:
        return Fault(400, "messages: at least one user message is required")
    if body.n not in (None, 1):
        return Fault(400, "n is not simulated: send one request for each completion")
    return Asked(
        digest=digest,
        model=body.model,
        prompt=_text(users[-1].content),
        prompt_tokens=sum(tokens(_text(turn.content)) for turn in turns),
        max_tokens=limit,
        stream=bool(body.stream),
        include_usage=include_usage,
        prefixes=tuple(_before_the_last(turns)),
    )


def _text(content: _Content) -> str:
    if isinstance(content, list):
        return "".join(part.text for part in content if part.type.endswith("text"))  # also input_text, output_text
    return content or ""


def _before_the_last(turns: list[_Turn]) -> Iterator[Prefix]:
    """OpenAI caches by itself: all turns but the last, in steps of 128 tokens."""
    texts = [f"{turn.role}\n{_text(turn.content)}" for turn in turns[:-1]]
    if sum(map(len, texts)) >= CACHED_TOKENS * CHARS_A_TOKEN:
        length = sum(tokens(_text(turn.content)) for turn in turns[:-1])
        yield Prefix(hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest(), length // 128 * 128)


def _marked(turns: list[_Turn], whole: bool) -> Iterator[Prefix]:
    """Anthropic caches up to each block that carries `cache_control`, where that is long enough."""
    digest, length = hashlib.sha256(), 0
    for number, turn in enumerate(turns):
        parts = turn.content if isinstance(turn.content, list) else [_Part("text", turn.content or "")]
        for place, part in enumerate(parts):
            digest.update(f"{turn.role}\0{part.text}\0".encode("utf-8", "surrogatepass"))
            length += tokens(part.text)
            last = number == len(turns) - 1 and place == len(parts) - 1
            if (part.cache_control or (whole and last)) and length >= CACHED_TOKENS:
                yield Prefix(digest.copy().hexdigest(), length)
