"""What a test can have happen to one attempt at one request, on any wire.

A script is asked for every attempt that the server would answer; it gives a play, or None for a normal reply:

    def script(asked: Asked, attempt: int) -> Play | None:
        if attempt == 1:
            return Error(529, headers={"x-should-retry": "true"})
        if attempt == 2 and "urgent" in asked.prompt:
            return Stop("half", "reset")
        return None

    async with serving(Simulated(task="tickets"), books=path, script=script) as url: ...

Attempts count from 1 for each request body; those that a wrong key, an unknown model or a rate limit keeps out do not
count. `billed` says whether the provider had done the work when the fault happened: then the books have a line.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.shapes import Event

NONE: Mapping[str, str] = MappingProxyType({})
StreamFault = Literal["no_end", "character", "event", "error", "silence", "pings", "duplicate"]


class Error(NamedTuple):
    """An HTTP error in the wire's own shape; `type` and `code` None: what the wire has for that status.

    `reflect` puts the request's key into the message, as a careless gateway does. `body` replaces the whole body.
    """

    status: int
    message: str = "The request failed (simulated)."
    type: str | None = None
    code: str | None = None
    retry_after_s: float | None = None
    headers: Mapping[str, str] = NONE
    body: bytes | None = None
    content_type: str = "application/json"
    reflect: bool = False
    billed: bool = False


class Body(NamedTuple):
    """Another body: bytes as they are, or a function that is given the reply object and returns one to send.

    `headers` may hold a content-encoding; the bytes are then sent as they are.
    """

    content: bytes | Callable[[dict[str, Any]], object]
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = NONE
    billed: bool = True


class Stop(NamedTuple):
    """No more comes after the request, the headers or half of the body: silence, a reset (RST), or a clean close."""

    after: Literal["request", "headers", "half"]
    then: Literal["silence", "reset", "close"]
    billed: bool = True


class Drip(NamedTuple):
    """The headers at once, the body slowly."""

    bytes_per_s: float
    billed: bool = True


class Raw(NamedTuple):
    """Bytes in place of a response, then the connection is closed; a function is given the reply's JSON body.

    Functions for broken framing are below, from `short_length` to `interim`.
    """

    content: bytes | Callable[[bytes], bytes]
    billed: bool = True


class Redirect(NamedTuple):
    """A redirect to another URL."""

    url: str
    status: int = 302
    billed: bool = False


class Large(NamedTuple):
    """A JSON string of so many MiB, made while it is sent; packed, it is a gzip bomb of a thousandth of that."""

    mebibytes: int
    packed: bool = False
    billed: bool = True


class Idle(NamedTuple):
    """A normal reply on a connection that stays open, and that the server closes so long after.

    With 0 s the close and the client's next request cross. For a reset that meets the next request, script
    `Stop("request", "reset", billed=False)` for that one.
    """

    seconds: float = 0.0
    billed: bool = True


class Stream(NamedTuple):
    """A fault within a stream (the HTTP response itself ends well), or a function of its events.

    no_end: without `[DONE]`, `message_stop` or `response.completed`; character, event: the bytes end in the middle of
    one; error: an error event halfway (status 529); silence: pings, then nothing; pings: pings without end;
    duplicate: an index comes twice.
    """

    fault: StreamFault | Callable[[list[Event]], list[Event]]
    billed: bool = True


Play = Error | Body | Stop | Drip | Raw | Redirect | Large | Idle | Stream
Script = Callable[[Asked, int], Play | None]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def _sized(body: bytes, length: int) -> bytes:
    return OK + b"Content-Length: %d\r\n\r\n" % length + body


def short_length(body: bytes) -> bytes:
    """A Content-Length of half the body, which then comes whole."""
    return _sized(body, len(body) // 2)


def long_length(body: bytes) -> bytes:
    """A Content-Length of more than comes."""
    return _sized(body, len(body) + 100)


def bad_chunk(body: bytes) -> bytes:
    """A chunked body whose second chunk has no size."""
    half = len(body) // 2
    return OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\nhalf\r\n%b\r\n" % (half, body[:half], body[half:])


def no_status_line(body: bytes) -> bytes:
    """The body, without status line and headers."""
    return body


def http_1_0(body: bytes) -> bytes:
    """HTTP/1.0 without a length: the body ends with the connection. A client should read it."""
    return b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body


def interim(body: bytes) -> bytes:
    """`100 Continue`, which nobody asked for, and the reply. A client should read it."""
    return b"HTTP/1.1 100 Continue\r\n\r\n" + _sized(body, len(body))
