"""How likely a student finds given answers: teacher-forced, in the very tokens that it would be trained on."""

from collections.abc import Mapping, Sequence

import msgspec

from blackbox_kd.records import Example, Json, Message
from blackbox_kd.student.load import Student
from blackbox_kd.student.loss import row_nlls
from blackbox_kd.student.rows import IGNORED, Row, tokenize_one
from blackbox_kd.student.template import stop_id


class Likelihood(msgspec.Struct, frozen=True, kw_only=True):
    """Negative log-likelihood of one answer in nats, summed over its `tokens`, of which the last is the stop token.

    `bytes` are those of its text in UTF-8.
    """

    nll: float
    tokens: int
    bytes: int


def likelihoods(
    student: Student,
    conversations: Sequence[Sequence[Message]],
    texts: Sequence[str],
    template_args: Mapping[str, Json] | None = None,
    batch_size: int = 8,
) -> list[Likelihood | None]:
    """The likelihood of each text as the answer to its conversation; None where both exceed the student's context.

    Raises `UsageError` if the template refuses a conversation.
    """
    stop = stop_id(student.tokenizer)
    room = int(getattr(student.model.config, "max_position_embeddings", 0) or 1 << 30)
    rows: list[Row] = []
    for turns, text in zip(conversations, texts, strict=True):
        answer = (Message(role="assistant", content=text),)
        example = Example(id=str(len(rows)), prompt=tuple(turns), completion=answer)
        rows.append(tokenize_one(student.tokenizer, example, template_args or {}, stop))
    fitting = [index for index, row in enumerate(rows) if len(row.input_ids) <= room]
    sums = row_nlls(student.model, [rows[index] for index in fitting], int(student.tokenizer.pad_token_id), batch_size)
    nlls = dict(zip(fitting, sums, strict=True))
    return [
        Likelihood(
            nll=nlls[index],
            tokens=len(row.labels) - row.labels.count(IGNORED),
            bytes=len(texts[index].encode("utf-8", "surrogatepass")),
        )
        if index in nlls
        else None
        for index, row in enumerate(rows)
    ]
