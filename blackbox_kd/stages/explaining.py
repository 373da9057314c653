"""`bbkd explain ID`: all that is known of one row, from its prompt to its prediction. It reads, and needs no key."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_rows
from blackbox_kd.records import Completion, Example, Json, Prediction, Prompt, Record, Score, Verdict
from blackbox_kd.run import (
    COMPLETIONS,
    PREDICTIONS,
    PROMPTS,
    SCORES,
    TRAIN_ROWS,
    VALIDATION_ROWS,
    VERDICTS,
    RunDir,
    require,
    show,
)
from blackbox_kd.stages.buying import Row, asked_of, ledger_path
from blackbox_kd.stages.ledgering import day
from blackbox_kd.stages.targets import target_of, teachers_of
from blackbox_kd.teachers.ledger import AttemptRow, Ledger, open_ledger
from blackbox_kd.teachers.ledger.owners import named
from blackbox_kd.teachers.request import Asked, usable
from blackbox_kd.teachers.wire import Malformed

T = TypeVar("T", bound=msgspec.Struct)
MOST_DIFFERENCES = 20
SAME_TURN = "SELECT hash, identity FROM request WHERE hash <> ? AND instr(identity, ?) > 0"
ANY = "SELECT hash, identity FROM request WHERE hash <> ?"


class Attempt(Record, frozen=True, kw_only=True):
    """One attempt, for people; times are ISO 8601, UTC."""

    state: str
    code: str | None
    status: int | None
    max_tokens: int
    sent: str | None
    ended: str | None
    who: str  # the process or batch that sent it
    size: int  # bytes of the body that came


class Difference(Record, frozen=True, kw_only=True):
    """A field in which the request differs from one in the ledger; None where one of them has none."""

    path: str
    held: str | None
    asked: str | None


class Nearest(Record, frozen=True, kw_only=True):
    """The request in the ledger that is most like one that it does not hold."""

    key: str
    answered: bool
    differences: tuple[Difference, ...]
    more: int = 0  # differences beyond those


class Request(Record, frozen=True, kw_only=True):
    """What the ledger knows of the row's request."""

    key: str
    teacher: str
    ledger: str
    answer: str  # held, cut, malformed, given up, in flight, failed, or missing
    why: str
    attempts: tuple[Attempt, ...]
    reply: str | None  # the stored body, as it came
    nearest: Nearest | None


class Explained(Record, frozen=True, kw_only=True):
    """All of one row."""

    id: str
    prompt: Prompt
    request: Request | None  # None in a run that was imported
    completion: Completion | None
    score: Score | None  # by `bbkd judge` and by people
    kept: str | None  # the dataset file that has it
    verdicts: tuple[Verdict, ...]
    predictions: tuple[Prediction, ...]


def explain(run: RunDir, config: Config, name: str) -> Explained:
    """Gather what the run and the ledger know of `prompt_id` or `prompt_id#sample`; raises `InputError` if nothing."""
    prompt, sample = prompt_of(run, name)
    row = f"{prompt.id}#{sample}"
    found = first(run / COMPLETIONS, Completion, "id", row)
    places = [file for file in (TRAIN_ROWS, VALIDATION_ROWS) if first(run / file, Example, "id", row)]
    predictions = tuple(one for one in rows(run / PREDICTIONS, Prediction) if one.prompt_id == prompt.id)
    return Explained(
        id=row,
        prompt=prompt,
        request=None if run.manifest_path("import").exists() else request_of(run, config, Row(prompt, sample)),
        completion=found,
        score=first(run / SCORES, Score, "id", row) if run.manifest_path("judge").exists() else None,
        kept=places[0] if places else None,
        verdicts=verdicts_on(run, row),
        predictions=predictions,
    )


def prompt_of(run: RunDir, name: str) -> tuple[Prompt, int]:
    """The prompt and the number of the sample; an id may hold a `#` itself. Raises `InputError`."""
    stem, _, number = name.rpartition("#")
    sampled = (stem, int(number)) if stem and number.isascii() and number.isdigit() else None
    found: Prompt | None = None
    for one in read_rows(require(run / PROMPTS, "prompts"), Prompt):
        if one.id == name:
            return one, 0
        if sampled and one.id == sampled[0]:
            found = one
    if found is None or sampled is None:
        raise InputError(
            f"{run / PROMPTS}: no prompt has the id {name!r}", "Ids are in its field `id`; add #1 for a sample."
        )
    return found, sampled[1]


def rows(path: Path, kind: type[T]) -> Iterator[T]:
    """The rows of a file that a stage may not have written yet."""
    return read_rows(path, kind) if path.exists() else iter(())


def first(path: Path, kind: type[T], field: str, value: str) -> T | None:
    """The first row with such a field."""
    return next((one for one in rows(path, kind) if getattr(one, field) == value), None)


