"""What is asked of the ledger, on a connection that can only read."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from blackbox_kd.errors import StoreCorrupt
from blackbox_kd.teachers.ledger.records import AttemptRow, BatchRow, GaveUp, History, Paid, Stored
from blackbox_kd.teachers.ledger.trouble import is_damage, translated
from blackbox_kd.teachers.ledger.writing import suspect_of

LOOKUP = (
    "SELECT raw, max_tokens, batch IS NOT NULL FROM attempt"
    " WHERE hash = ? AND state = 'stored' ORDER BY id DESC LIMIT 1"
)
HISTORY = (
    "SELECT state, code, CASE state WHEN 'stored' THEN raw END, max_tokens, batch IS NOT NULL"
    " FROM attempt WHERE hash = ? ORDER BY id"
)
ATTEMPTS = (
    "SELECT id, state, max_tokens, sent_ms, ended_ms, status, code, headers, raw, owner, batch"
    " FROM attempt WHERE hash = ? ORDER BY id"
)
FAILURE = "SELECT code, message, attempts, max_tokens FROM failure WHERE hash = ?"
BATCHES = "SELECT fingerprint, label, state, remote_id, detail, created_ms FROM batch"
OPEN = "('reserved', 'sent')"
CACHE = "PRAGMA cache_size = -4000"  # KiB


class Reader:
    """Reads a ledger. With `snapshots` it keeps one view of the file until `release`, which spares it half the time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, snapshots: bool) -> None:
        self.path = path
        self._reader = connection
        self._snapshots = snapshots
        self._lock = threading.Lock()
        connection.execute(CACHE)

    def release(self) -> None:
        """Let the next read see what was committed since."""
        with self._lock:
            for end in ("COMMIT", "ROLLBACK"):
                with contextlib.suppress(sqlite3.Error):  # a damaged file: whoever reads next is told
                    if self._reader.in_transaction:
                        self._reader.execute(end)

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            with self._lock:
                if self._snapshots and not self._reader.in_transaction:
                    self._reader.execute("BEGIN")
                return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def _damaged(self, error: sqlite3.Error) -> Exception:
        if self._snapshots and is_damage(error):
            with contextlib.suppress(OSError):  # the next opening checks quickly then, instead of wholly
                suspect_of(self.path).touch()
        found = translated(error, self.path)
        if isinstance(found, StoreCorrupt):
            found.fix = "Run the same command again: it saves what is readable and goes on with that."
        return found

    def lookup(self, key: str) -> Stored | None:
        """The stored reply in force: the newest, for a request is asked again only where the reply before won't do."""
        for raw, max_tokens, batch in self._rows(LOOKUP, (key,)):
            return Stored(raw, max_tokens, batch == 1)
        return None

    def history(self, key: str) -> History:
        """All of a request at once."""
        stored: Stored | None = None
        paid: list[Paid] = []
        rows = self._rows(HISTORY, (key,))
        for state, _, raw, max_tokens, batch in rows:
            if state in ("stored", "ambiguous"):
                paid.append(Paid(raw, batch == 1, max_tokens))
            if state == "stored":
                stored = Stored(raw, max_tokens, batch == 1)
        return History(stored, paid, len(rows), rows[-1][1] if rows else None)

    def paid(self, key: str) -> list[Paid]:
        """Every attempt at a request that was paid for, or may have been."""
        return self.history(key).paid

    def gave_up(self, key: str, max_tokens: int | None = None) -> GaveUp | None:
        """Why a request failed for good; None if it did not, or was asked with a token limit other than `max_tokens`.

        Without `max_tokens`, and where nobody knows the limit of then, it counts as failed with any.
        """
        for code, message, attempts, limit in self._rows(FAILURE, (key,)):
            differs = max_tokens is not None and limit is not None and limit != max_tokens
            return None if differs else GaveUp(code, message, attempts)
        return None

    def attempts(self, key: str) -> list[AttemptRow]:
        """Every attempt at a request, oldest first."""
        names = AttemptRow.__struct_fields__
        return [AttemptRow(**dict(zip(names, row, strict=True))) for row in self._rows(ATTEMPTS, (key,))]

    def ambiguous(self) -> int:
        """How many attempts may have been paid for without a reply, in the whole ledger."""
        return int(self._rows("SELECT count(*) FROM attempt WHERE state = 'ambiguous'")[0][0])

    def batches(self, open_only: bool = True) -> list[BatchRow]:
        """The batches, oldest first."""
        which = f" WHERE state IN {OPEN}" if open_only else ""
        return [BatchRow(*row) for row in self._rows(f"{BATCHES}{which} ORDER BY created_ms, fingerprint")]

    def batch_attempts(self, fingerprint: str) -> dict[str, int]:
        """Request -> attempt of a batch's rows that have no result yet."""
        sql = "SELECT hash, id FROM attempt WHERE state = 'sent' AND batch = ?"
        return dict(self._rows(sql, (fingerprint,)))

    def stream(self, sql: str, values: Sequence[object] = ()) -> Iterator[Any]:
        """The rows of a query, one at a time, on one view of the file; raises as the other reads do."""
        try:
            yield from self._reader.execute(sql, values)
        except sqlite3.Error as error:
            raise self._damaged(error) from error
