import asyncio
import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from blackbox_kd.errors import StorageFull, StoreCorrupt
from blackbox_kd.teachers.ledger import Ledger, Stored, open_ledger
from blackbox_kd.teachers.ledger.carving import carve
from blackbox_kd.teachers.ledger.mark import seen
from blackbox_kd.teachers.ledger.opening import check

COUNT = 50
# Stores a reply under each name, then waits to be killed.
HOLD = """
import asyncio, sys
from pathlib import Path
from blackbox_kd.teachers.ledger import open_ledger
async def main():
    with open_ledger(Path(sys.argv[1])) as ledger:
        for key in sys.argv[2:]:
            await ledger.store(await ledger.claim(key, "openai/m", b"{}", 5), 200, {}, b"raw")
        print("stored", flush=True)
        sys.stdin.read()
asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
async def filled(path: Path) -> Path:
    """A ledger of fifty replies of 3,000 bytes, closed."""
    with open_ledger(path) as ledger:
        await asyncio.gather(*(bought(ledger, f"k{number}", body(number)) for number in range(COUNT)))
    return path


def body(number: int) -> bytes:
    """The reply to a request."""
    return b"%d " % number * 1_000


async def bought(ledger: Ledger, key: str, raw: bytes) -> None:
    """One call that brought a reply."""
    await ledger.store(await ledger.claim(key, "openai/m", b'{"wire":"openai"}', 5), 200, {}, raw)


def killed(path: Path, *keys: str) -> None:
    """Replies that a process stored before it was killed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), *keys], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "stored\n"
    holder.send_signal(signal.SIGKILL)
    holder.communicate()


def overwrite(path: Path, start: int, content: bytes) -> None:
    """Damage some bytes of a file."""
    with path.open("r+b") as file:
        file.seek(start)
        file.write(content)


def saved(path: Path) -> int:
    """How many of the fifty replies are found, each as it was."""
    with open_ledger(path) as ledger:
        found = [ledger.lookup(f"k{number}") for number in range(COUNT)]
    assert all(one in (None, Stored(body(number), 5)) for number, one in enumerate(found))
    return sum(one is not None for one in found)


def aside(path: Path) -> list[Path]:
    """The damaged files that were moved aside."""
    return sorted(path.parent.glob("ledger.sqlite3.damaged-*"))


def reported(path: Path) -> str:
    """What the first opening says of the damage."""
    with pytest.raises(StoreCorrupt) as caught, open_ledger(path):
        pass
    assert caught.value.exit_code == 8
    assert "the same command goes on" in caught.value.fix.lower()
    return caught.value.message


@pytest.mark.parametrize(
    ("start", "content", "least"),
    [
        pytest.param(0, b"not a database! ", 50, id="magic"),
        pytest.param(0, b"\0" * 4096, 48, id="first page"),
        pytest.param(4096, b"\xff" * 8192, 40, id="two pages"),
        pytest.param(20 * 4096, b"\0" * 4096, 45, id="zeros"),
    ],
)
def test_row_8_a_damaged_ledger_is_moved_aside_and_what_is_readable_saved(
    filled: Path, start: int, content: bytes, least: int
) -> None:
    overwrite(filled, start, content)
    before = filled.read_bytes()
    message = reported(filled)
    (kept,) = aside(filled)
    assert kept.read_bytes() == before
    assert str(kept) in message
    found = saved(filled)
    assert f"{found} of {COUNT} replies" in message
    assert found >= least


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.9])
def test_row_8_a_truncated_ledger_keeps_what_lies_before_the_cut(filled: Path, share: float) -> None:
    whole = filled.read_bytes()
    filled.write_bytes(whole[: int(len(whole) * share)])
    reported(filled)
    assert saved(filled) >= (COUNT - 8) * share - 8


@pytest.mark.parametrize("gone", [False, True], ids=["empty", "gone"])
def test_row_8_a_ledger_that_was_used_and_is_empty_is_told_of_once(filled: Path, gone: bool) -> None:
    if gone:
        filled.unlink()
    else:
        filled.write_bytes(b"")
    assert f"0 of {COUNT} replies" in reported(filled)
    assert saved(filled) == 0


def test_row_8_flipped_bytes_never_lose_a_reply_without_a_word(filled: Path, tmp_path: Path) -> None:
    rng = random.Random(8)
    for number in range(15):
        copy = tmp_path / str(number) / filled.name
        copy.parent.mkdir(mode=0o700)
        for file in tmp_path.glob("ledger.sqlite3*"):
            shutil.copy(file, copy.parent)
        overwrite(copy, rng.randrange(filled.stat().st_size), bytes([rng.randrange(256)]))
        try:
            with open_ledger(copy):
                pass
        except StoreCorrupt:
            assert len(aside(copy)) == 1
        with open_ledger(copy) as ledger:
            lost = [key for key in range(COUNT) if ledger.lookup(f"k{key}") is None]
        assert lost == [] or (aside(copy) != [] and len(lost) <= 1)


def test_row_9_a_log_deleted_after_a_kill_is_told_of(path: Path) -> None:
    killed(path, "a", "b")
    path.with_name("ledger.sqlite3-wal").unlink()
    path.with_name("ledger.sqlite3-shm").unlink()
    message = reported(path)
    assert "2 replies were in it" in message or "0 of 2 replies" in message
    with open_ledger(path) as ledger:
        assert ledger.lookup("a") is None


def test_row_9_a_log_deleted_with_older_replies_in_the_file_is_told_of(path: Path) -> None:
    killed(path, "a")
    with open_ledger(path):
        pass
    killed(path, "b")
    path.with_name("ledger.sqlite3-wal").unlink()
    assert "2 replies were in it and 1 are" in reported(path)
    with open_ledger(path) as ledger:
        assert (ledger.lookup("a"), ledger.lookup("b")) == (Stored(b"raw", 5), None)


