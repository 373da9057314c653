"""SQLite's errors and the system's as ours, each with a fix."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from blackbox_kd.errors import BbkdError, InputError, RunInUse, StorageFull, StoreCorrupt
from blackbox_kd.jsonl import FULL, storage_full

FIX_CORRUPT = "Close whatever has the ledger open, then run the same command: what is readable will be saved."
BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


class ClaimedElsewhere(RunInUse):
    """Another process, or an open batch, has these requests in flight, or has just answered them: look again later."""

    code = "claimed_elsewhere"

    def __init__(self, keys: Sequence[str], who: str) -> None:
        count = f"{len(keys)} requests are" if len(keys) > 1 else "a request is"
        super().__init__(f"{count} {who}", "Wait for it, then run the same command: nothing was asked twice.")
        self.keys = tuple(keys)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file itself is broken, rather than busy, full or forbidden."""
    return getattr(error, "sqlite_errorname", "").startswith(DAMAGE)


def translated(error: Exception, path: Path) -> BbkdError:
    """SQLite's error as ours: no room or way to write, somebody else writing, a value refused, or a damaged store."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(BUSY):
        return RunInUse(f"{path} is locked by another program", "Close what has the ledger open, then run it again.")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return unwritable(path, error)
    if name == "SQLITE_FULL" or (name.startswith("SQLITE_IOERR") and "READ" not in name):
        return storage_full(path)
    if isinstance(error, OSError):
        return storage_full(path) if error.errno in FULL else unwritable(path, error)
    if name == "SQLITE_TOOBIG" or not isinstance(error, sqlite3.Error):
        fix = "Shorten the prompt, or lower the number, that cannot be kept; the ledger itself is whole."
        return InputError(f"{path}: a value is too big for the ledger: {error}", fix)
    return StoreCorrupt(f"{path}: {error}", FIX_CORRUPT)


def unwritable(path: Path, error: Exception) -> StorageFull:
    """The error for a ledger that cannot be written for want of something other than room."""
    return StorageFull(f"{path} cannot be written: {error}", "Check its permissions, or set BBKD_LEDGER elsewhere.")


def newer(path: Path, version: int, ours: int) -> StoreCorrupt:
    """The error for a ledger that a newer bbkd has written."""
    return StoreCorrupt(
        f"{path}: written by a newer bbkd (schema version {version}; this bbkd knows {ours})",
        "Update bbkd, or set BBKD_LEDGER to another file. The file was not touched.",
    )
