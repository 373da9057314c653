"""What both vendors' shapes are made from: a reply before it has one, a fault, an event of a stream."""

from typing import NamedTuple

import msgspec

from blackbox_kd.records import Json

CHARS_A_TOKEN = 4
Object = dict[str, Json]


class Fault(NamedTuple):
    """An answer that is no reply: HTTP status, message, after how long to ask again, and what the error is called.

    `type` and `code` None: what the wire has for the status; `code` is `error.details.error_code` with Anthropic.
    """

    status: int
    message: str
    retry_after_s: float | None = None
    type: str | None = None
    code: str | None = None


class Billed(NamedTuple):
    """A reply as it is sent."""

    id: str
    model: str
    text: str
    finish: str  # stop, length or refusal
    prompt_tokens: int  # all of them
    completion_tokens: int  # reasoning included
    reasoning: str = ""
    cached_tokens: int = 0  # of the prompt's
    cache_write_tokens: int = 0  # of the prompt's
    reasoning_tokens: int = 0  # of the completion's


class Event(NamedTuple):
    """A server-sent event: without data a comment; text as it is, anything else as JSON. `token`: it waits for one."""

    name: str | None
    data: object
    token: bool = False

    def encode(self) -> bytes:
        """The event on the wire."""
        if self.data is None:
            return b": ping\n\n"
        head = f"event: {self.name}\n" if self.name else ""
        data = self.data.encode() if isinstance(self.data, str) else msgspec.json.encode(self.data)
        return head.encode() + b"data: " + data + b"\n\n"


def tokens(text: str) -> int:
    """An estimate of a text's tokens: four characters each, and one more."""
    return len(text) // CHARS_A_TOKEN + 1


def pieces(text: str) -> list[str]:
    """A text in tokens of four characters."""
    return [text[start : start + CHARS_A_TOKEN] for start in range(0, len(text), CHARS_A_TOKEN)]
