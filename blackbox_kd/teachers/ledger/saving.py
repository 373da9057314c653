"""What is done about a damaged ledger: it is moved aside, and whatever can be read of it goes on in a new file."""

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from blackbox_kd.errors import StoreCorrupt
from blackbox_kd.jsonl import sync_folder
from blackbox_kd.teachers.ledger.carving import Value, carve
from blackbox_kd.teachers.ledger.mark import Seen
from blackbox_kd.teachers.ledger.owners import beside
from blackbox_kd.teachers.ledger.tables import LIMIT, migrate
from blackbox_kd.teachers.ledger.writing import suspect_of

# A row is known by its columns: t text, b blob, i integer, n null; several letters where one of them may stand.
SHAPES = {
    "request": ("t", "t", "b"),
    "attempt": ("n", "t", "t", "i", "i", "in", "in", "tn", "bn", "bn", "tn", "tn"),
    "failure": ("t", "t", "t", "i", "i", "in"),
    "batch": ("t", "t", "t", "t", "t", "i", "in"),
}
FIRST = {"attempt": 10, "failure": 5}  # columns of its first version
LETTERS = {type(None): "n", int: "i", str: "t", bytes: "b", float: "f"}
# Of several versions of an attempt the one that tells most is kept: a page given free may hold an older one.
INSERT = {
    "request": "INSERT OR IGNORE INTO request VALUES (?, ?, ?)",
    "attempt": """
        INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
            state = excluded.state, ended_ms = excluded.ended_ms, status = excluded.status, code = excluded.code,
            headers = excluded.headers, raw = excluded.raw
        WHERE instr('sent error ambiguous stored', excluded.state) > instr('sent error ambiguous stored', state)
    """,
    "failure": "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?, ?)",
    "batch": "INSERT OR REPLACE INTO batch VALUES (?, ?, ?, ?, ?, ?, ?)",
}
TIDY = f"""
INSERT OR IGNORE INTO request SELECT DISTINCT hash, 'unknown', X'7B7D' FROM attempt
    WHERE hash NOT IN (SELECT hash FROM request);
DELETE FROM failure WHERE hash IN (SELECT hash FROM attempt WHERE state = 'stored');
UPDATE failure SET max_tokens = {LIMIT} WHERE max_tokens IS NULL;
"""
JOURNALS = ("-shm", "-wal", "-journal", "")  # the database last: it is the one that counts
SAVING, SAVED = ".saving", ".saved"  # being filled; whole, and about to take the ledger's place


class Saved(NamedTuple):
    """What was read of a damaged file: attempts, replies among them, and rows that are there in part only."""

    attempts: int
    replies: int
    broken: int


def save(path: Path, why: str, known: Seen | None) -> StoreCorrupt:
    """Replace a damaged ledger by what can be read of it; returns the error that tells so. Nothing is deleted.

    A file without a single row of ours, never used as a ledger before, is left alone.
    """
    fresh = beside(path, SAVING)
    for suffix in JOURNALS:
        beside(fresh, suffix).unlink(missing_ok=True)
    found = fill(path, fresh)
    if known is None and found.attempts == 0:
        fresh.unlink()
        return StoreCorrupt(
            f"{path}: {why}; it holds nothing of a ledger",
            "Set BBKD_LEDGER to another path, or move the file away: it was not touched.",
        )
    fresh.replace(beside(path, SAVED))
    aside = swap(path)
    of = f" of {known.replies}" if known else ""
    before = "" if known else " (how many there were is not known)"
    lost = f"; {found.broken} rows are there in part only" if found.broken else ""
    moved = f" It was moved to {aside}." if any(beside(aside, one).exists() for one in JOURNALS) else ""
    return StoreCorrupt(
        f"{path} was damaged: {why}.{moved} {found.replies}{of} replies{before} in "
        f"{found.attempts} attempts were read from it into a new ledger{lost}",
        "Restore a backup if you have a better one; else the same command goes on with what was saved.",
    )


def swap(path: Path) -> Path:
    """Move the damaged files aside and the saved one into their place; returns where they are."""
    aside = move(path, "damaged")
    beside(path, SAVED).replace(path)
    beside(path, ".mark").unlink(missing_ok=True)
    suspect_of(path).unlink(missing_ok=True)
    sync_folder(path.parent)
    return aside


def half_saved(path: Path) -> StoreCorrupt | None:
    """Finish what a process began that died between the two steps of `swap`; the error that tells so."""
    if not beside(path, SAVED).exists():
        return None
    aside = swap(path)
    return StoreCorrupt(
        f"{path} was damaged, and moved to {aside}; what could be read of it is in a new ledger",
        "The same command goes on with what was saved.",
    )


def move(path: Path, what: str) -> Path:
    """Move a database and its journals aside, under a name that says what they are; returns the new path."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside, again = beside(path, f".{what}-{stamp}"), 2
    while aside.exists() or beside(aside, "-wal").exists():
        aside, again = beside(path, f".{what}-{stamp}-{again}"), again + 1
    for suffix in JOURNALS:
        if beside(path, suffix).exists():
            beside(path, suffix).replace(beside(aside, suffix))
    return aside


def fill(damaged: Path, fresh: Path) -> Saved:
    """Put every row that can be read of a damaged database into a new one."""
    os.close(os.open(fresh, os.O_RDWR | os.O_CREAT, damaged.stat().st_mode & 0o660 if damaged.exists() else 0o600))
    db = sqlite3.connect(fresh, isolation_level=None)
    try:
        migrate(db, fresh)
        db.execute("BEGIN")
        broken = 0
        for rowid, row in carve(damaged):
            broken += row is None
            if row is not None and (name := table_of(row)):
                put(db, name, rowid, row)
        for sql in TIDY.split(";")[:-1]:
            db.execute(sql)
        db.execute("COMMIT")
        attempts, replies = db.execute("SELECT (SELECT count(*) FROM attempt), replies FROM tally").fetchone()
        return Saved(attempts, replies, broken)
    finally:
        db.close()


def put(db: sqlite3.Connection, name: str, rowid: int, row: tuple[Value, ...]) -> None:
    """Insert a row if the table takes it: a row that is nonsense breaks a rule of the table."""
    if name == "attempt":
        row = (rowid, *row[1:])
    row = (*row, *[None] * (len(SHAPES[name]) - len(row)))
    try:
        db.execute(INSERT[name], row)
    except (sqlite3.IntegrityError, UnicodeEncodeError, OverflowError):
        return


def table_of(row: tuple[Value, ...]) -> str | None:
    """Whose row this is; one that an older version wrote may lack the columns added since."""
    letters = [LETTERS[type(value)] for value in row]
    for name, shape in SHAPES.items():
        whole = FIRST.get(name, len(shape)) <= len(letters) <= len(shape)
        if whole and all(one in allowed for one, allowed in zip(letters, shape, strict=False)):
            return name
    return None
