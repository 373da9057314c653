"""Anthropic's Messages (`POST /v1/messages`): replies, the events of a stream, errors. Pure."""

from collections.abc import Iterator

from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.shapes import Billed, Event, Fault, Object, pieces

SIGNATURE = "simulated"
ERRORS = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def reply(billed: Billed) -> Object:
    """A `message` object."""
    return {**_message(billed), "content": [block for block, _ in _blocks(billed)], **_end(billed)}


def _message(billed: Billed) -> Object:
    return {
        "id": billed.id,
        "type": "message",
        "role": "assistant",
        "model": billed.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": _usage(billed),
    }


def _blocks(billed: Billed) -> Iterator[tuple[Object, list[Object]]]:
    """Each content block, whole and as deltas."""
    if billed.reasoning:
        deltas: list[Object] = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(billed.reasoning)]
        deltas.append({"type": "signature_delta", "signature": SIGNATURE})
        yield {"type": "thinking", "thinking": billed.reasoning, "signature": SIGNATURE}, deltas
    if billed.finish != "refusal":
        yield (
            {"type": "text", "text": billed.text},
            [{"type": "text_delta", "text": piece} for piece in pieces(billed.text)],
        )


def _end(billed: Billed) -> Object:
    details: Object = {"type": "refusal", "category": "frontier_llm", "explanation": billed.text}
    return {
        "stop_reason": {"stop": "end_turn", "length": "max_tokens"}.get(billed.finish, billed.finish),
        "stop_sequence": None,
        "stop_details": details if billed.finish == "refusal" else None,
    }


def _usage(billed: Billed) -> Object:
    return {
        "input_tokens": billed.prompt_tokens - billed.cached_tokens - billed.cache_write_tokens,
        "cache_creation_input_tokens": billed.cache_write_tokens,
        "cache_read_input_tokens": billed.cached_tokens,
        "output_tokens": billed.completion_tokens,
        "output_tokens_details": {"thinking_tokens": billed.reasoning_tokens},
        "service_tier": "standard",
    }


def events(billed: Billed, asked: Asked) -> Iterator[Event]:
    """The same reply as a stream: `message_start` to `message_stop`, with one ping."""
    begun = _message(billed) | {"usage": {**_usage(billed), "output_tokens": 1}}
    yield Event("message_start", {"type": "message_start", "message": begun})
    yield Event("ping", {"type": "ping"})
    for index, (block, deltas) in enumerate(_blocks(billed)):
        empty = {"type": "text", "text": ""} if block["type"] == "text" else {**block, "thinking": "", "signature": ""}
        yield _block_event("start", index, content_block=empty)
        for delta in deltas:
            yield _block_event("delta", index, token=delta["type"] != "signature_delta", delta=delta)
        yield _block_event("stop", index)
    yield Event("message_delta", {"type": "message_delta", "delta": _end(billed), "usage": _usage(billed)})
    yield Event("message_stop", {"type": "message_stop"})


def _block_event(what: str, index: int, token: bool = False, **fields: object) -> Event:
    name = f"content_block_{what}"
    return Event(name, {"type": name, "index": index, **fields}, token)


def error(fault: Fault, request_id: str) -> Object:
    """An error body."""
    kind = fault.type or ERRORS.get(fault.status, "invalid_request_error" if fault.status < 500 else "api_error")
    error: Object = {"type": kind, "message": fault.message}
    if fault.code is not None:
        error["details"] = {"error_code": fault.code}
    return {"type": "error", "error": error, "request_id": request_id}


def error_event(fault: Fault) -> Event:
    """An error in the middle of a stream."""
    return Event("error", error(fault, "req_sim_stream"))
