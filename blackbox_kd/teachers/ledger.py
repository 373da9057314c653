"""The ledger: every request that was sent and every reply that was paid for, in SQLite, before anything reads it.

An attempt is `sent` before its first byte leaves, and becomes `stored` (2xx, raw bytes kept), `error` (answered with
an error, or never received) or `ambiguous` (perhaps paid, never seen). One thread writes; what waits is committed
together, in WAL mode, fsynced.
"""

import asyncio
import contextlib
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

import msgspec

from blackbox_kd.errors import BbkdError, InputError, RunInUse, StorageFull, StoreCorrupt
from blackbox_kd.jsonl import FULL, storage_full
from blackbox_kd.run import exclusive

T = TypeVar("T")
VERSION = 1
GROUP = 64  # most writes in one commit
RESERVE_BYTES = 4 * 1024 * 1024  # freed when the disk is full, so that replies on their way still find room
SCHEMA = """
CREATE TABLE request (hash TEXT PRIMARY KEY, label TEXT NOT NULL, identity BLOB NOT NULL) STRICT;
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL REFERENCES request (hash),
    state TEXT NOT NULL CHECK (state IN ('sent', 'stored', 'error', 'ambiguous')),
    max_tokens INTEGER NOT NULL,
    sent_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    status INTEGER,
    code TEXT,
    headers BLOB,
    raw BLOB
) STRICT;
CREATE INDEX attempt_by_hash ON attempt (hash, state);
"""


class Stored(NamedTuple):
    """A paid reply: its raw bytes, and the token limit that it was asked with."""

    raw: bytes
    max_tokens: int


Write = Callable[[sqlite3.Connection], T]


