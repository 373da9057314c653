"""Streamed bodies: server-sent events (WHATWG HTML, section 9.2), and when the last one has come. Pure.

A stream is kept as its raw bytes; what joins its events to the body that was not streamed is up to each wire.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from blackbox_kd.teachers.status import disguised, error_fields
from blackbox_kd.teachers.target import Api
from blackbox_kd.teachers.wire import Incomplete, Malformed, clean, decode, table

DONE = b"[DONE]"
BOM = b"\xef\xbb\xbf"
START = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*(?:data|event|id|retry)?:")
FINISH = re.compile(rb'"finish_reason"\s*:\s*"[^"]')
SAID = re.compile(rb'"(?:content|reasoning_content|reasoning|refusal|arguments)"\s*:\s*(?:"[^"]|\[\s*\{|\{)')
ERROR = re.compile(rb'"error"\s*:\s*[{"]')
SPOKEN = ("content_block_delta", "content_block_stop")
LAST = {"anthropic": ("message_stop",), "responses": ("response.completed", "response.incomplete")}


class Event(NamedTuple):
    """One event: its name, empty where none was given, and its data."""

    name: bytes
    data: bytes

    @property
    def kind(self) -> str:
        """The name, or where there is none the `type` in the data."""
        if self.name:
            return self.name.decode("utf-8", "replace")
        try:
            return clean(decode(self.data).get("type"))
        except Malformed:
            return ""


class StreamError(NamedTuple):
    """An error event inside a 2xx stream: the HTTP status it stands for, and a body as an error response has it."""

    status: int
    raw: bytes


class Events:
    """Reads events from bytes as they come, in pieces of any size."""

    def __init__(self) -> None:
        self._line: list[bytes] = []  # pieces of a line that has not ended
        self._name = b""
        self._data: list[bytes] = []
        self._first = True

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that these bytes complete."""
        held = bool(self._line) and self._line[-1].endswith(b"\r")
        if not held and b"\n" not in chunk and b"\r" not in chunk:
            self._line.append(chunk)
            return []
        text = b"".join((*self._line, chunk))
        half = text[-1:] if text.endswith(b"\r") else b""  # of a CRLF, perhaps
        if b"\r" in text:
            text = text.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._line = [rest + half]
        return [event for line in lines if (event := self._read(line)) is not None]

    def _read(self, line: bytes) -> Event | None:
        if self._first:
            line, self._first = line.removeprefix(BOM), False
        if not line:
            event = Event(self._name, b"\n".join(self._data)) if self._data else None
            self._name, self._data = b"", []
            return event
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._name = value
        return None

    def rest(self) -> list[Event]:
        """At the end: the event that lacks only its blank line; raises `Incomplete` for one that was cut."""
        line = b"".join(self._line)
        if line == b"\r":
            return [Event(self._name, b"\n".join(self._data))] if self._data else []
        field, _, value = line.removesuffix(b"\r").partition(b":")
        data = [*self._data, value.removeprefix(b" ")] if field == b"data" else self._data
        if not data and not self._name and (not line or line.startswith(b":")):
            return []
        last = Event(self._name, b"\n".join(data))
        if not whole(last.data):
            raise Incomplete("the stream was cut inside an event")
        return [last]


def whole(data: bytes) -> bool:
    """Whether an event's data is all there."""
    try:
        return data == DONE or decode(data) is not None
    except Malformed:
        return False


def streamed(raw: bytes) -> bool:
    """Whether a body is a stream of events, by its first bytes."""
    return not raw.startswith(b"{") and START.match(raw) is not None


def loaded(raw: bytes, wire: Api, joined: Callable[[list[Event]], dict[str, Any]]) -> dict[str, Any]:
    """A 2xx body as one object, its events joined where it was streamed.

    Raises `Incomplete` for a stream without its last event, `Malformed` for an error inside it and for no JSON.
    """
    if not streamed(raw):
        return decode(raw)
    reader = Events()
    found = [*reader.feed(raw), *reader.rest()]
    for event in found:
        if (error := failure(wire, event)) is not None:
            code, kind, message = error_fields(error.raw)
            raise Malformed(f"an error inside the stream: {error.status} {code or kind} {message}".strip())
    if not any(final(wire, event) for event in found):
        raise Incomplete("the stream ended before the answer did")
    return joined(found)


def final(wire: Api, event: Event) -> bool:
    """Whether the answer is whole with this event; on the OpenAI wire its usage may still follow."""
    if wire == "openai":
        return event.data == DONE or FINISH.search(event.data) is not None
    return event.kind in LAST[wire]


def failure(wire: Api, event: Event) -> StreamError | None:
    """The error that an event reports, in place of the rest of the answer."""
    if b"error" not in event.data and b"error" not in event.name and b"failed" not in event.data:
        return None
    kind = event.kind if event.name or wire != "openai" else ""
    if kind == "error":
        raw = event.data
    elif kind == "response.failed" and wire == "responses":
        raw = msgspec.json.encode({"error": table(safely(event.data).get("response")).get("error") or {"code": "502"}})
    elif wire == "openai" and ERROR.search(event.data) and (error := safely(event.data).get("error")):
        raw = msgspec.json.encode({"error": error})
    else:
        return None
    return StreamError(disguised(raw) or 502, raw)


def safely(data: bytes) -> dict[str, Any]:
    """The data as an object; an empty one where it is none."""
    try:
        return decode(data)
    except Malformed:
        return {}


class Watch:
    """Follows a stream while it comes: whether it says anything, whether the answer is whole, any error in it."""

    def __init__(self, wire: Api) -> None:
        self.error: StreamError | None = None
        self.ended = False  # nothing more will come, even if the server keeps the connection open
        self._wire = wire
        self._events = Events()
        self._start = b""
        self._final = False
        self._thinking = False  # inside a block whose text may be kept from us: a ping is a sign of life

    def feed(self, chunk: bytes) -> bool:
        """Take bytes; True if they brought something of the answer. Pings, comments and opening events are nothing."""
        if len(self._start) < 64:
            self._start += chunk[:64]
        said = [self._look(event) for event in self._events.feed(chunk)]
        return any(said) or self.plain

    def _look(self, event: Event) -> bool:
        if self.error is None:
            self.error = failure(self._wire, event)
        last = final(self._wire, event)
        self._final = self._final or last
        if self._wire == "openai":
            self.ended = self.ended or event.data == DONE
            return last or SAID.search(event.data) is not None
        self.ended = self.ended or last
        kind = event.kind
        if self._wire == "responses":
            return last or kind.endswith((".delta", ".done"))
        if kind == "content_block_start":
            self._thinking = b"thinking" in event.data
        elif kind == "content_block_stop":
            self._thinking = False
        return last or kind in SPOKEN or (kind == "ping" and self._thinking)

    @property
    def plain(self) -> bool:
        """Whether the body is no stream: a server that does not stream sends one whole object."""
        start = self._start.lstrip()
        return start.startswith(b"{") or (len(start) >= len(b"retry:") and not streamed(start))

    @property
    def finished(self) -> bool:
        """Whether the answer is whole, if nothing more comes."""
        try:
            rest = self._events.rest()
        except Incomplete:
            return False
        return self._final or any(final(self._wire, event) for event in rest)
