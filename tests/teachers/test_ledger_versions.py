import asyncio
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from blackbox_kd.errors import InputError, RunInUse, StoreCorrupt
from blackbox_kd.teachers.ledger import VERSION, GaveUp, Ledger, Paid, Stored, open_ledger
from blackbox_kd.teachers.ledger.tables import VERSION_1, VERSION_2, journal

# What a user who owns nothing finds: opened to be read, then to be written.
OTHER_USER = """
import json, os, sys
from pathlib import Path
from blackbox_kd.errors import BbkdError
from blackbox_kd.teachers.ledger import open_ledger
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
said = []
def tried(**how):
    try:
        with open_ledger(Path(sys.argv[1]), warn=said.append, **how) as ledger:
            found = ledger.lookup("k")
            return found and found.raw.decode()
    except BbkdError as error:
        return [error.exit_code, error.message]
print(json.dumps([tried(read_only=True), tried(), said]))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


async def bought(ledger: Ledger, key: str = "k", raw: bytes = b"raw") -> None:
    """One call that brought a reply."""
    await ledger.store(await ledger.claim(key, "openai/m", b"{}", 5), 200, {}, raw)


def first_version(path: Path) -> None:
    """A ledger as the first version of the tables had it: a reply, an error, and a call in flight."""
    db = sqlite3.connect(path)
    db.executescript(f"{VERSION_1} PRAGMA user_version = 1;")
    db.execute("INSERT INTO request VALUES ('k', 'openai/m', ?)", (b'{"teacher":"own"}',))
    rows = [
        ("stored", 5, 1_000, 2_000, 200, None, b"{}", b"raw"),
        ("error", 5, 1_000, 2_000, 503, "http_503", b"{}", b"busy"),
        ("sent", 5, 3_000, None, None, None, None, None),
    ]
    names = "hash, state, max_tokens, sent_ms, ended_ms, status, code, headers, raw"
    db.executemany(f"INSERT INTO attempt ({names}) VALUES ('k', ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    db.commit()
    db.close()


def version(path: Path) -> int:
    """The version of the tables."""
    db = sqlite3.connect(path)
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    db.close()
    return found


def test_a_ledger_of_version_1_is_brought_up_in_place_and_keeps_all(path: Path) -> None:
    first_version(path)
    with open_ledger(path) as ledger:
        assert ledger.lookup("k") == Stored(b"raw", 5)
        assert ledger.paid("k") == [Paid(b"raw", False, 5), Paid(None, False, 5)]
        assert [(one.state, one.code, one.owner) for one in ledger.attempts("k")] == [
            ("stored", None, None),
            ("error", "http_503", None),
            ("ambiguous", "interrupted", None),
        ]
        asyncio.run(bought(ledger, "another"))
    assert version(path) == VERSION == 3
    db = sqlite3.connect(path)
    assert db.execute("SELECT replies FROM tally").fetchone() == (2,)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


def test_a_ledger_of_version_1_can_be_read_as_it_is(path: Path) -> None:
    first_version(path)
    before = path.read_bytes()
    with open_ledger(path, read_only=True) as ledger:
        assert ledger.lookup("k") == Stored(b"raw", 5)
        assert ledger.history("k").attempts == 3
        assert (ledger.gave_up("k"), ledger.batches(), ledger.ambiguous()) == (None, [], 0)
    assert path.read_bytes() == before


@pytest.mark.parametrize("read_only", [True, False])
def test_a_row_given_up_in_a_ledger_of_version_2_has_the_limit_of_its_newest_attempt(
    path: Path, read_only: bool
) -> None:
    first_version(path)
    db = sqlite3.connect(path)
    db.executescript(f"{VERSION_2} PRAGMA user_version = 2; UPDATE attempt SET max_tokens = 9 WHERE state = 'sent';")
    db.executemany("INSERT INTO failure VALUES (?, 'c', 'm', 3, 0)", [("k",), ("never sent",)])
    db.commit()
    db.close()
    with open_ledger(path, read_only=read_only) as ledger:
        assert (ledger.gave_up("k", 9), ledger.gave_up("k", 5)) == (GaveUp("c", "m", 3), None)
        assert ledger.gave_up("never sent", 5) == GaveUp("c", "m", 3)


def test_a_ledger_that_an_older_bbkd_has_open_is_not_brought_up_under_it(path: Path) -> None:
    with open_ledger(path):
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA user_version = 2")
        db.close()
        with pytest.raises(RunInUse, match="in use by an older bbkd"), open_ledger(path):
            pass
    assert version(path) == 2


@pytest.mark.parametrize("read_only", [False, True])
def test_row_10_a_newer_ledger_is_refused_with_both_versions_and_not_touched(path: Path, read_only: bool) -> None:
    with open_ledger(path) as ledger:
        asyncio.run(bought(ledger))
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = path.read_bytes()
    said = rf"newer bbkd \(schema version {VERSION + 1}; this bbkd knows {VERSION}\)"
    with pytest.raises(StoreCorrupt, match=said), open_ledger(path, read_only=read_only):
        pass
    assert path.read_bytes() == before


def test_a_ledger_that_does_not_exist_reads_as_an_empty_one_and_is_not_made(path: Path) -> None:
    with open_ledger(path, read_only=True) as ledger:
        assert (ledger.lookup("k"), ledger.history("k").attempts, ledger.ambiguous()) == (None, 0, 0)
    assert list(path.parent.iterdir()) == []


def test_an_empty_file_reads_as_an_empty_ledger(path: Path) -> None:
    path.touch()
    with open_ledger(path, read_only=True) as ledger:
        assert ledger.lookup("k") is None
    assert path.read_bytes() == b""


async def test_what_is_being_written_can_be_read_beside_it(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
        with open_ledger(path, read_only=True) as reader:
            assert reader.lookup("k") == Stored(b"raw", 5)
            await bought(ledger, "later")
            assert reader.lookup("later") == Stored(b"raw", 5)


def as_other_user(path: Path) -> list[object]:
    """What a user without rights gets: (reply read, reply or error of writing, warnings)."""
    words = [sys.executable, "-c", OTHER_USER, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env={**os.environ})
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("file_mode", [0o444, 0o600])
def test_row_14_a_ledger_that_cannot_be_written_is_read_or_named(open_folder: Path, file_mode: int) -> None:
    path = open_folder / "ledger.sqlite3"
    with open_ledger(path) as ledger:
        asyncio.run(bought(ledger))
    for file in open_folder.iterdir():
        file.chmod(file_mode)
    open_folder.chmod(0o555)
    read, written, said = as_other_user(path)
    readable = file_mode == 0o444 or os.geteuid() != 0
    assert read == "raw" if readable else "cannot be read" in str(read)
    assert isinstance(written, list)
    assert written[0] == 74
    assert str(path) in written[1]
    assert said == []


def test_row_14_a_folder_that_cannot_be_written_is_named(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    read, written, _ = as_other_user(open_folder / "ledger.sqlite3")
    assert read is None
    assert isinstance(written, list)
    assert (written[0], "cannot be written" in written[1]) == (74, True)


def test_rows_in_the_log_of_a_ledger_that_cannot_be_written_are_read_or_warned_of(open_folder: Path) -> None:
    path = open_folder / "ledger.sqlite3"
    with open_ledger(path):
        pass
    with open_ledger(path) as ledger:
        asyncio.run(bought(ledger))
        copy = open_folder / "copy"
        copy.mkdir()
        for name in ("ledger.sqlite3", "ledger.sqlite3-wal"):
            shutil.copy(open_folder / name, copy / name)
            (copy / name).chmod(0o444)
    copy.chmod(0o555)
    read, _, said = as_other_user(copy / "ledger.sqlite3")
    copy.chmod(0o755)
    assert read == "raw" or "-wal file beside it" in str(said)


def test_without_shared_memory_the_older_journal_is_used_with_a_warning(path: Path) -> None:
    said: list[str] = []
    db = sqlite3.connect(f"{path.as_uri()}?vfs=unix-dotfile", uri=True, isolation_level=None)
    journal(db, path, said.append)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)
    db.close()
    assert "no shared memory" in said[0]


def test_the_files_are_the_users_alone_and_their_folder_too(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.sqlite3"
    with open_ledger(path):
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_in_place_of_the_file_is_not_read(path: Path) -> None:
    path.mkdir()
    with pytest.raises(InputError, match="is a folder"), open_ledger(path, read_only=True):
        pass
    assert list(path.iterdir()) == []
