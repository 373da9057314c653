"""Attempts that travel between ledgers: out as JSON lines or from another ledger's tables, and in without doubles."""

import base64
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import lines
from blackbox_kd.teachers.ledger.book import Ledger
from blackbox_kd.teachers.ledger.claims import KNOWN

COLUMNS = "hash, label, identity, state, code, status, max_tokens, sent_ms, ended_ms, headers, raw, batch"
ALL = f"SELECT {COLUMNS} FROM attempt JOIN request USING (hash)"
REPLIES = f"{ALL} WHERE state = 'stored' ORDER BY attempt.id"
OTHERS = f"{ALL} WHERE state <> 'sent' OR batch IS NULL ORDER BY attempt.id"
SAME = "SELECT id, state, raw FROM attempt WHERE hash = ? AND sent_ms = ? AND max_tokens = ?"
INSERT = """
INSERT INTO attempt (hash, state, code, status, max_tokens, sent_ms, ended_ms, headers, raw, batch)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
RAISE = "UPDATE attempt SET state = 'stored', code = NULL, status = ?, ended_ms = ?, headers = ?, raw = ? WHERE id = ?"
# The newest reply to a request, of those that were there before the merge: up to an attempt, or moved since.
OWN = """
SELECT id, max_tokens, sent_ms FROM attempt WHERE hash = ? AND state = 'stored' AND (id <= ? OR id = ?)
ORDER BY id DESC LIMIT 1
"""
MOVE = """
UPDATE attempt SET id = (SELECT max(id) + 1 FROM attempt), owner = NULL WHERE id = ? AND
    EXISTS (SELECT 1 FROM attempt AS b WHERE b.hash = attempt.hash AND b.state = 'stored' AND b.id > attempt.id)
RETURNING id
"""
FAILURES = "SELECT hash, code, message, attempts, given_up_ms, max_tokens FROM failure"
FAILED = """
INSERT INTO failure (hash, code, message, attempts, given_up_ms, max_tokens) SELECT ?1, ?2, ?3, ?4, ?5, ?6
WHERE NOT EXISTS (SELECT 1 FROM attempt WHERE hash = ?1 AND state = 'stored')
ON CONFLICT (hash) DO UPDATE SET
    code = excluded.code, message = excluded.message, attempts = excluded.attempts,
    given_up_ms = excluded.given_up_ms, max_tokens = excluded.max_tokens
