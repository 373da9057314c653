"""Instruction-following difficulty: what the prompt adds to a student's expectation of an answer."""

import math
from collections.abc import Mapping, Sequence

from blackbox_kd.records import Json, Message
from blackbox_kd.student.likelihood import likelihoods
from blackbox_kd.student.load import Student
from blackbox_kd.student.loss import row_nlls
from blackbox_kd.student.rows import IGNORED, Row
from blackbox_kd.student.template import encode_content, stop_id


def difficulties(
    student: Student,
    conversations: Sequence[Sequence[Message]],
    texts: Sequence[str],
    template_args: Mapping[str, Json] | None = None,
    batch_size: int = 8,
) -> list[float | None]:
    """Mean NLL of each answer given its conversation over that of the answer alone (Li et al. 2023, arXiv 2308.12032).

    Near 0 the prompt gives the answer away, at 1 and above it is of no help. Both are of the same tokens, the stop
    token among them; the answer alone follows the token that begins a text. None where both exceed the student's
    context, or the answer alone is certain. Raises `UsageError` if the template refuses a conversation.
    """
    given = likelihoods(student, conversations, texts, template_args, batch_size)
    fitting = [index for index, one in enumerate(given) if one is not None]
    rows = [alone(student, texts[index]) for index in fitting]
    nlls = row_nlls(student.model, rows, int(student.tokenizer.pad_token_id), batch_size)
    without = dict(zip(fitting, nlls, strict=True))
    return [None if one is None else ratio(one.nll, without[index]) for index, one in enumerate(given)]


def alone(student: Student, text: str) -> Row:
    """The answer with its stop token after the token that begins a text, or the stop token where there is none."""
    tokenizer, stop = student.tokenizer, stop_id(student.tokenizer)
    start = stop if tokenizer.bos_token_id is None else int(tokenizer.bos_token_id)
    answer = [*encode_content(tokenizer, text), stop]
    return Row([start, *answer], [IGNORED, *answer])


def ratio(given: float, without: float) -> float | None:
    """One summed NLL over another of the same tokens, so their number cancels; None where it is no number."""
    found = given / without if without > 0 else math.inf
    return found if math.isfinite(found) else None
