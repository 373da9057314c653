"""What may be dropped from a ledger, and dropping it."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from blackbox_kd.teachers.ledger.book import Ledger
from blackbox_kd.teachers.ledger.mark import Mark
from blackbox_kd.teachers.ledger.modes import GROUP_FILE
from blackbox_kd.teachers.ledger.opening import connect
from blackbox_kd.teachers.ledger.owners import beside, in_use, living, opening
from blackbox_kd.teachers.ledger.trouble import translated

# A reply is superseded by a newer one: `lookup` never returns it.
NEWER = "EXISTS (SELECT 1 FROM attempt AS b WHERE b.hash = attempt.hash AND b.state = 'stored' AND b.id > attempt.id)"
ERRORS = "state = 'error' AND (raw IS NOT NULL OR headers IS NOT NULL)"
SUPERSEDED = f"state = 'stored' AND {NEWER}"
REPLIES = "state = 'stored'"
SIZE = "SELECT count(*), ifnull(sum(ifnull(length(raw), 0) + ifnull(length(headers), 0)), 0) FROM attempt WHERE"
ORPHANS = "DELETE FROM request WHERE hash NOT IN (SELECT hash FROM attempt)"


class Kinds(NamedTuple):
    """What to drop: bodies of failed attempts, superseded replies, replies that are in force; sent before that time."""

    errors: bool
    superseded: bool
    replies: bool
    before_ms: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """So many attempts of a kind, and the bytes they hold."""

    kind: str
    attempts: int
    size: int  # bytes


def conditions(kinds: Kinds) -> list[tuple[str, str]]:
    """(kind, SQL condition on attempt with the time as its parameter) of what is to be dropped."""
    chosen = (
        ("errors", ERRORS, kinds.errors),
        ("superseded", SUPERSEDED, kinds.superseded and not kinds.replies),
        ("replies", REPLIES, kinds.replies),
    )
    return [(name, f"{sql} AND sent_ms < ?") for name, sql, wanted in chosen if wanted]


def droppable(ledger: Ledger, kinds: Kinds) -> list[Part]:
    """What would be dropped."""
    found = []
    for name, sql in conditions(kinds):
        count, size = next(iter(ledger.stream(f"{SIZE} {sql}", (kinds.before_ms,))))
        found.append(Part(kind=name, attempts=count, size=size))
    return found


async def drop(ledger: Ledger, kinds: Kinds) -> None:
    """Drop it, in one transaction: of failed attempts headers and body; replies, and requests left without attempts."""

    def write(db: sqlite3.Connection) -> int:
        for name, sql in conditions(kinds):
            what = "UPDATE attempt SET raw = NULL, headers = NULL" if name == "errors" else "DELETE FROM attempt"
            db.execute(f"{what} WHERE {sql}", (kinds.before_ms,))
        return db.execute(ORPHANS).rowcount if kinds.replies else 0

    await ledger.write(write)


def vacuum(path: Path) -> None:
    """Give free pages back to the disk; raises `RunInUse` or `StorageFull`.

    It writes a log of its own, which a mark of before would call foreign: killed on the way, it leaves no mark.
    """
    mode = stat.S_IMODE(path.stat().st_mode) & GROUP_FILE
    with opening(path, mode):
        if others := living(path):
            raise in_use(path, others)
        try:
            beside(path, ".mark").unlink(missing_ok=True)
            with closing(connect(path, "mode=rw")) as db:
                db.execute("VACUUM")
                done = db.execute("SELECT commits, replies FROM tally").fetchone()
            with closing(Mark(path, mode)) as mark:
                mark.write(*done)
        except (sqlite3.Error, OSError) as error:
            raise translated(error, path) from error
