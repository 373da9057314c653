import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from blackbox_kd.errors import RunInUse, StorageFull
from blackbox_kd.teachers.ledger import Ledger, Stored, open_ledger
from blackbox_kd.teachers.ledger.mark import seen
from blackbox_kd.teachers.ledger.pruning import vacuum
from blackbox_kd.teachers.ledger.writing import suspect_of

COUNT = 40
# Gives the room of a ledger back, and dies as the log holds so many pages.
DIE = """
import os, sys, threading
from pathlib import Path
from blackbox_kd.teachers.ledger.pruning import vacuum
path = Path(sys.argv[1])
log = path.with_name(path.name + "-wal")
def die():
    while not log.exists() or log.stat().st_size < 32 + int(sys.argv[2]) * 4120:
        pass
    os._exit(9)
threading.Thread(target=die, daemon=True).start()
vacuum(path)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


def connection(ledger: Ledger) -> sqlite3.Connection:
    """The connection of the thread that writes."""
    assert ledger._writer is not None
    return ledger._writer._connection


async def half_dropped(path: Path) -> None:
    """A ledger of replies of which each second one was dropped."""
    with open_ledger(path) as ledger:
        for number in range(COUNT):
            attempt = await ledger.claim(f"k{number}", "openai/m", b"{}", 5)
            await ledger.store(attempt, 200, {}, b"x" * 200_000)
        await ledger.write(lambda db: db.execute("DELETE FROM attempt WHERE id % 2 = 0").rowcount)


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program that holds the ledger for writing."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield db


async def test_a_reserve_that_cannot_be_freed_leaves_the_writer_at_work(path: Path) -> None:
    with open_ledger(path) as ledger:
        attempt = await ledger.claim("k", "openai/m", b"{}", 5)
        reserve = path.with_name("ledger.sqlite3.reserve")
        reserve.unlink()
        reserve.mkdir()  # unlink raises an OSError, as on a disk mounted read-only
        db = connection(ledger)
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageFull):
            await asyncio.wait_for(ledger.store(attempt, 200, {}, b"x" * 200_000), 5)
        db.execute("PRAGMA max_page_count = 100000")
        await asyncio.wait_for(ledger.store(attempt, 200, {}, b"raw"), 5)
        assert ledger.lookup("k") == Stored(b"raw", 5)


async def test_a_write_that_raises_an_error_of_the_system_is_refused_alone(path: Path) -> None:
    def write(_: sqlite3.Connection) -> int:
        raise PermissionError(13, "no")

    with open_ledger(path) as ledger:
        with pytest.raises(StorageFull, match="cannot be written"):
            await asyncio.wait_for(ledger.write(write), 5)
        assert await asyncio.wait_for(ledger.claim("k", "openai/m", b"{}", 5), 5) == 1
        assert not suspect_of(path).exists()


async def test_a_paid_reply_waits_for_another_programs_lock_and_a_claim_does_not(path: Path) -> None:
    with open_ledger(path) as ledger:
        attempt = await ledger.claim("k", "openai/m", b"{}", 5)
        connection(ledger).execute("PRAGMA busy_timeout = 10")
        with locked(path) as other:
            storing = asyncio.create_task(ledger.store(attempt, 200, {}, b"raw"))
            for key in "ab":
                with pytest.raises(RunInUse, match="locked by another program"):
                    await asyncio.wait_for(ledger.claim(key, "openai/m", b"{}", 5), 5)
            assert not storing.done()
            other.execute("ROLLBACK")
            await asyncio.wait_for(storing, 5)
        assert (ledger.lookup("k"), ledger.attempts("a")) == (Stored(b"raw", 5), [])


async def test_a_lock_that_is_never_let_go_ends_with_the_ledger(path: Path) -> None:
    with open_ledger(path) as ledger:
        attempt = await ledger.claim("k", "openai/m", b"{}", 5)
        connection(ledger).execute("PRAGMA busy_timeout = 10")
        with locked(path):
            storing = asyncio.create_task(ledger.store(attempt, 200, {}, b"raw"))
            await asyncio.sleep(0)
            assert ledger._writer is not None
            ledger._writer.close()
            with pytest.raises(RunInUse, match="locked by another program"):
                await asyncio.wait_for(storing, 5)
        ledger._writer._thread.join()


@pytest.mark.parametrize("pages", [1, 20])
def test_a_vacuum_that_is_killed_leaves_a_ledger_that_is_whole(path: Path, pages: int) -> None:
    asyncio.run(half_dropped(path))
    done = subprocess.run([sys.executable, "-c", DIE, str(path), str(pages)], check=False, timeout=60)
    assert done.returncode == 9
    said: list[str] = []
    for _ in range(2):
        with open_ledger(path, warn=said.append) as ledger:
            assert [ledger.lookup(f"k{number}") is not None for number in range(COUNT)] == [True, False] * (COUNT // 2)
    assert said == []


def test_a_vacuum_leaves_the_mark_as_it_was_but_for_the_log(path: Path) -> None:
    asyncio.run(half_dropped(path))
    before, size, mode = seen(path), path.stat().st_size, path.with_name("ledger.sqlite3.mark").stat().st_mode
    vacuum(path)
    after = seen(path)
    assert before is not None
    assert after == before._replace(salt=0)
    assert path.stat().st_size < size
    assert path.with_name("ledger.sqlite3.mark").stat().st_mode == mode


def test_only_a_ledger_that_nobody_has_open_is_vacuumed(path: Path) -> None:
    with open_ledger(path), pytest.raises(RunInUse, match="in use by pid"):
        vacuum(path)
    assert path.with_name("ledger.sqlite3.mark").exists()