WHERE excluded.given_up_ms > given_up_ms
"""
CHUNK = 500  # attempts in one transaction


class Travelling(NamedTuple):
    """An attempt with its request, as in the tables."""

    key: str
    label: str
    identity: bytes
    state: str
    code: str | None
    status: int | None
    max_tokens: int
    sent_ms: int
    ended_ms: int | None
    headers: bytes | None
    raw: bytes | None
    batch: str | None


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A paid reply as `bbkd ledger export` writes it; `raw` is its text, or `raw_base64` where that is no UTF-8."""

    schema: int = 1
    key: str
    teacher: str
    identity: msgspec.Raw
    max_tokens: int
    status: int | None
    sent_ms: int
    ended_ms: int | None
    headers: msgspec.Raw
    raw: str | None = None
    raw_base64: str | None = None
    batch: str | None = None


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What a merge brought: replies, attempts that may have been paid, and the rest; `known` were there before."""

    replies: int = 0
    ambiguous: int = 0
    errors: int = 0
    known: int = 0

    def __add__(self, other: "Merged") -> "Merged":
        return Merged(
            replies=self.replies + other.replies,
            ambiguous=self.ambiguous + other.ambiguous,
            errors=self.errors + other.errors,
            known=self.known + other.known,
        )


def exported(ledger: Ledger) -> Iterator[bytes]:
    """Every stored reply as a line of JSON, oldest first."""
    encoder = msgspec.json.Encoder()
    for row in ledger.stream(REPLIES):
        one = Travelling(*row)
        text, coded = body_of(one.raw or b"")
        line = Line(
            key=one.key,
            teacher=one.label,
            identity=msgspec.Raw(one.identity),
            max_tokens=one.max_tokens,
            status=one.status,
            sent_ms=one.sent_ms,
            ended_ms=one.ended_ms,
            headers=msgspec.Raw(one.headers or b"{}"),
            raw=text,
            raw_base64=coded,
            batch=one.batch,
        )
        yield encoder.encode(line) + b"\n"


def body_of(raw: bytes) -> tuple[str | None, str | None]:
    """A body as text, or in base64 where it is no UTF-8."""
    try:
        return raw.decode(), None
    except UnicodeDecodeError:
        return None, base64.b64encode(raw).decode("ascii")


def lines_of(path: Path) -> Iterator[Travelling]:
    """The replies of an exported file; raises `InputError` naming file and line."""
    decoder = msgspec.json.Decoder(Line)
    for number, text in lines(path):
        try:
            line = decoder.decode(text)
            raw = base64.b64decode(line.raw_base64, validate=True) if line.raw_base64 is not None else line.raw
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise InputError(f"{path}:{number}: {error}", "Merge ledgers, or files of `bbkd ledger export`.") from error
        if raw is None or line.schema != 1:
            fix = "Update bbkd." if line.schema != 1 else "Export it again."
            raise InputError(f"{path}:{number}: no reply, or a schema other than 1", fix)
        yield Travelling(
            key=line.key,
            label=line.teacher,
            identity=bytes(line.identity),
            state="stored",
            code=None,
            status=line.status,
            max_tokens=line.max_tokens,
            sent_ms=line.sent_ms,
            ended_ms=line.ended_ms,
            headers=bytes(line.headers),
            raw=raw.encode() if isinstance(raw, str) else raw,
            batch=line.batch,
        )


def rows_of(ledger: Ledger) -> Iterator[Travelling]:
    """Every attempt of another ledger; what is in flight there counts as perhaps paid, unless it is in a batch."""
    for row in ledger.stream(OTHERS):
        one = Travelling(*row)
        yield one._replace(state="ambiguous", code="interrupted") if one.state == "sent" else one


async def merge(ledger: Ledger, found: Iterable[Travelling]) -> Merged:
    """Bring attempts in, so many in one transaction. Doing it twice changes nothing. Raises `StorageFull`.

    What comes in is newer than what is there, and so in force, unless what is there has a higher token limit, or the
    same and was sent later: that becomes the newest again.
    """
    last = await ledger.write(lambda db: int(db.execute("SELECT ifnull(max(id), 0) FROM attempt").fetchone()[0]))
    whole, moved = Merged(), dict[str, int]()
    rows = iter(found)
    while chunk := list(itertools.islice(rows, CHUNK)):
        counts, again = await brought(ledger, chunk, last, moved)
        whole += counts
        moved |= again
    return whole


async def brought(
    ledger: Ledger, chunk: list[Travelling], last: int, before: Mapping[str, int]
) -> tuple[Merged, dict[str, int]]:
    """Bring these attempts in, in one transaction; also returns which replies became the newest of their request."""

    def write(db: sqlite3.Connection) -> tuple[Merged, dict[str, int]]:
        whole, moved = Merged(), dict(before)
        for one in chunk:
            counts = bring(db, one)
            whole += counts
            if counts.replies and (number := kept(db, one, last, moved.get(one.key, 0))):
                moved[one.key] = number
        return whole, moved

    return await ledger.write(write)


def kept(db: sqlite3.Connection, one: Travelling, last: int, moved: int) -> int:
    """Make the reply that was there before the newest again if it is the better one; returns its new id, else 0."""
    own = db.execute(OWN, (one.key, last, moved)).fetchone()
    if own is None or (own[1], own[2]) < (one.max_tokens, one.sent_ms):
        return 0
    again = db.execute(MOVE, (own[0],)).fetchone()
    return 0 if again is None else int(again[0])


def failures_of(ledger: Ledger) -> Iterator[tuple[str, str, str, int, int, int | None]]:
    """Every request that another ledger gave up for good, as a row of its table."""
    yield from ledger.stream(FAILURES)


async def merge_failures(ledger: Ledger, found: Iterable[tuple[str, str, str, int, int, int | None]]) -> None:
    """Give up what was given up there, but for requests with a reply here, or given up later. After `merge`."""
    rows = list(found)
    await ledger.write(lambda db: db.executemany(FAILED, rows).rowcount)


def bring(db: sqlite3.Connection, one: Travelling) -> Merged:
    """Bring one attempt in. It is one that we have if request, limit and time are equal and it tells no more than ours.

    Two different replies to a request are both kept: both were paid for.
    """
    known = db.execute(SAME, (one.key, one.sent_ms, one.max_tokens)).fetchall()
    if one.state != "stored" and known:
        return Merged(known=1)
    if any(state == "stored" and raw == one.raw for _, state, raw in known):
        return Merged(known=1)
    lesser = [number for number, state, _ in known if state != "stored"]
    if lesser:
        db.execute(RAISE, (one.status, one.ended_ms, one.headers, one.raw, lesser[0]))
        return Merged(replies=1)
    db.execute(KNOWN, (one.key, one.label, one.identity))
    values = (one.code, one.status, one.max_tokens, one.sent_ms, one.ended_ms, one.headers, one.raw, one.batch)
    db.execute(INSERT, (one.key, one.state, *values))
    return Merged(replies=one.state == "stored", ambiguous=one.state == "ambiguous", errors=one.state == "error")
