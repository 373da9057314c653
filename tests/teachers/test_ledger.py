import asyncio
import json
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from blackbox_kd.errors import InputError, RunInUse, StorageFull, StoreCorrupt
from blackbox_kd.teachers.ledger import VERSION, Ledger, open_ledger

FULL_DISK = """
import asyncio, json, resource, signal, sys
from pathlib import Path
from blackbox_kd.errors import StorageFull
from blackbox_kd.teachers.ledger import open_ledger

async def fill(path):
    kept, why = [], []
    with open_ledger(path) as ledger:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        for number in range(100):
            try:
                attempt = await ledger.claim(f"k{number}", "openai/m", b"{}", 5)
                await ledger.store(attempt, 200, {}, b"x" * 20_000)
            except StorageFull as error:
                why.append(error.exit_code)
                if len(why) == 2:
                    break
                continue
            kept.append(f"k{number}")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(json.dumps({"kept": kept, "why": why}))

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
asyncio.run(fill(Path(sys.argv[1])))
"""
HOLD = """
import sys
from pathlib import Path
from blackbox_kd.teachers.ledger import open_ledger
with open_ledger(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hidden" / "ledger.sqlite3"


async def bought(ledger: Ledger, key: str = "k", raw: bytes = b"raw", max_tokens: int = 5) -> None:
    """One call that brought a reply."""
    attempt = await ledger.claim(key, "openai/m", b'{"teacher": "own"}', max_tokens)
    await ledger.store(attempt, 200, {"x-request-id": "r1"}, raw)


def states(path: Path) -> list[tuple[str, str | None]]:
    """(state, code) of all attempts, in order."""
    with sqlite3.connect(path) as db:
        found = db.execute("SELECT state, code FROM attempt ORDER BY id").fetchall()
    db.close()
    return found


async def test_a_stored_reply_is_found_with_its_limit(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger, raw=b"\x00\xff raw", max_tokens=7)
        assert ledger.lookup("k") == (b"\x00\xff raw", 7)
        assert ledger.lookup("another") is None


async def test_the_newest_stored_reply_is_found(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger, raw=b"old", max_tokens=5)
        await bought(ledger, raw=b"new", max_tokens=9)
        assert ledger.lookup("k") == (b"new", 9)


async def test_it_is_on_the_disk_before_store_returns(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
        assert states(path) == [("stored", None)]


async def test_it_survives_a_reopening(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
    with open_ledger(path) as ledger:
        assert ledger.lookup("k") == (b"raw", 5)


async def test_an_attempt_is_recorded_before_it_is_sent(path: Path) -> None:
    with open_ledger(path) as ledger:
        await ledger.claim("k", "openai/m", b"{}", 5)
        assert states(path) == [("sent", None)]


async def test_what_a_dead_process_had_sent_is_ambiguous(path: Path) -> None:
    with open_ledger(path) as ledger:
        await ledger.claim("k", "openai/m", b"{}", 5)
    with open_ledger(path) as ledger:
        assert (ledger.paid("k"), ledger.lookup("k")) == ([None], None)
    assert states(path) == [("ambiguous", "interrupted")]


async def test_a_failed_attempt_is_an_error_unless_it_may_have_been_paid(path: Path) -> None:
    with open_ledger(path) as ledger:
        for ambiguous in (False, True):
            attempt = await ledger.claim("k", "openai/m", b"{}", 5)
            await ledger.fail(attempt, "http_503", 503, {}, b"busy", ambiguous)
        assert ledger.paid("k") == [None]
    assert states(path) == [("error", "http_503"), ("ambiguous", "http_503")]


async def test_everything_that_was_perhaps_paid_is_listed(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger, raw=b"cut")
        await bought(ledger, raw=b"whole")
        for ambiguous in (False, True):
            await ledger.fail(await ledger.claim("k", "openai/m", b"{}", 5), "c", None, {}, b"", ambiguous)
        assert sorted(ledger.paid("k"), key=str) == [None, b"cut", b"whole"]


async def test_many_writes_at_once_all_arrive(path: Path) -> None:
    with open_ledger(path) as ledger:
        await asyncio.gather(*(bought(ledger, f"k{number}", b"%d" % number) for number in range(300)))
        assert [ledger.lookup(f"k{number}") for number in range(300)] == [(b"%d" % n, 5) for n in range(300)]


async def test_a_cancelled_waiter_leaves_the_writer_at_work(path: Path) -> None:
    with open_ledger(path) as ledger:
        waiting = [asyncio.create_task(bought(ledger, f"k{number}")) for number in range(20)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.wait_for(bought(ledger, "after"), 5)
        assert ledger.lookup("after") is not None


async def test_a_value_that_sqlite_cannot_hold_leaves_the_writer_at_work(path: Path) -> None:
    with open_ledger(path) as ledger:
        with pytest.raises(InputError, match="too big for the ledger"):
            await ledger.claim("k", "openai/m", b"{}", 10**30)
        await asyncio.wait_for(bought(ledger, "after"), 5)
        assert ledger.lookup("after") is not None


async def test_a_write_that_is_refused_leaves_its_neighbours_whole(path: Path) -> None:
    with open_ledger(path) as ledger:
        ledger._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000)
        writes = [bought(ledger, f"k{number}", b"x" * (2_000 if number == 20 else 10)) for number in range(40)]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        failed = [number for number, outcome in enumerate(outcomes) if outcome is not None]
        kept = [number for number in range(40) if ledger.lookup(f"k{number}") is not None]
    assert isinstance(outcomes[20], InputError)
    assert (failed, kept) == ([20], [number for number in range(40) if number != 20])


async def test_it_can_be_read_from_another_thread(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
        assert await asyncio.to_thread(ledger.lookup, "k") == (b"raw", 5)


async def test_files_are_the_users_alone(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.glob("ledger.sqlite3*")}
        assert {modes[name] for name in ("ledger.sqlite3", "ledger.sqlite3-wal")} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_closing_leaves_no_journal_behind(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
    journal = path.with_name("ledger.sqlite3-wal")
    assert not journal.exists() or journal.stat().st_size == 0


def test_a_second_process_is_told_who_holds_it(path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), "a b", "c", "d"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    try:
        with pytest.raises(RunInUse, match=f"pid {holder.pid} .*'a b' c d, since") as caught, open_ledger(path):
            pass
        assert caught.value.fix == "Wait for it to end, or set BBKD_LEDGER to another file."
        assert stat.S_IMODE(path.with_name("ledger.sqlite3.lock.holder").stat().st_mode) == 0o600
    finally:
        holder.communicate("")


def test_the_same_process_does_not_open_it_twice(path: Path) -> None:
    with open_ledger(path), pytest.raises(RunInUse), open_ledger(path):
        pass
    with open_ledger(path) as again:
        assert again.lookup("k") is None


def test_a_ledger_of_a_newer_version_is_left_alone(path: Path) -> None:
    with open_ledger(path):
        pass
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(StoreCorrupt, match="newer bbkd"), open_ledger(path):
        pass


@pytest.mark.parametrize("content", [b"not a database, far from it " * 100, b"\x00" * 5_000], ids=["text", "zeros"])
def test_a_file_that_is_no_ledger_is_refused_and_kept(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt), open_ledger(path):
        pass
    assert path.read_bytes() == content


def cut(path: Path, share: float) -> None:
    """Keep only the first part of a file."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])