class Ledger:
    """One process's hold on a ledger file. Open it with `open_ledger`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.full = False
        self._connection = connection
        self._reader = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30, check_same_thread=False
        )
        self._queue: queue.SimpleQueue[tuple[Write[object], Future[object]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="ledger", daemon=True)
        self._thread.start()

    async def claim(self, key: str, label: str, identity: bytes, max_tokens: int) -> int:
        """Record that a request is about to be sent; returns the attempt's id. Raises `StorageFull`."""
        if self.full:
            raise storage_full(self.path)

        def write(db: sqlite3.Connection) -> int:
            db.execute("INSERT OR IGNORE INTO request VALUES (?, ?, ?)", (key, label, identity))
            row = (key, max_tokens, now_ms())
            sql = "INSERT INTO attempt (hash, state, max_tokens, sent_ms) VALUES (?, 'sent', ?, ?)"
            return db.execute(sql, row).lastrowid or 0

        return await self._do(write)

    async def store(self, attempt: int, status: int, headers: Mapping[str, str], raw: bytes) -> None:
        """Keep a paid reply, raw. Raises `StorageFull`."""
        await self._end(attempt, "stored", status, None, headers, raw)

    async def fail(
        self, attempt: int, code: str, status: int | None, headers: Mapping[str, str], raw: bytes, ambiguous: bool
    ) -> None:
        """Record a failed attempt; `ambiguous` if it may have been paid for."""
        await self._end(attempt, "ambiguous" if ambiguous else "error", status, code, headers, raw)

    async def _end(
        self, attempt: int, state: str, status: int | None, code: str | None, headers: Mapping[str, str], raw: bytes
    ) -> None:
        values = (state, now_ms(), status, code, msgspec.json.encode(dict(headers)), raw, attempt)
        sql = "UPDATE attempt SET state = ?, ended_ms = ?, status = ?, code = ?, headers = ?, raw = ? WHERE id = ?"
        await self._do(lambda db: db.execute(sql, values).rowcount)

    async def _do(self, write: Write[T]) -> T:
        future: Future[object] = Future()
        future.set_running_or_notify_cancel()  # who waits may be cancelled; what is written may not
        self._queue.put((write, future))
        return cast(T, await asyncio.wrap_future(future))

    def _write_all(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, closing = [first], False
            with contextlib.suppress(queue.Empty):
                while len(batch) < GROUP and not closing:
                    item = self._queue.get_nowait()
                    closing = item is None
                    if item is not None:
                        batch.append(item)
            self._commit(batch)
            if closing:
                return

    def _commit(self, batch: list[tuple[Write[object], Future[object]]]) -> None:
        try:
            try:
                results = self._transact(batch)
            except sqlite3.OperationalError as error:
                if not isinstance(translated(error, self.path), StorageFull):
                    raise
                self.full = True
                reserve_of(self.path).unlink(missing_ok=True)
                results = self._transact(batch)
        except (sqlite3.Error, OverflowError, ValueError) as error:
            self._refuse(batch, translated(error, self.path))
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _refuse(self, batch: list[tuple[Write[object], Future[object]]], why: BbkdError) -> None:
        if len(batch) == 1 or isinstance(why, StorageFull | RunInUse):
            for _, future in batch:
                future.set_exception(why)
            return
        for one in batch:  # each alone: a write that SQLite refuses must not take its paid neighbours with it
            self._commit([one])

    def _transact(self, batch: list[tuple[Write[object], Future[object]]]) -> list[object]:
        db = self._connection
        db.execute("BEGIN IMMEDIATE")
        try:
            results = [write(db) for write, _ in batch]
            db.execute("COMMIT")
        finally:
            if db.in_transaction:  # the commit was not reached
                db.execute("ROLLBACK")
        return results

    def lookup(self, key: str) -> Stored | None:
        """The newest stored reply to a request."""
        sql = "SELECT raw, max_tokens FROM attempt WHERE hash = ? AND state = 'stored' ORDER BY id DESC LIMIT 1"
        row = self._read(sql, key)
        return Stored(*row) if row else None

    def paid(self, key: str) -> list[bytes | None]:
        """The raw reply of every attempt at a request that was paid for; None where it was never seen."""
        sql = "SELECT CASE state WHEN 'stored' THEN raw END FROM attempt WHERE hash = ? AND state IN "
        try:
            return [raw for (raw,) in self._reader.execute(f"{sql} ('stored', 'ambiguous')", (key,))]
        except sqlite3.Error as error:
            raise translated(error, self.path) from error

    def _read(self, sql: str, key: str) -> tuple[bytes, int] | None:
        try:
            row: tuple[bytes, int] | None = self._reader.execute(sql, (key,)).fetchone()
        except sqlite3.Error as error:
            raise translated(error, self.path) from error
        return row

    def close(self) -> None:
        """Write what is queued, then end the thread."""
        self._queue.put(None)
        self._thread.join()
        self._reader.close()


@contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """Open or create a ledger for this process alone; attempts that a dead process left behind become `ambiguous`.

    Raises `RunInUse`, `StoreCorrupt` or `StorageFull`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with exclusive(path.with_name(f"{path.name}.lock"), f"ledger {path}", FIX_IN_USE):
        try:
            connection = connect(path)
        except sqlite3.Error as error:
            raise translated(error, path) from error
        except OSError as error:
            raise storage_full(path) if error.errno in FULL else unwritable(path, error) from error
        ledger = Ledger(path, connection)
        try:
            yield ledger
        finally:
            ledger.close()
            with contextlib.suppress(sqlite3.Error):  # a full disk: the WAL file keeps what was committed
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a ledger of our version, private to the user; raises `StoreCorrupt` or `sqlite3.Error`."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    reserve = reserve_of(path)
    if not reserve.exists() or reserve.stat().st_size < RESERVE_BYTES:
        reserve.write_bytes(b"\0" * RESERVE_BYTES)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    with contextlib.ExitStack() as failed:
        failed.callback(db.close)
        prepare(db, path)
        failed.pop_all()
    return db


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Set up durability and tables, and settle what a dead process left behind; raises as `connect` does."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise StoreCorrupt(f"{path}: written by a newer bbkd (version {version})", "Update bbkd.")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    if version == 0:
        db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
    if (verdict := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise StoreCorrupt(f"{path}: {verdict}", FIX_CORRUPT)
    db.execute("UPDATE attempt SET state = 'ambiguous', code = 'interrupted' WHERE state = 'sent'")


FIX_IN_USE = "Wait for it to end, or set BBKD_LEDGER to another file."
FIX_CORRUPT = "Move the file aside (do not delete it: it holds paid replies) and run again, or restore a backup."


def translated(error: Exception, path: Path) -> StorageFull | StoreCorrupt | RunInUse | InputError:
    """SQLite's error as ours: no room or way to write, somebody else writing, a value refused, or a damaged store."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return RunInUse(f"{path} is locked by another program", "Close what has the ledger open, then run it again.")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
        return unwritable(path, error)
    if name == "SQLITE_FULL" or (name.startswith("SQLITE_IOERR") and "READ" not in name):
        return storage_full(path)
    if name == "SQLITE_TOOBIG" or not isinstance(error, sqlite3.Error):
        fix = "Shorten the prompt, or lower the number, that cannot be kept; the ledger itself is whole."
        return InputError(f"{path}: a value is too big for the ledger: {error}", fix)
    return StoreCorrupt(f"{path}: {error}", FIX_CORRUPT)


def unwritable(path: Path, error: Exception) -> StorageFull:
    """The error for a ledger that cannot be written for want of something other than room."""
    return StorageFull(f"{path} cannot be written: {error}", "Check its permissions, or set BBKD_LEDGER elsewhere.")


def reserve_of(path: Path) -> Path:
    """The file that holds room on the disk for replies on their way."""
    return path.with_name(f"{path.name}.reserve")


def now_ms() -> int:
    """Milliseconds since 1970, UTC, for people to read."""
    return time.time_ns() // 1_000_000
