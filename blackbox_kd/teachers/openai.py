"""The OpenAI Chat Completions wire, which vLLM, SGLang, llama.cpp, Ollama and many others speak too."""

from collections.abc import Mapping
from typing import Any

from blackbox_kd.records import FinishReason, Json, Message, Usage, conversation
from blackbox_kd.teachers.capabilities import limit_name, offers_schema
from blackbox_kd.teachers.sse import DONE, Event, loaded
from blackbox_kd.teachers.status import error_fields, meaning
from blackbox_kd.teachers.target import Target
from blackbox_kd.teachers.wire import (
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
    tokens,
    turns,
    usage,
)

REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "refusal": "refusal",
    "tool_calls": "tool",
    "tool_use": "tool",
    "function_call": "tool",
}
REASONING = ("reasoning_content", "reasoning", "reasoning_details")
STREAMED = ("content", "refusal", *REASONING)  # the parts of a message that arrive in pieces
OPEN, CLOSE = "<think>", "</think>"


class OpenAIWire:
    """`POST /chat/completions`, one choice a call."""

    path = "/chat/completions"

    def request(self, messages: tuple[Message, ...], target: Target) -> dict[str, Json]:
        """The body: system prompt, shots, the user's messages, and the sampling parameters that are set."""
        system = [one.content for one in conversation(messages, target.system) if one.role == "system"]
        first: list[Json] = [{"role": "system", "content": text} for text in system]
        body: dict[str, Json] = {"model": target.model, "messages": first + turns(messages, target)}
        if target.sampling.temperature is not None:
            body["temperature"] = target.sampling.temperature
        if target.sampling.top_p is not None:
            body["top_p"] = target.sampling.top_p
        if target.sampling.stop:
            body["stop"] = list(target.sampling.stop)
        if target.schema is not None and offers_schema(target):
            schema: dict[str, Json] = {"name": "answer", "strict": True, "schema": target.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return {**body, **deciding(target)}

    def sent(self, body: dict[str, Json], target: Target, stream: bool) -> dict[str, Json]:
        """The body with token limit, cache key and, streaming, the wish for the token counts."""
        ours = cache_key(target)
        if stream:
            ours |= {"stream": True, "stream_options": {"include_usage": True}}
        return finished(body, target, limit_name(target), ours)

    def parse(self, raw: bytes) -> Reply:
        """Read `choices[0]`; raises `Malformed` where there is none, or where the body is an error in disguise."""
        body = loaded(raw, "openai", joined)
        choices = body.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            code, kind, message = error_fields(raw)
            raise Malformed(f"no choices: {code or kind} {message}".strip())
        answer = choices[0].get("message")
        if not isinstance(answer, dict):
            raise Malformed("choices[0] has no message")
        reason = ended(choices[0].get("finish_reason"))
        content = answer.get("content")
        parts = tables(content)
        text, thought = apart(texts(parts) if parts else clean(content), reason == "length")
        reasoning = reasoned(answer, parts) + thought
        counts = counted(table(body.get("usage")), text + reasoning)
        if refusal := clean(answer.get("refusal")) or (texts(parts, "refusal") if parts else ""):
            text, reason = text or refusal, "refusal"
        return Reply(
            text=text,
            finish_reason=reason,
            served_model=clean(body.get("model")),
            usage=counts,
            reasoning=reasoning or None,
            response_id=clean(body.get("id")),
        )

    def error(self, status: int, headers: Mapping[str, str], raw: bytes, now_s: float = 0.0) -> WireError:
        """Read a response with any other status than 2xx."""
        return meaning("openai", status, headers, raw, now_s)


def ended(given: object) -> FinishReason:
    """Why the answer ends, by the many names that servers have for it."""
    if not given:
        return "unknown"
    return REASONS.get(given.lower(), "other") if isinstance(given, str) else "other"


def apart(text: str, cut: bool) -> tuple[str, str]:
    """(text, reasoning) of a text that may open with `<think>`; one that was cut inside it has no text."""
    start = text.lstrip()
    if not start.startswith(OPEN):
        return text, ""
    thought, closed, answer = start.removeprefix(OPEN).partition(CLOSE)
    if not closed and not cut:
        return text, ""
    return answer.lstrip(), thought.strip()


def reasoned(answer: dict[str, Any], parts: list[dict[str, Any]]) -> str:
    """The reasoning of a message, under the first name that holds any, or from the parts of its content."""
    for name in REASONING:
        if (value := answer.get(name)) and (found := spoken(value)):
            return found
    return spoken([one for one in parts if "thinking" in one]) if parts else ""


def spoken(value: object) -> str:
    """Reasoning as text: a string, an object, or a list of objects with text, summary, or thinking parts."""
    if isinstance(value, str):
        return clean(value)
    parts = tables([value] if isinstance(value, dict) else value)
    return "".join(clean(one.get("text")) or first(one.get("summary")) or first(one.get("thinking")) for one in parts)


def first(value: object) -> str:
    """A text, or the texts of a list."""
    return clean(value) or texts(tables(value))


def counted(counts: dict[str, Any], text: str) -> Usage:
    """The token counts; a server that counts reasoning apart from the completion (xAI) shows it by its total."""
    prompt, completion = counts.get("prompt_tokens"), counts.get("completion_tokens")
    given, made = table(counts.get("prompt_tokens_details")), table(counts.get("completion_tokens_details"))
    if reasoning := tokens(made.get("reasoning_tokens")):
        whole, asked, told = tokens(counts.get("total_tokens")), tokens(prompt), tokens(completion)
        if whole and asked is not None and told is not None and whole == asked + told + reasoning:
            completion = told + reasoning
    cached = given.get("cached_tokens", counts.get("prompt_cache_hit_tokens"))  # DeepSeek's name
    return usage(prompt, completion, text, cached, given.get("cache_write_tokens"), reasoning)


def joined(events: list[Event]) -> dict[str, Any]:
    """The body that the chunks of a stream stand for; tool calls, which are not asked for, are left out."""
    body: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for event in events:
        if event.data == DONE:
            break
        chunk = decode(event.data)
        body.update({name: chunk[name] for name in ("id", "model", "usage") if chunk.get(name)})
        seen: set[int] = set()
        for one in tables(chunk.get("choices")):
            index = one.get("index") or 0
            if not isinstance(index, int) or index in seen:
                raise Malformed("two choices with one index in one event")
            seen.add(index)
            add(choices.setdefault(index, {"finish_reason": None, "pieces": {}}), one)
    body["choices"] = [
        {
            "message": {name: collected(pieces) for name, pieces in one["pieces"].items()},
            "finish_reason": one["finish_reason"],
        }
        for _, one in sorted(choices.items())
    ]
    return body


def add(choice: dict[str, Any], given: dict[str, Any]) -> None:
    """Add what one chunk says to a choice."""
    choice["finish_reason"] = given.get("finish_reason") or choice["finish_reason"]
    delta = table(given.get("delta"))
    for name in STREAMED:
        if value := delta.get(name):
            choice["pieces"].setdefault(name, []).append(value)


def collected(pieces: list[Any]) -> Any:
    """Pieces as one value: text, or where some came as lists of parts, the list of all parts."""
    if all(isinstance(one, str) for one in pieces):
        return "".join(pieces)
    lists = [[{"type": "text", "text": one}] if isinstance(one, str) else one for one in pieces]
    return [part for one in lists for part in (one if isinstance(one, list) else [one])]