def overwrite(path: Path, start: int, length: int) -> None:
    """Damage some bytes of a file."""
    whole = bytearray(path.read_bytes())
    whole[start : start + length] = b"\xff" * length
    path.write_bytes(whole)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
async def test_a_truncated_ledger_is_refused(path: Path, share: float) -> None:
    with open_ledger(path) as ledger:
        for number in range(50):
            await bought(ledger, f"k{number}", b"x" * 3_000)
    cut(path, share)
    with pytest.raises(StoreCorrupt), open_ledger(path):
        pass


async def test_a_damaged_page_is_refused(path: Path) -> None:
    with open_ledger(path) as ledger:
        for number in range(50):
            await bought(ledger, f"k{number}", b"x" * 3_000)
    overwrite(path, 4096, 8192)
    with pytest.raises(StoreCorrupt), open_ledger(path):
        pass


def test_a_folder_that_cannot_be_written_is_no_full_disk(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").mkdir()
    with pytest.raises(StorageFull, match="cannot be written"), open_ledger(tmp_path / "ledger.sqlite3"):
        pass


def test_a_full_disk_stops_new_calls_and_loses_nothing(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["why"] == [74, 74]
    assert len(told["kept"]) > 3
    with open_ledger(path) as ledger:
        assert [key for key in told["kept"] if ledger.lookup(key) != (b"x" * 20_000, 5)] == []
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    db.close()
