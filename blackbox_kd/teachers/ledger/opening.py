"""Opens the ledger: alone for a moment, to recover, migrate, check and settle; then beside other processes."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from blackbox_kd.errors import BbkdError, InputError, RunInUse, StorageFull, StoreCorrupt
from blackbox_kd.teachers.ledger.book import Ledger
from blackbox_kd.teachers.ledger.claims import Claims, settle, settle_dead, since
from blackbox_kd.teachers.ledger.mark import Mark, foreign_log, seen
from blackbox_kd.teachers.ledger.modes import make_folder, mode_of, protect
from blackbox_kd.teachers.ledger.owners import Owner, alive, beside, living, opening
from blackbox_kd.teachers.ledger.saving import half_saved, save
from blackbox_kd.teachers.ledger.tables import SHADOWS, VERSION, journal, migrate, version_of
from blackbox_kd.teachers.ledger.trouble import FIX_CORRUPT, is_damage, newer, translated
from blackbox_kd.teachers.ledger.writing import RESERVE_BYTES, reserve_of, suspect_of

Warn = Callable[[str], None]
CHECK_S = 1.0  # longest check of a ledger that nobody suspects
BUSY_S = 30.0
STEP = 10_000  # SQLite's instructions between two looks at the clock


def quiet(_: str) -> None:
    """Warn nobody."""


@contextmanager
def open_ledger(path: Path, group: bool = False, read_only: bool = False, warn: Warn = quiet) -> Iterator[Ledger]:
    """Open or create a ledger; attempts that a dead process left behind become `ambiguous`.

    Several processes may have one open. With `group` its files are for the group too. With `read_only` nothing is
    changed, and a ledger that does not exist is an empty one. Raises `RunInUse`, `StorageFull` or `StoreCorrupt`, the
    latter after what is readable of a damaged file was saved.
    """
    if read_only:
        with reading(path, warn) as ledger:
            yield ledger
        return
    make_folder(path.parent, group)
    with opening(path, mode_of(group)):
        ledger, close = opened(path, group, warn)
    try:
        yield ledger
    finally:
        ledger.close()
        close()


def opened(path: Path, group: bool, warn: Warn) -> tuple[Ledger, Callable[[], None]]:
    """The ledger, and what closes it once its thread has ended. Call it while `opening` is held."""
    with contextlib.ExitStack() as stack:
        try:
            others = living(path)
            if not others:
                examine(path, warn)
            db = connected(path, group, not others, warn)
            stack.callback(db.close)
            owner = Owner(path, mode_of(group))
            stack.callback(owner.end)
            mark = Mark(path, mode_of(group))
            stack.callback(mark.close)
            claims = Claims(owner.id, begin(db, mark, others), lambda one: alive(path, one))
            reader = connect(path, "mode=ro")
            stack.callback(reader.close)
            protect(path, group, warn)
            ledger = Ledger(path, reader, claims)
            ledger.start(db, mark)
        except (sqlite3.Error, OSError) as error:
            raise translated(error, path) from error
        stack.pop_all()

    def close() -> None:
        with contextlib.suppress(sqlite3.Error):  # a full disk: the next process to open it settles what is left
            settle(db, owner.id)
        closed(path, db, owner, mark, mode_of(group))

    return ledger, close


def begin(db: sqlite3.Connection, mark: Mark, others: list[str]) -> int:
    """Settle what dead processes left behind; returns the first attempt that another one may still bring a reply to."""
    db.execute("BEGIN IMMEDIATE")
    settle_dead(db, lambda one: one in others)
    first = since(db)
    done = db.execute("UPDATE tally SET commits = commits + 1 RETURNING commits, replies").fetchall()
    db.execute("COMMIT")
    mark.write(*done[0])
    return first


def closed(path: Path, db: sqlite3.Connection, owner: Owner, mark: Mark, mode: int) -> None:
    """Let go of the ledger; the last process leaves no log behind."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(BbkdError):  # held for long by another: this is not the last then
            stack.enter_context(opening(path, mode))
        stack.callback(mark.close)
        stack.callback(owner.end)
        stack.callback(db.close)
        how = "PASSIVE" if others_than(owner, path) else "TRUNCATE"
        with contextlib.suppress(sqlite3.Error):  # a full disk: the log keeps what was committed
            db.execute(f"PRAGMA wal_checkpoint({how})")


def others_than(owner: Owner, path: Path) -> bool:
    """Whether another process has the ledger open."""
    return any(one != owner.id for one in living(path))


