"""The OpenAI Chat Completions wire, which vLLM, SGLang, llama.cpp, Ollama and many others speak too."""

from collections.abc import Mapping
from typing import Any

from blackbox_kd.records import FinishReason, Json, Message, conversation
from blackbox_kd.teachers.target import Target
from blackbox_kd.teachers.wire import (
    Malformed,
    Reply,
    WireError,
    clean,
    decode,
    error_fields,
    retry_after_s,
    table,
    usage,
)

REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "tool_calls": "tool",
    "function_call": "tool",
}
MONEY = {
    "insufficient_quota",
    "credit_balance_exhausted",
    "billing_hard_limit_reached",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
}
REFUSED: dict[int, str] = {
    401: "Check that the key in the environment is right and belongs to this endpoint.",
    402: "Add credit to the account, then run the same command: what was paid is kept.",
    403: "Ask the account's owner for access to this model.",
    404: "Check `[teacher] model` and `base_url`.",
}


class OpenAIWire:
    """`POST /chat/completions`, one choice a call."""

    path = "/chat/completions"

    def request(self, messages: tuple[Message, ...], target: Target) -> dict[str, Json]:
        """The body: system prompt, shots, the user's messages, and the sampling parameters that are set."""
        system = [m for m in conversation(messages, target.system) if m.role == "system"]
        turns = [*system, *target.shots, *(m for m in messages if m.role != "system")]
        limit = "max_completion_tokens" if target.official else "max_tokens"
        body: dict[str, Json] = {
            "model": target.model,
            "messages": [{"role": turn.role, "content": turn.content} for turn in turns],
            limit: target.sampling.max_tokens,
        }
        if target.sampling.temperature is not None:
            body["temperature"] = target.sampling.temperature
        if target.sampling.top_p is not None:
            body["top_p"] = target.sampling.top_p
        if target.sampling.stop:
            body["stop"] = list(target.sampling.stop)
        if target.schema is not None:
            schema: dict[str, Json] = {"name": "answer", "strict": True, "schema": target.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return {**body, **target.extra}

    def parse(self, raw: bytes) -> Reply:
        """Read `choices[0]`; raises `Malformed` where there is none, or where the body is an error in disguise."""
        body = decode(raw)
        choices = body.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            code, kind, message = error_fields(raw)
            raise Malformed(f"no choices: {code or kind} {message}".strip())
        choice = choices[0]
        answer = choice.get("message")
        if not isinstance(answer, dict):
            raise Malformed("choices[0] has no message")
        text, counts = content(answer.get("content")), table(body.get("usage"))
        given = choice.get("finish_reason")
        reason = REASONS.get(str(given), "other" if given else "unknown")
        if refusal := clean(answer.get("refusal")):
            text, reason = text or refusal, "refusal"
        reasoning = clean(answer.get("reasoning_content") or answer.get("reasoning"))
        return Reply(
            text=text,
            finish_reason=reason,
            served_model=clean(body.get("model")),
            usage=usage(counts.get("prompt_tokens"), counts.get("completion_tokens"), text),
            reasoning=reasoning or None,
            response_id=clean(body.get("id")),
        )

    def error(self, status: int, headers: Mapping[str, str], raw: bytes) -> WireError:
        """Money, key, model and redirects stop the run; 408, 409, 429 and 5xx are tried again; else the row fails."""
        code, kind, message = error_fields(raw)
        name = code or kind or f"http_{status}"
        if status in REFUSED or code in MONEY or kind in MONEY:
            fix = REFUSED.get(status, REFUSED[402])
            return WireError(scope="run", code=name, message=f"{status} {message}", fix=fix)
        if 300 <= status < 400:
            fix = "Set base_url to the address it names, if you trust it: keys are not sent along a redirect."
            return WireError(scope="run", code="redirect", message=f"{status} to {headers.get('location')}", fix=fix)
        if status in (408, 409, 429) or status >= 500:
            wait = retry_after_s(headers)
            text = f"{status} {message}"
            return WireError(scope="attempt", code=name, message=text, retry_after_s=wait, throttled=status == 429)
        return WireError(scope="row", code=name, message=f"{status} {message}")


def content(value: Any) -> str:
    """Message content as text: a string, or the text parts of a list."""
    if isinstance(value, list):
        return "".join(clean(part.get("text")) for part in value if isinstance(part, dict))
    return clean(value)
