"""OpenAI's Chat Completions (`POST /v1/chat/completions`): replies, chunks of a stream, errors. Pure."""

from collections.abc import Iterator

from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.shapes import Billed, Event, Fault, Object, pieces

ERRORS: dict[int, tuple[str, str | None]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    402: ("unknown_error", "invalid_request_error"),  # DeepSeek's, for an empty account
    403: ("request_forbidden", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    408: ("timeout", None),
    429: ("requests", "rate_limit_exceeded"),
}


def reply(billed: Billed) -> Object:
    """A `chat.completion` object."""
    refused = billed.finish == "refusal"
    message: Object = {
        "role": "assistant",
        "content": None if refused else billed.text,
        "refusal": billed.text if refused else None,
    }
    if billed.reasoning:
        message["reasoning_content"] = billed.reasoning  # as DeepSeek and vLLM
    choice: Object = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(billed)}
    return {
        "id": billed.id,
        "object": "chat.completion",
        "created": 0,
        "model": billed.model,
        "choices": [choice],
        "usage": _usage(billed),
    }


def _finish(billed: Billed) -> str:
    return "stop" if billed.finish == "refusal" else billed.finish


def _usage(billed: Billed) -> Object:
    return {
        "prompt_tokens": billed.prompt_tokens,
        "completion_tokens": billed.completion_tokens,
        "total_tokens": billed.prompt_tokens + billed.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": billed.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": billed.reasoning_tokens},
    }


def events(billed: Billed, asked: Asked) -> Iterator[Event]:
    """The same reply as `chat.completion.chunk`s, and `[DONE]`."""

    def chunk(choices: list[Object], usage: Object | None = None, token: bool = False) -> Event:
        data = {
            "id": billed.id,
            "object": "chat.completion.chunk",
            "created": 0,
            "model": billed.model,
            "choices": choices,
            **({"usage": usage} if asked.include_usage else {}),
        }
        return Event(None, data, token)

    def delta(value: Object, finish: str | None = None, token: bool = False) -> Event:
        return chunk([{"index": 0, "delta": value, "logprobs": None, "finish_reason": finish}], token=token)

    yield delta({"role": "assistant", "content": "", "refusal": None})
    for piece in pieces(billed.reasoning):
        yield delta({"reasoning_content": piece}, token=True)
    field = "refusal" if billed.finish == "refusal" else "content"
    for piece in pieces(billed.text):
        yield delta({field: piece}, token=True)
    yield delta({}, _finish(billed))
    if asked.include_usage:
        yield chunk([], _usage(billed))
    yield Event(None, "[DONE]")


def error(fault: Fault, request_id: str) -> Object:
    """An error body, also of the Responses API."""
    kind, code = ERRORS.get(fault.status, ("invalid_request_error" if fault.status < 500 else "server_error", None))
    return {
        "error": {
            "message": fault.message,
            "type": fault.type or kind,
            "param": None,
            "code": fault.code or code,
        }
    }


def error_event(fault: Fault) -> Event:
    """An error in the middle of a stream."""
    return Event(None, error(fault, ""))