def test_row_9_a_log_that_another_program_has_worked_off_is_no_loss(path: Path) -> None:
    killed(path, "a", "b")
    db = sqlite3.connect(path)
    assert db.execute("SELECT count(*) FROM attempt").fetchone() == (2,)
    db.close()
    assert not path.with_name("ledger.sqlite3-wal").exists()
    with open_ledger(path) as ledger:
        assert ledger.lookup("b") == Stored(b"raw", 5)


def test_row_9_a_foreign_log_is_moved_aside_and_never_played_into_the_ledger(filled: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "ledger.sqlite3"
    killed(other, "x", "y")
    log = filled.with_name("ledger.sqlite3-wal")
    shutil.copy(other.with_name("ledger.sqlite3-wal"), log)
    foreign = log.read_bytes()
    said: list[str] = []
    with open_ledger(filled, warn=said.append) as ledger:
        assert (ledger.lookup("x"), ledger.lookup("k7")) == (None, Stored(body(7), 5))
    assert "was not this ledger's write-ahead log" in said[0]
    assert [file.read_bytes() for file in tmp_path.glob("*.foreign-*-wal")] == [foreign]


def test_row_9_the_own_log_of_a_killed_process_is_played_back(path: Path) -> None:
    killed(path, "a", "b")
    known = seen(path)
    assert known is not None
    assert known.replies == 2
    said: list[str] = []
    with open_ledger(path, warn=said.append) as ledger:
        assert (ledger.lookup("a"), ledger.lookup("b"), said) == (Stored(b"raw", 5), Stored(b"raw", 5), [])


def test_rows_are_read_out_of_the_log_where_the_file_is_gone(path: Path) -> None:
    killed(path, "a", "b")
    path.unlink()
    assert "2 of 2 replies" in reported(path)
    with open_ledger(path) as ledger:
        assert (ledger.lookup("a"), ledger.lookup("b")) == (Stored(b"raw", 5), Stored(b"raw", 5))


async def test_every_row_can_be_carved_out_of_a_whole_file(filled: Path) -> None:
    bodies = {row.values[9] for row in carve(filled) if row.values and len(row.values) == 12}
    assert bodies == {body(number) for number in range(COUNT)}


def test_what_was_given_up_and_open_batches_are_saved_too(path: Path) -> None:
    async def fill() -> None:
        with open_ledger(path) as ledger:
            await ledger.fail(await ledger.claim("g", "openai/m", b"{}", 7), "c", 400, {}, b"", False)
            await ledger.give_up("g", "context_length", "too long")
            await ledger.reserve_batch("f", "openai/m", [("x", b"{}", 5), ("y", b"{}", 6)])
            await ledger.batch_sent("f", "remote", "file-1")

    asyncio.run(fill())
    overwrite(path, 0, b"not a database! ")
    reported(path)
    with open_ledger(path) as ledger:
        assert (ledger.gave_up("g", 7) is not None, ledger.gave_up("g", 6)) == (True, None)
        assert [(one.remote_id, one.detail) for one in ledger.batches()] == [("remote", "file-1")]
        assert sorted(ledger.batch_attempts("f")) == ["x", "y"]


def test_a_process_that_died_while_it_saved_is_gone_on_from(filled: Path) -> None:
    whole = filled.read_bytes()
    filled.rename(filled.with_name("ledger.sqlite3.saved"))
    filled.write_bytes(b"damaged")
    assert "is in a new ledger" in reported(filled)
    assert (filled.read_bytes() == whole, aside(filled)[0].read_bytes(), saved(filled)) == (True, b"damaged", COUNT)


def test_a_damaged_ledger_in_use_is_left_where_it_is(filled: Path) -> None:
    with open_ledger(filled):
        overwrite(filled, 4096, b"\xff" * 8192)
        with pytest.raises(StoreCorrupt, match="sqlite3:") as caught, open_ledger(filled):
            pass
    assert (aside(filled), "Close whatever has the ledger open" in caught.value.fix) == ([], True)


def test_damage_found_while_it_is_read_is_checked_at_the_next_opening(filled: Path) -> None:
    with open_ledger(filled) as ledger:
        db = sqlite3.connect(filled)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        overwrite(filled, 4096, b"\xff" * (filled.stat().st_size - 4096))
        with pytest.raises(StoreCorrupt, match="malformed"):
            for number in range(COUNT):
                ledger.release()
                ledger.lookup(f"k{number}")
        assert filled.with_name("ledger.sqlite3.suspect").exists()
    reported(filled)
    assert not filled.with_name("ledger.sqlite3.suspect").exists()


def test_a_check_that_takes_too_long_finds_nothing(filled: Path) -> None:
    with contextlib.closing(sqlite3.connect(filled)) as db:
        assert (check(db, None), check(db, -1.0)) == ("ok", "ok")


@pytest.mark.parametrize("content", [b"my thesis, far from done " * 100, b"\x00" * 5_000], ids=["text", "zeros"])
def test_a_file_that_was_never_a_ledger_is_refused_and_kept(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match="holds nothing of a ledger"), open_ledger(path):
        pass
    assert (path.read_bytes(), aside(path)) == (content, [])


def test_another_programs_database_is_refused_and_kept(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE mine (a)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match="is not a ledger of bbkd"), open_ledger(path):
        pass
    assert path.read_bytes()[:16] == before[:16]


def test_a_folder_in_its_place_is_no_damage(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StorageFull, match="cannot be written"), open_ledger(path):
        pass
    assert os.listdir(path) == []  # noqa: PTH208
