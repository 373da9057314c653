"""What filters need from outside, read for them: evaluation items, the student's control tokens, token limits."""

from collections.abc import Iterator
from pathlib import Path

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import BbkdError, InputError
from blackbox_kd.run import RunDir
from blackbox_kd.stages.content import asked_text
from blackbox_kd.strategies.files import Row, expand, plain, rows, turns
from blackbox_kd.text import words

QUESTIONS = ("question", "problem", "instruction", "text")
ANSWERS = ("reference", "answer", "solution", "canonical_solution")
ANSWER_WORDS = 8  # a shorter answer says nothing of where it is from


def items_of(patterns: tuple[str, ...], root: Path) -> Iterator[str]:
    """The texts of evaluation items: what each row asks, and its answer where that is long enough to be known again.

    Raises `InputError` naming file and line.
    """
    for path in expand(patterns, root, "filter.decontamination.sets"):
        empty = True
        for where, row in rows(path):
            empty &= not words(asked := question(row, where))
            yield asked
            for name in ANSWERS:
                if row.get(name) is not None and len(words(answer := plain(row[name]))) >= ANSWER_WORDS:
                    yield answer
        if empty:
            raise InputError(f"{path}: there is no evaluation item in it", "Nothing could be kept from leaking.")


def question(row: Row, where: str) -> str:
    """What a row asks, under any of the usual names; raises `InputError`."""
    if "prompt" in row or "messages" in row:
        return asked_text(turns(row, where))
    for name in QUESTIONS:
        if isinstance(row.get(name), str):
            return str(row[name])
    names = ", ".join(("prompt", "messages", *QUESTIONS))
    raise InputError(f"{where}: an evaluation item has none of the columns {names}", f"It has: {', '.join(row)}.")


def special_tokens(run: RunDir, config: Config) -> tuple[str, ...]:
    """The control tokens of the student's tokenizer; none, with a note, where the tokenizer cannot be had now."""
    from blackbox_kd.student.tokens import special_tokens_of

    try:
        return special_tokens_of(config.train.student)
    except BbkdError as error:
        run.progress.note(f"filter: only the control tokens of common templates are looked for: {error.message}")
        return ()


def max_tokens(config: Config) -> dict[str, int]:
    """The token limit of each teacher."""
    return {one.model: one.sampling.max_tokens for one in config.teacher if one.sampling.max_tokens}
