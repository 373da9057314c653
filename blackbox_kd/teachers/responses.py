"""OpenAI's Responses wire; nothing is left in the provider's store (`store: false`)."""

from collections.abc import Mapping
from typing import Any

from blackbox_kd.records import FinishReason, Json, Message, Usage, conversation
from blackbox_kd.teachers.capabilities import limit_name, offers_schema
from blackbox_kd.teachers.sse import LAST, Event, loaded
from blackbox_kd.teachers.status import error_fields, meaning
from blackbox_kd.teachers.target import Target
from blackbox_kd.teachers.wire import (
    Incomplete,
    Malformed,
    Reply,
    WireError,
    cache_key,
    clean,
    deciding,
    decode,
    finished,
    table,
    tables,
    texts,
    turns,
    usage,
)

CUT: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}


class ResponsesWire:
    """`POST /responses`. It has no stop sequences."""

    path = "/responses"

    def request(self, messages: tuple[Message, ...], target: Target) -> dict[str, Json]:
        """The body: system prompt as `instructions`, shots and the user's messages as `input`, sampling parameters."""
        system = [one.content for one in conversation(messages, target.system) if one.role == "system"]
        body: dict[str, Json] = {"model": target.model, "input": turns(messages, target)}
        if system:
            body["instructions"] = "\n\n".join(system)
        if target.sampling.temperature is not None:
            body["temperature"] = target.sampling.temperature
        if target.sampling.top_p is not None:
            body["top_p"] = target.sampling.top_p
        extra = deciding(target)
        if target.schema is not None and offers_schema(target):
            schema: dict[str, Json] = {"type": "json_schema", "name": "answer", "strict": True, "schema": target.schema}
            form: dict[str, Json] = {"format": schema}
            body["text"] = form
            if isinstance(verbosity := extra.get("text"), dict):
                extra["text"] = {**form, **verbosity}
        return {**body, **extra}

    def sent(self, body: dict[str, Json], target: Target, stream: bool) -> dict[str, Json]:
        """The body with token limit, cache key and stream flag, not to be stored."""
        ours: dict[str, Json] = {"store": False, **cache_key(target)}
        if stream:
            ours["stream"] = True
        return finished(body, target, limit_name(target), ours)

    def parse(self, raw: bytes) -> Reply:
        """Join the texts of `output`; raises `Malformed` where it is no list, or the work failed or is not done."""
        body = loaded(raw, "responses", joined)
        output = body.get("output")
        if not isinstance(output, list) or body.get("status") == "failed":
            code, kind, message = error_fields(raw)
            raise Malformed(f"no output: {code or kind} {message}".strip())
        if body.get("status") in ("in_progress", "queued"):
            raise Incomplete(f"the response is {body['status']}, not done")
        items = tables(output)
        parts = [part for item in items if item.get("type") == "message" for part in tables(item.get("content"))]
        text = "".join(clean(part.get("text")) for part in parts if part.get("type") == "output_text")
        refusal = "".join(clean(part.get("refusal")) for part in parts if part.get("type") == "refusal")
        thoughts = [told(item) for item in items if item.get("type") == "reasoning"]
        reasoning = "\n\n".join(thought for thought in thoughts if thought)
        return Reply(
            text=text or refusal,
            finish_reason="refusal" if refusal else ended(body, items),
            served_model=clean(body.get("model")),
            usage=counted(table(body.get("usage")), text + reasoning),
            reasoning=reasoning or None,
            response_id=clean(body.get("id")),
        )

    def error(self, status: int, headers: Mapping[str, str], raw: bytes, now_s: float = 0.0) -> WireError:
        """Read a response with any other status than 2xx."""
        return meaning("responses", status, headers, raw, now_s)


def told(item: dict[str, Any]) -> str:
    """What a reasoning item tells: its text where a server gives it, else the summaries."""
    if text := texts(tables(item.get("content"))):
        return text
    return "\n\n".join(text for one in tables(item.get("summary")) if (text := clean(one.get("text"))))


def ended(body: dict[str, Any], items: list[dict[str, Any]]) -> FinishReason:
    """Why the answer ends, by `status` and `incomplete_details`."""
    status = body.get("status")
    if status == "incomplete":
        return CUT.get(clean(table(body.get("incomplete_details")).get("reason")), "other")
    if status == "completed":
        called = any(clean(item.get("type")).endswith("_call") for item in items)
        return "tool" if called and items[-1].get("type") != "message" else "stop"
    return "other" if status else "unknown"


def counted(counts: dict[str, Any], text: str) -> Usage:
    """The token counts."""
    given, made = table(counts.get("input_tokens_details")), table(counts.get("output_tokens_details"))
    parts = given.get("cached_tokens"), given.get("cache_write_tokens"), made.get("reasoning_tokens")
    return usage(counts.get("input_tokens"), counts.get("output_tokens"), text, *parts)


def joined(events: list[Event]) -> dict[str, Any]:
    """The whole response, which the last event carries."""
    last = [event for event in events if event.kind in LAST["responses"]]
    return table(decode(last[-1].data).get("response"))
