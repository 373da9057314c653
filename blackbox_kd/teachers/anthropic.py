"""The Anthropic Messages wire."""

from collections.abc import Mapping
from typing import Any

from blackbox_kd.records import FinishReason, Json, Message, Usage, conversation
from blackbox_kd.teachers.capabilities import offers_schema
from blackbox_kd.teachers.sse import Event, loaded
from blackbox_kd.teachers.status import error_fields, meaning
from blackbox_kd.teachers.target import Target
from blackbox_kd.teachers.wire import (
    Malformed,
    Reply,
    WireError,
    cacheable,
    clean,
    deciding,
    decode,
    finished,
    table,
    tables,
    tokens,
    turns,
    usage,
)

REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool",
    "refusal": "refusal",
    "pause_turn": "other",
}
PIECES = {"text_delta": "text", "thinking_delta": "thinking"}


class AnthropicWire:
    """`POST /v1/messages`."""

    path = "/v1/messages"

    def request(self, messages: tuple[Message, ...], target: Target) -> dict[str, Json]:
        """The body: system prompt apart, shots before the user's messages, and the sampling parameters that are set."""
        system = [one.content for one in conversation(messages, target.system) if one.role == "system"]
        body: dict[str, Json] = {"model": target.model, "messages": turns(messages, target)}
        if system:
            body["system"] = "\n\n".join(system)
        if target.sampling.temperature is not None:
            body["temperature"] = target.sampling.temperature
        if target.sampling.top_p is not None:
            body["top_p"] = target.sampling.top_p
        if target.sampling.stop:
            body["stop_sequences"] = list(target.sampling.stop)
        extra = deciding(target)
        if target.schema is not None and offers_schema(target):
            form: dict[str, Json] = {"format": {"type": "json_schema", "schema": target.schema}}
            body["output_config"] = form
            if isinstance(effort := extra.get("output_config"), dict):
                extra["output_config"] = {**form, **effort}
        return {**body, **extra}

    def sent(self, body: dict[str, Json], target: Target, stream: bool) -> dict[str, Json]:
        """The body with token limit, stream flag, and the end of what all prompts share marked for the cache."""
        ours: dict[str, Json] = {"stream": True} if stream else {}
        shared = bool(target.system or target.shots) and body.get("system", "") == target.system
        if shared and cacheable(target) and "cache_control" not in target.extra:
            ours |= marked(body, target)
        return finished(body, target, "max_tokens", ours)

    def parse(self, raw: bytes) -> Reply:
        """Join the text blocks; raises `Malformed` where `content` is no list."""
        body = loaded(raw, "anthropic", joined)
        blocks = body.get("content")
        if not isinstance(blocks, list):
            code, kind, message = error_fields(raw)
            raise Malformed(f"no content: {code or kind} {message}".strip())
        parts = tables(blocks)
        text = "".join(clean(part.get("text")) for part in parts if part.get("type") == "text")
        thinking = "".join(clean(part.get("thinking")) for part in parts if part.get("type") == "thinking")
        reason = body.get("stop_reason")
        return Reply(
            text=text,
            finish_reason=REASONS.get(clean(reason), "other" if reason else "unknown"),
            served_model=clean(body.get("model")),
            usage=counted(table(body.get("usage")), text + thinking),
            reasoning=thinking or None,
            response_id=clean(body.get("id")),
            category=clean(table(body.get("stop_details")).get("category")),
        )

    def error(self, status: int, headers: Mapping[str, str], raw: bytes, now_s: float = 0.0) -> WireError:
        """Read a response with any other status than 2xx."""
        return meaning("anthropic", status, headers, raw, now_s)


def marked(body: dict[str, Json], target: Target) -> dict[str, Json]:
    """The field in which the shared beginning ends, its last text marked: the last shot, or the system prompt.

    A batch may take hours, so there the mark lasts for one.
    """
    mark: dict[str, Json] = {"type": "ephemeral", "ttl": "1h"} if target.batch else {"type": "ephemeral"}
    if not target.shots:
        return {"system": [{"type": "text", "text": target.system, "cache_control": mark}]}
    last, said = len(target.shots) - 1, turns((), target)
    block: Json = {"type": "text", "text": target.shots[-1].content, "cache_control": mark}
    rest = body["messages"]
    after = rest[last + 1 :] if isinstance(rest, list) else []
    return {"messages": [*said[:last], {"role": target.shots[-1].role, "content": [block]}, *after]}


def counted(counts: dict[str, Any], text: str) -> Usage:
    """The token counts; `input_tokens` leaves out what the cache gave and took."""
    given, read, written = (
        tokens(counts.get(name)) for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    )
    prompt = None if given is None else given + (read or 0) + (written or 0)
    thinking = table(counts.get("output_tokens_details")).get("thinking_tokens")
    return usage(prompt, counts.get("output_tokens"), text, read, written, thinking)


def joined(events: list[Event]) -> dict[str, Any]:
    """The body that the events of a stream stand for; raises `Malformed` for blocks that do not fit together."""
    body: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    pieces: dict[int, dict[str, list[str]]] = {}
    for event in events:
        kind = event.kind
        if kind == "message_start":
            body = dict(table(decode(event.data).get("message")))
        elif kind == "message_delta":
            close(body, decode(event.data))
        elif kind in ("content_block_start", "content_block_delta"):
            data = decode(event.data)
            index = data.get("index")
            if not isinstance(index, int) or (index in blocks) == (kind == "content_block_start"):
                raise Malformed("the stream has two beginnings or none of a block")
            if kind == "content_block_start":
                blocks[index], pieces[index] = table(data.get("content_block")), {"text": [], "thinking": []}
            elif (name := PIECES.get(clean(table(data.get("delta")).get("type")))) is not None:
                pieces[index][name].append(clean(data["delta"].get(name)))
    content = []
    for index, block in sorted(blocks.items()):
        said = {name: clean(block.get(name)) + "".join(some) for name, some in pieces[index].items()}
        content.append({**block, **{name: text for name, text in said.items() if text}})
    return {**body, "content": content}


def close(body: dict[str, Any], data: dict[str, Any]) -> None:
    """Add what a `message_delta` says: why the answer ends, and the final token counts."""
    counts = {name: count for name, count in table(data.get("usage")).items() if count is not None}
    body.update(table(data.get("delta")))
    body["usage"] = {**table(body.get("usage")), **counts}
