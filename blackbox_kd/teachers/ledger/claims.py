"""Writes that decide who may send a request, each one a function over an open transaction."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

from blackbox_kd.teachers.ledger.owners import named, now_ms
from blackbox_kd.teachers.ledger.trouble import ClaimedElsewhere

Alive = Callable[[str | None], bool]
KNOWN = "INSERT OR IGNORE INTO request VALUES (?, ?, ?)"
SENT = "INSERT INTO attempt (hash, state, max_tokens, sent_ms, owner, batch) VALUES (?, 'sent', ?, ?, ?, ?)"
HELD = "SELECT id, state, max_tokens, owner, batch FROM attempt WHERE hash = ? AND state IN ('sent', 'stored')"
LOST = "UPDATE attempt SET state = 'ambiguous', code = 'interrupted', ended_ms = ? WHERE state = 'sent'"
OPENED = """
INSERT INTO batch (fingerprint, label, state, created_ms) VALUES (?, ?, 'reserved', ?)
ON CONFLICT (fingerprint) DO UPDATE SET
    state = 'reserved', remote_id = '', detail = '', created_ms = excluded.created_ms, closed_ms = NULL
"""


class Wanted(NamedTuple):
    """A request that somebody wants to send."""

    key: str
    identity: bytes
    max_tokens: int


class Claims:
    """The claims of one process, `owner`; attempts from `since` on are those that it may not have seen as it opened."""

    def __init__(self, owner: str, since: int, alive: Alive) -> None:
        self.owner = owner
        self._since = since
        self._alive = alive

    def claim(self, db: sqlite3.Connection, label: str, wanted: Wanted) -> int | ClaimedElsewhere:
        """Insert an attempt and return its id, or say who has the request."""
        if who := self._elsewhere(db, wanted):
            return ClaimedElsewhere([wanted.key], who)
        return insert(db, label, wanted, self.owner, None)

    def reserve(
        self, db: sqlite3.Connection, fingerprint: str, label: str, rows: Sequence[Wanted]
    ) -> list[int] | ClaimedElsewhere:
        """Insert a batch with an attempt a row and return their ids; nothing is inserted if one row is elsewhere."""
        open_already = "SELECT 1 FROM batch WHERE fingerprint = ? AND state IN ('reserved', 'sent')"
        if db.execute(open_already, (fingerprint,)).fetchone():
            return ClaimedElsewhere([row.key for row in rows], f"in batch {fingerprint[:12]}, which is open")
        found = {row.key: who for row in rows if (who := self._elsewhere(db, row))}
        if found:
            return ClaimedElsewhere(list(found), next(iter(found.values())))
        db.execute(OPENED, (fingerprint, label, now_ms()))
        return [insert(db, label, row, None, fingerprint) for row in rows]

    def _elsewhere(self, db: sqlite3.Connection, wanted: Wanted) -> str:
        """Who else has a request in flight, or has answered it since we opened; empty if nobody."""
        for number, state, max_tokens, owner, batch in db.execute(HELD, (wanted.key,)).fetchall():
            if owner == self.owner:
                continue
            if state == "stored":
                if owner is not None and number >= self._since and max_tokens >= wanted.max_tokens:
                    return "answered by another process meanwhile"
            elif batch is not None:
                return f"in batch {batch[:12]}, which is open"
            elif self._alive(owner):
                return f"in flight in {named(owner)}"
            else:
                settle(db, owner)
        return ""


def insert(db: sqlite3.Connection, label: str, wanted: Wanted, owner: str | None, batch: str | None) -> int:
    """An attempt that is about to be sent; returns its id."""
    db.execute(KNOWN, (wanted.key, label, wanted.identity))
    return db.execute(SENT, (wanted.key, wanted.max_tokens, now_ms(), owner, batch)).lastrowid or 0


def settle(db: sqlite3.Connection, owner: str | None) -> int:
    """What a process had in flight when it died was perhaps paid for; returns how many attempts."""
    return db.execute(f"{LOST} AND batch IS NULL AND owner IS ?", (now_ms(), owner)).rowcount


def settle_dead(db: sqlite3.Connection, alive: Alive) -> int:
    """Settle the attempts of every owner that is dead; returns how many."""
    sql = "SELECT DISTINCT owner FROM attempt WHERE state = 'sent' AND batch IS NULL"
    return sum(settle(db, owner) for (owner,) in db.execute(sql).fetchall() if not alive(owner))


def since(db: sqlite3.Connection) -> int:
    """The first attempt that another process may still bring a reply to, or else the next one."""
    first = db.execute("SELECT min(id) FROM attempt WHERE state = 'sent' AND batch IS NULL").fetchone()[0]
    last = db.execute("SELECT max(id) FROM attempt").fetchone()[0]
    return int(first if first is not None else (last or 0) + 1)


def close_batch(db: sqlite3.Connection, fingerprint: str, state: str, ambiguous: bool) -> int:
    """End a batch; its attempts without a result were never billed, unless `ambiguous`. Returns how many those are."""
    now = now_ms()
    db.execute("UPDATE batch SET state = ?, closed_ms = ? WHERE fingerprint = ?", (state, now, fingerprint))
    ended = ("ambiguous" if ambiguous else "error", f"batch_{state}", now, fingerprint)
    sql = "UPDATE attempt SET state = ?, code = ?, ended_ms = ? WHERE state = 'sent' AND batch = ?"
    return db.execute(sql, ended).rowcount
