"""One answer of a student, for talking to it."""

from collections.abc import Mapping, Sequence

from blackbox_kd.records import Json, Message
from blackbox_kd.student.generate import Sampling, generate
from blackbox_kd.student.load import Student


def reply(
    student: Student,
    messages: Sequence[Message],
    max_new_tokens: int = 256,
    template_args: Mapping[str, Json] | None = None,
) -> str:
    """The greedy answer to a conversation; raises `UsageError` once it exceeds the student's context."""
    return generate(student, [messages], Sampling(max_new_tokens=max_new_tokens), template_args)[0].text
