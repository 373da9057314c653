"""The Anthropic Messages wire."""

from collections.abc import Mapping

from blackbox_kd.records import FinishReason, Json, Message, conversation
from blackbox_kd.teachers.openai import OpenAIWire
from blackbox_kd.teachers.target import Target
from blackbox_kd.teachers.wire import Malformed, Reply, WireError, clean, decode, error_fields, table, usage

REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool",
    "refusal": "refusal",
}


class AnthropicWire:
    """`POST /v1/messages`."""

    path = "/v1/messages"

    def request(self, messages: tuple[Message, ...], target: Target) -> dict[str, Json]:
        """The body: system prompt apart, shots before the user's messages, and the sampling parameters that are set."""
        system = [m.content for m in conversation(messages, target.system) if m.role == "system"]
        turns = [*target.shots, *(m for m in messages if m.role != "system")]
        body: dict[str, Json] = {
            "model": target.model,
            "max_tokens": target.sampling.max_tokens,
            "messages": [{"role": turn.role, "content": turn.content} for turn in turns],
        }
        if system:
            body["system"] = "\n\n".join(system)
        if target.sampling.temperature is not None:
            body["temperature"] = target.sampling.temperature
        if target.sampling.top_p is not None:
            body["top_p"] = target.sampling.top_p
        if target.sampling.stop:
            body["stop_sequences"] = list(target.sampling.stop)
        if target.schema is not None:
            body["output_config"] = {"format": {"type": "json_schema", "schema": target.schema}}
        return {**body, **target.extra}

    def parse(self, raw: bytes) -> Reply:
        """Join the text blocks; raises `Malformed` where `content` is no list."""
        body = decode(raw)
        blocks = body.get("content")
        if not isinstance(blocks, list):
            code, kind, message = error_fields(raw)
            raise Malformed(f"no content: {code or kind} {message}".strip())
        parts = [block for block in blocks if isinstance(block, dict)]
        text = "".join(clean(part.get("text")) for part in parts if part.get("type") == "text")
        thinking = "".join(clean(part.get("thinking")) for part in parts if part.get("type") == "thinking")
        counts = table(body.get("usage"))
        reason = body.get("stop_reason")
        return Reply(
            text=text,
            finish_reason=REASONS.get(str(reason), "other" if reason else "unknown"),
            served_model=clean(body.get("model")),
            usage=usage(counts.get("input_tokens"), counts.get("output_tokens"), text),
            reasoning=thinking or None,
            response_id=clean(body.get("id")),
        )

    def error(self, status: int, headers: Mapping[str, str], raw: bytes) -> WireError:
        """As on the OpenAI wire, and a self-set spending limit, which comes as a 400 or a 429, stops the run."""
        code, _, message = error_fields(raw)
        if code == "enforced_spend_limit_reached" or message.startswith("You have reached your specified API usage"):
            fix = "Raise the spending limit of the account, then run the same command: what was paid is kept."
            return WireError(scope="run", code=code or "usage_limit", message=f"{status} {message}", fix=fix)
        return OpenAIWire().error(status, headers, raw)
