"""The ledger's tables: each version as the SQL that makes it from the one before."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from blackbox_kd.errors import StoreCorrupt
from blackbox_kd.teachers.ledger.trouble import newer

VERSION_1 = """
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
# `owner` is the process that sent an attempt (NULL: unknown, or a batch), `batch` the fingerprint of its batch.
# `failure` are requests given up for good. `tally` counts the commits and the stored replies.
VERSION_2 = """
ALTER TABLE attempt ADD COLUMN owner TEXT;
ALTER TABLE attempt ADD COLUMN batch TEXT;
CREATE INDEX attempt_sent ON attempt (batch, owner) WHERE state = 'sent';
CREATE TABLE failure (
    hash TEXT PRIMARY KEY,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    given_up_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE batch (
    fingerprint TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reserved', 'sent', 'done', 'failed', 'cancelled', 'abandoned')),
    remote_id TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    created_ms INTEGER NOT NULL,
    closed_ms INTEGER
) STRICT;
CREATE TABLE tally (commits INTEGER NOT NULL, replies INTEGER NOT NULL) STRICT;
INSERT INTO tally SELECT 0, count(*) FROM attempt WHERE state = 'stored';
CREATE TRIGGER reply_kept AFTER UPDATE OF state ON attempt WHEN new.state = 'stored' AND old.state <> 'stored' BEGIN
    UPDATE tally SET replies = replies + 1;
    DELETE FROM failure WHERE hash = new.hash;
END;
CREATE TRIGGER reply_brought AFTER INSERT ON attempt WHEN new.state = 'stored' BEGIN
    UPDATE tally SET replies = replies + 1;
    DELETE FROM failure WHERE hash = new.hash;
END;
CREATE TRIGGER reply_dropped AFTER DELETE ON attempt WHEN old.state = 'stored' BEGIN
    UPDATE tally SET replies = replies - 1;
END;
"""
# The token limit of the newest attempt at a request; of a request that was given up, the one that it failed with.
LIMIT = "(SELECT max_tokens FROM attempt WHERE attempt.hash = failure.hash ORDER BY id DESC LIMIT 1)"
VERSION_3 = f"""
ALTER TABLE failure ADD COLUMN max_tokens INTEGER;
UPDATE failure SET max_tokens = {LIMIT};
"""
STEPS = (VERSION_1, VERSION_2, VERSION_3)
VERSION = len(STEPS)
# What a ledger of an older version lacks, for those who may only read it. Temporary tables come before others of
# their name.
SHADOW_1 = """
CREATE TEMP VIEW attempt AS SELECT *, NULL AS owner, NULL AS batch FROM main.attempt;
CREATE TEMP TABLE failure (
    hash TEXT, code TEXT, message TEXT, attempts INTEGER, given_up_ms INTEGER, max_tokens INTEGER
);
CREATE TEMP TABLE batch (
    fingerprint TEXT, label TEXT, state TEXT, remote_id TEXT, detail TEXT, created_ms INTEGER, closed_ms INTEGER
);
CREATE TEMP TABLE tally (commits INTEGER, replies INTEGER);
INSERT INTO tally SELECT 0, count(*) FROM main.attempt WHERE state = 'stored';
"""
SHADOW_2 = f"CREATE TEMP VIEW failure AS SELECT *, {LIMIT} AS max_tokens FROM main.failure"
SHADOWS = {1: SHADOW_1, 2: SHADOW_2}


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """The schema version, 0 for an empty file; raises `StoreCorrupt` for a newer one and for another program's file."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise newer(path, version, VERSION)
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and (version < 1 or not {"request", "attempt"} <= tables):
        raise foreign(path)
    return version


def foreign(path: Path) -> StoreCorrupt:
    """The error for a file that is something else."""
    return StoreCorrupt(f"{path} is not a ledger of bbkd", "Set BBKD_LEDGER to another path. The file was not touched.")


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or bring those of an older version up to ours, in one transaction; raises `sqlite3.Error`."""
    version = version_of(db, path)
    if version < VERSION:
        steps = "".join(STEPS[version:])
        try:
            db.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {VERSION}; COMMIT;")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")


def journal(db: sqlite3.Connection, path: Path, warn: Callable[[str], None]) -> None:
    """A write-ahead log where the file system can have one, else SQLite's older journal and a warning; both durable."""
    mode = str(db.execute("PRAGMA journal_mode = WAL").fetchone()[0])
    if mode != "wal":
        db.execute("PRAGMA journal_mode = DELETE")
        warn(f"{path}: this file system has no shared memory (NFS?): the ledger works, slower, one process at a time")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA journal_size_limit = 67108864")