def verdicts_on(run: RunDir, row: str) -> tuple[Verdict, ...]:
    """What every filter that looked at a row said of it; the columns of ids tell which file has it."""
    from blackbox_kd.stages.filtering.columns import verdicts_of

    return verdicts_of(run / VERDICTS, row)


def request_of(run: RunDir, config: Config, row: Row) -> Request:
    """What the ledger knows of a row; it is opened to be read, and no teacher is asked."""
    asked = asked_of(row, tuple(target_of(one, run.root) for one in teachers_of(config)))
    path = ledger_path(run.root)
    with open_ledger(path, read_only=True, warn=run.progress.note) as ledger:
        attempts = ledger.attempts(asked.key)
        answer, why = answered(ledger, asked, attempts)
        stored = ledger.lookup(asked.key)
        return Request(
            key=asked.key,
            teacher=asked.target.label,
            ledger=str(path),
            answer=answer,
            why=why,
            attempts=tuple(map(shown, attempts)),
            reply=None if stored is None else stored.raw.decode("utf-8", "replace"),
            nearest=nearest(ledger, asked) if answer == "missing" else None,
        )


def answered(ledger: Ledger, asked: Asked, attempts: list[AttemptRow]) -> tuple[str, str]:
    """(word, reason) of what the ledger holds for a request."""
    stored = ledger.lookup(asked.key)
    if stored is not None:
        try:
            if usable(stored, asked) is not None:
                return "held", "nothing will be asked"
        except Malformed as error:
            return "malformed", f"it was paid for, and cannot be read: {error}"
        return (
            "cut",
            f"it ended at {stored.max_tokens} tokens, and {asked.max_tokens} are wanted now: it will be asked again",
        )
    if (gone := ledger.gave_up(asked.key, asked.max_tokens)) is not None:
        return "given up", f"{gone.code}: {gone.message}"
    if any(one.state == "sent" for one in attempts):
        return "in flight", "another process or a batch has it, or died with it"
    if attempts:
        return "failed", f"{attempts[-1].code or 'unknown'}: it will be asked again"
    return "missing", "it was never asked"


def shown(attempt: AttemptRow) -> Attempt:
    """An attempt for people."""
    return Attempt(
        state=attempt.state,
        code=attempt.code,
        status=attempt.status,
        max_tokens=attempt.max_tokens,
        sent=day(attempt.sent_ms),
        ended=day(attempt.ended_ms),
        who=f"batch {attempt.batch[:12]}" if attempt.batch else named(attempt.owner),
        size=len(attempt.raw or b""),
    )


def nearest(ledger: Ledger, asked: Asked) -> Nearest | None:
    """The request with the most equal fields, among those with the same last turn if there are any; None without any.

    The requests are read one at a time, never all at once.
    """
    ours = leaves(msgspec.json.decode(asked.identity))
    turn = msgspec.json.encode(asked.messages[-1].content) if asked.messages else b'""'
    best: tuple[int, str, dict[str, Json]] | None = None
    for sql, values in ((SAME_TURN, (asked.key, turn)), (ANY, (asked.key,))):
        for key, identity in ledger.stream(sql, values):
            theirs = read(identity)
            equal = sum(1 for path, value in theirs.items() if path in ours and same(ours[path], value))
            if best is None or equal > best[0]:
                best = equal, key, theirs
        if best is not None:
            break
    if best is None:
        return None
    _, key, theirs = best
    found = differences(theirs, ours)
    return Nearest(
        key=key,
        answered=ledger.lookup(key) is not None,
        differences=tuple(found[:MOST_DIFFERENCES]),
        more=max(0, len(found) - MOST_DIFFERENCES),
    )


def read(identity: bytes) -> dict[str, Json]:
    """The fields of a request in the ledger; none where it cannot be read."""
    try:
        return leaves(msgspec.json.decode(identity))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def differences(held: dict[str, Json], asked: dict[str, Json]) -> list[Difference]:
    """Every field that is not equal, by its path."""
    return [
        Difference(path=path, held=text(held, path), asked=text(asked, path))
        for path in sorted({*held, *asked})
        if path not in held or path not in asked or not same(held[path], asked[path])
    ]


def text(fields: dict[str, Json], path: str) -> str | None:
    """A field's value as one short line, a text in quotes; None where there is none."""
    if path not in fields:
        return None
    value = fields[path]
    return (
        msgspec.json.encode(show(value)).decode()
        if isinstance(value, str)
        else show(value)
        if value is not None
        else "null"
    )


def same(one: Json, other: Json) -> bool:
    """Equal, and of one type: 1 is not true, though Python says so."""
    return type(one) is type(other) and one == other


def leaves(value: Json, path: str = "") -> dict[str, Json]:
    """The fields of a JSON value by dotted path: body.temperature, body.messages[0].content."""
    if isinstance(value, dict) and value:
        inside = [(f"{path}.{name}" if path else name, item) for name, item in value.items()]
    elif isinstance(value, list) and value:
        inside = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return {path: value}
    return {name: leaf for start, item in inside for name, leaf in leaves(item, start).items()}
