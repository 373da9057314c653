"""OpenAI's Responses (`POST /v1/responses`): replies and the events of a stream; errors are those of `chat`. Pure."""

from collections.abc import Iterator
from itertools import count

from blackbox_kd.records import Json
from blackbox_kd.simulate import chat
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.shapes import Billed, Event, Fault, Object, pieces


def reply(billed: Billed) -> Object:
    """A `response` object, completed or incomplete."""
    return _response(billed, "incomplete" if billed.finish == "length" else "completed")


def _response(billed: Billed, status: str) -> Object:
    begun = status == "in_progress"
    return {
        "id": billed.id,
        "object": "response",
        "created_at": 0,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": None,
        "metadata": {},
        "model": billed.model,
        "output": [] if begun else _output(billed),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None if begun else _usage(billed),
    }


def _output(billed: Billed) -> list[Json]:
    message = _message(billed, [_part(billed)])
    return [_thoughts(billed, [_summary(billed)]), message] if billed.reasoning else [message]


def _summary(billed: Billed, text: str | None = None) -> Object:
    return {"type": "summary_text", "text": billed.reasoning if text is None else text}


def _thoughts(billed: Billed, summary: list[Json]) -> Object:
    return {"type": "reasoning", "id": f"rs-{billed.id}", "summary": summary}


def _message(billed: Billed, content: list[Json], status: str | None = None) -> Object:
    ended = "incomplete" if billed.finish == "length" else "completed"
    return {
        "type": "message",
        "id": f"msg-{billed.id}",
        "status": status or ended,
        "role": "assistant",
        "content": content,
    }


def _part(billed: Billed, text: str | None = None) -> Object:
    said = billed.text if text is None else text
    if billed.finish == "refusal":
        return {"type": "refusal", "refusal": said}
    return {"type": "output_text", "text": said, "annotations": [], "logprobs": []}


def _usage(billed: Billed) -> Object:
    return {
        "input_tokens": billed.prompt_tokens,
        "input_tokens_details": {"cached_tokens": billed.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": billed.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": billed.reasoning_tokens},
        "total_tokens": billed.prompt_tokens + billed.completion_tokens,
    }


def events(billed: Billed, asked: Asked) -> Iterator[Event]:
    """The same reply as a stream: `response.created` to `response.completed` or `response.incomplete`."""
    numbers = count()

    def event(name: str, fields: Object, token: bool = False) -> Event:
        return Event(name, {"type": name, "sequence_number": next(numbers), **fields}, token)

    begun = _response(billed, "in_progress")
    yield event("response.created", {"response": begun})
    yield event("response.in_progress", {"response": begun})
    if billed.reasoning:
        yield event("response.output_item.added", {"output_index": 0, "item": _thoughts(billed, [])})
        for name, fields, token in _thinking(billed):
            yield event(f"response.reasoning_summary_{name}", fields, token)
        yield event("response.output_item.done", {"output_index": 0, "item": _thoughts(billed, [_summary(billed)])})
    index = 1 if billed.reasoning else 0
    yield event("response.output_item.added", {"output_index": index, "item": _message(billed, [], "in_progress")})
    for name, fields, token in _speaking(billed, index):
        yield event(f"response.{name}", fields, token)
    yield event("response.output_item.done", {"output_index": index, "item": _message(billed, [_part(billed)])})
    whole = reply(billed)
    yield event(f"response.{whole['status']}", {"response": whole})


def _thinking(billed: Billed) -> Iterator[tuple[str, Object, bool]]:
    at: Object = {"item_id": f"rs-{billed.id}", "output_index": 0, "summary_index": 0}
    yield "part.added", {**at, "part": _summary(billed, "")}, False
    for piece in pieces(billed.reasoning):
        yield "text.delta", {**at, "delta": piece}, True
    yield "text.done", {**at, "text": billed.reasoning}, False
    yield "part.done", {**at, "part": _summary(billed)}, False


def _speaking(billed: Billed, index: int) -> Iterator[tuple[str, Object, bool]]:
    at: Object = {"item_id": f"msg-{billed.id}", "output_index": index, "content_index": 0}
    refused = billed.finish == "refusal"
    name = "refusal" if refused else "output_text"
    logprobs: Object = {} if refused else {"logprobs": []}
    yield "content_part.added", {**at, "part": _part(billed, "")}, False
    for piece in pieces(billed.text):
        yield f"{name}.delta", {**at, "delta": piece, **logprobs}, True
    yield f"{name}.done", {**at, "refusal" if refused else "text": billed.text, **logprobs}, False
    yield "content_part.done", {**at, "part": _part(billed)}, False


def error_event(fault: Fault) -> Event:
    """An error in the middle of a stream."""
    kind, code = chat.ERRORS.get(fault.status, ("server_error", "server_error"))
    data = {
        "type": "error",
        "code": fault.code or code or kind,
        "message": fault.message,
        "param": None,
        "sequence_number": 0,
    }
    return Event("error", data)
