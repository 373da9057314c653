"""What a strategy gives back."""

import msgspec

from blackbox_kd.records import Json, Message, Record, Split


class Draft(Record, frozen=True, kw_only=True):
    """A prompt before its id, family and split are settled; what the source does not say stays None."""

    messages: tuple[Message, ...]
    where: str  # file:line or the strategy's name, for error messages
    id: str | None = None
    family: str | None = None  # template, seed or document
    reference: str | None = None
    slice: str | None = None
    split: Split | None = None
    weight: float = 1.0
    source: str = ""
    meta: dict[str, Json] = msgspec.field(default_factory=dict)


def asked(text: str) -> tuple[Message, ...]:
    """A conversation of one user message."""
    return (Message(role="user", content=text),)
