"""The one thread that writes: what waits is committed together, fsynced, and only then reported."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from blackbox_kd.errors import BbkdError, InputError, RunInUse, StorageFull, StoreCorrupt
from blackbox_kd.teachers.ledger.mark import Mark
from blackbox_kd.teachers.ledger.owners import beside
from blackbox_kd.teachers.ledger.trouble import translated

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], T]
GROUP = 256  # most writes in one commit
AGAIN_S = 0.1  # pause before a locked file is tried again; SQLite itself has waited by then
IDLE_S = 1.0  # how long readers may look at one snapshot while nothing is written
RESERVE_BYTES = 4 * 1024 * 1024  # freed when the disk is full, so that replies on their way still find room


class Job(NamedTuple):
    """One write, and who waits for its result."""

    write: Write[Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    patient: bool  # waits for as long as another program holds the file: it records what was paid for


class Writer:
    """Owns the connection that writes. `after` is called when a commit is over, and each second without one."""

    def __init__(self, path: Path, connection: sqlite3.Connection, mark: Mark, after: Callable[[], None]) -> None:
        self.full = False
        self._path = path
        self._connection = connection
        self._mark = mark
        self._after = after
        self._held: list[Job] = []  # patient ones that found the file locked
        self._closing = False
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    async def do(self, write: Write[T], patient: bool = False) -> T:
        """Commit a write and return its result; an error that it returns is raised. Whoever waits may be cancelled.

        Raises `RunInUse` while another program holds the file; `patient` waits for it instead, until `close`.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._queue.put(Job(write, loop, future, patient))
        return cast(T, await future)

    def close(self) -> None:
        """Write what is queued, then end the thread. A lock that another program keeps ends it too."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                batch, closing = self._waiting(self._queue.get(timeout=AGAIN_S if self._held else IDLE_S))
            except queue.Empty:
                self._after()
                batch, closing = self._released(), False
            self._closing = closing
            self._commit(batch)
            if closing:
                return

    def _released(self) -> list[Job]:
        batch, self._held = self._held, []
        return batch

    def _waiting(self, first: Job | None) -> tuple[list[Job], bool]:
        batch, job = self._released(), first
        while job is not None:
            batch.append(job)
            if len(batch) >= GROUP:
                return batch, False
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _commit(self, batch: list[Job]) -> None:
        if not batch:
            return
        try:
            try:
                results = self._transact(batch)
            except sqlite3.OperationalError as error:
                if not isinstance(translated(error, self._path), StorageFull):
                    raise
                self.full = True
                with contextlib.suppress(OSError):
                    reserve_of(self._path).unlink(missing_ok=True)
                results = self._transact(batch)
        except (sqlite3.Error, OSError, OverflowError, ValueError) as error:
            self._refuse(batch, translated(error, self._path))
        else:
            self._after()  # before anybody is told: who has stored a reply finds it
            tell(batch, results)

    def _refuse(self, batch: list[Job], why: BbkdError) -> None:
        self._after()
        if isinstance(why, StoreCorrupt):
            with contextlib.suppress(OSError):  # the next opening checks quickly then, instead of wholly
                suspect_of(self._path).touch()
        if isinstance(why, RunInUse) and not self._closing:
            self._held += [job for job in batch if job.patient]
            batch = [job for job in batch if not job.patient]
        if len(batch) == 1 or not isinstance(why, InputError | StoreCorrupt):
            tell(batch, [why] * len(batch))
            return
        for one in batch:  # each alone: a write that SQLite refuses must not take its paid neighbours with it
            self._commit([one])

    def _transact(self, batch: list[Job]) -> list[Any]:
        db = self._connection
        db.execute("BEGIN IMMEDIATE")
        try:
            results = [job.write(db) for job in batch]
            done = db.execute("UPDATE tally SET commits = commits + 1 RETURNING commits, replies").fetchall()
            db.execute("COMMIT")
        finally:
            if db.in_transaction:  # the commit was not reached
                db.execute("ROLLBACK")
        self._mark.write(*done[0])
        return results


def tell(batch: list[Job], results: list[Any]) -> None:
    """Give each waiter its result, all of one event loop at once; nobody waits in a loop that was closed."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for job, result in zip(batch, results, strict=True):
        loops.setdefault(job.loop, []).append((job.future, result))
    for loop, pairs in loops.items():
        if not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it was closed just now
                loop.call_soon_threadsafe(resolve, pairs)


def resolve(pairs: list[tuple[asyncio.Future[Any], Any]]) -> None:
    """Set results and errors of those that still wait."""
    for future, result in pairs:
        if future.done():
            continue
        if isinstance(result, BbkdError):
            future.set_exception(result)
        else:
            future.set_result(result)


def reserve_of(path: Path) -> Path:
    """The file that holds room on the disk for replies on their way."""
    return beside(path, ".reserve")


def suspect_of(path: Path) -> Path:
    """The file whose presence asks for a whole check at the next opening."""
    return beside(path, ".suspect")
