"""What a conversation asks, as one text: to show it, to compare it, and to name it."""

from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Message
from blackbox_kd.text import fold


def asked_text(messages: tuple[Message, ...]) -> str:
    """All turns of a conversation as one text."""
    return "\n".join(turn.content for turn in messages)


def folded(messages: tuple[Message, ...]) -> str:
    """A conversation's text to compare it by, whatever its case and spacing."""
    return fold(asked_text(messages))


def content_key(messages: tuple[Message, ...]) -> str:
    """The name of a conversation's content, whatever its id, case and spacing."""
    return text_digest(folded(messages))