def examine(path: Path, warn: Warn) -> None:
    """Look at the files of a ledger that nobody has open before SQLite does; raises `StoreCorrupt`."""
    if (error := half_saved(path)) is not None:
        raise error
    if foreign_log(path):
        log = beside(path, "-wal")
        aside = beside(path, f".foreign-{time.time_ns()}-wal")
        log.replace(aside)
        beside(path, "-shm").unlink(missing_ok=True)
        warn(f"{log} was not this ledger's write-ahead log: moved to {aside}")
    known, size = seen(path), path.stat().st_size if path.exists() else 0
    if size >= 100:
        with path.open("rb") as file:
            head = file.read(100)
        version = int.from_bytes(head[60:64], "big")
        if head.startswith(b"SQLite format 3\0") and version > VERSION:
            raise newer(path, version, VERSION)
    elif known is not None and known.commits > 0:
        raise save(path, "it is gone" if not path.exists() else "it is empty", known)


def connected(path: Path, group: bool, alone: bool, warn: Warn) -> sqlite3.Connection:
    """The connection that writes, to a ledger of our version; a damaged one is saved if nobody else has it open."""
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, mode_of(group)))
    reserve = reserve_of(path)
    if not reserve.exists() or reserve.stat().st_size < RESERVE_BYTES:
        reserve.write_bytes(b"\0" * RESERVE_BYTES)
        reserve.chmod(mode_of(group))
    db = connect(path, "mode=rw")
    with contextlib.ExitStack() as failed:
        failed.callback(db.close)
        try:
            journal(db, path, warn)
            if not alone and version_of(db, path) < VERSION:
                raise RunInUse(f"ledger {path} is in use by an older bbkd", "Wait for it to end, then try again.")
            migrate(db, path)
            problem = check(db, None if suspect_of(path).exists() else CHECK_S)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            problem = str(error)
        if problem == "ok":
            suspect_of(path).unlink(missing_ok=True)
            complete(db, path, alone)
            failed.pop_all()
            return db
    if not alone:
        raise StoreCorrupt(f"{path}: {problem}", FIX_CORRUPT)
    raise save(path, problem, seen(path))


def complete(db: sqlite3.Connection, path: Path, alone: bool) -> None:
    """Raise `StoreCorrupt` once if commits are missing that a process had made before it died."""
    known = seen(path)
    commits, replies = db.execute("SELECT commits, replies FROM tally").fetchone()
    if alone and known is not None and known.commits > commits:
        beside(path, ".mark").unlink()
        raise StoreCorrupt(
            f"{path}: its last {known.commits - commits} commits are missing, {known.replies} replies were in it and "
            f"{replies} are: its -wal file was deleted or replaced, or an older copy put in its place",
            "Put the right file back if you have it; else the same command goes on with what is there.",
        )


def connect(path: Path, how: str) -> sqlite3.Connection:
    """A connection in autocommit mode; `how` is the query part of SQLite's file URI."""
    uri = f"{path.absolute().as_uri()}?{how}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_S)


def check(db: sqlite3.Connection, limit_s: float | None) -> str:
    """SQLite's quick check: `ok`, or the first thing that is wrong. One that takes too long finds nothing."""
    until = time.monotonic() + (limit_s or 0.0)
    if limit_s is not None:
        db.set_progress_handler(lambda: time.monotonic() > until, STEP)
    try:
        said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        return " ".join(said.removeprefix("*** in database main ***").split())
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") != "SQLITE_INTERRUPT":
            raise
        return "ok"
    finally:
        db.set_progress_handler(None, STEP)


@contextmanager
def reading(path: Path, warn: Warn) -> Iterator[Ledger]:
    """A ledger that can only be read, where the files cannot be written either; raises `StoreCorrupt`."""
    try:
        db = readable(path, warn)
    except sqlite3.Error as error:
        raise translated(error, path) from error
    ledger = Ledger(path, db)
    try:
        yield ledger
    finally:
        ledger.close()


def readable(path: Path, warn: Warn) -> sqlite3.Connection:
    """A connection that reads a ledger of any version up to ours; of none, an empty one."""
    if not path.exists():
        return nothing(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a ledger", "Set BBKD_LEDGER to a file.")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} cannot be read", "Ask its owner for access, or set BBKD_LEDGER elsewhere.")
    with contextlib.ExitStack() as failed:
        db = failed.enter_context(contextlib.closing(connect(path, "mode=ro")))
        try:
            version = version_of(db, path)
        except sqlite3.OperationalError as error:  # the folder takes no -shm file
            if not isinstance(translated(error, path), StorageFull):
                raise
            if beside(path, "-wal").exists() and beside(path, "-wal").stat().st_size:
                warn(f"{path}: its newest rows, in the -wal file beside it, cannot be read from here")
            db = failed.enter_context(contextlib.closing(connect(path, "mode=ro&immutable=1")))
            version = version_of(db, path)
        if version == 0:
            return nothing(path)
        db.executescript(SHADOWS.get(version, ""))
        failed.pop_all()
    return db


def nothing(path: Path) -> sqlite3.Connection:
    """A connection to an empty ledger in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    migrate(db, path)
    return db
