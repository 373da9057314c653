"""Fault matrix, rows 6 to 14: full disks, damaged ledgers and shared ones, as the user of a command meets them."""

import os
import resource
import shutil
import socket
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.jsonl import digest
from blackbox_kd.simulate.script import Drip
from blackbox_kd.teachers.target import Api

pytestmark = pytest.mark.slow

Projects = Callable[..., Any]
Oracle = Callable[[Path, Path], None]
NOBODY = 65_534  # a user without rights
PATIENT_S = 30.0  # for what takes no time on an idle machine
WIRE = pytest.mark.parametrize("wire", ["openai", "anthropic"])


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file of this process can grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def rows(ledger: Path, sql: str) -> list[Any]:
    """What a query finds in a ledger."""
    with closing(sqlite3.connect(ledger)) as db:
        return db.execute(sql).fetchall()


@WIRE
def test_row_6_what_happens_when_the_disk_is_full_is_exit_74_and_nothing_new_is_sent(
    wire: Api, project: Projects, oracle: Oracle
) -> None:
    with project(wire, rows=40) as one:
        assert one.bbkd("prompts").code == 0
        assert one.bbkd("try", "1").code == 0
        with full_at(200_000):
            end = one.bbkd("generate")
        assert (end.code, len(end.advice)) == (74, 1), end.said
        assert "no room left to write" in end.said
        assert "Free some space, then run the same command" in end.advice[0]
        stored = rows(one.ledger, "SELECT count(*) FROM attempt WHERE state = 'stored'")[0][0]
        assert 5 < stored < 40
        assert len(one.seen) - stored <= 4  # calls in flight
        assert rows(one.ledger, "PRAGMA integrity_check") == [("ok",)]
        assert one.bbkd("generate").code == 0
        assert len(one.completions.splitlines()) == 40
        oracle(one.books, one.ledger)


def test_row_7_what_happens_when_the_disk_is_full_for_a_stages_file_is_exit_74_and_the_old_one_stands(
    project: Projects,
) -> None:
    with project(rows=100) as one:
        assert one.bbkd("generate").code == 0
        before, manifest = one.completions, (one.run / "manifest" / "query.json").read_bytes()
        change = "--set=teacher.price={input_usd = 1, output_usd = 2}"
        with full_at(len(before) - 10_000):
            end = one.bbkd("query", change)
        assert (end.code, len(end.advice)) == (74, 1), end.said
        assert "no room left to write" in end.said
        assert "completions.jsonl" in end.said
        assert (one.completions, (one.run / "manifest" / "query.json").read_bytes()) == (before, manifest)
        assert [path.name for path in one.run.rglob("*.tmp")] == []
        assert one.bbkd("query", change).code == 0
        assert len(one.seen) == 100


def cut(path: Path) -> None:
    """Lose the second half."""
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    """Overwrite the pages in the middle."""
    data = bytearray(path.read_bytes())
    data[4096 : 3 * 4096] = bytes(255 - byte for byte in data[4096 : 3 * 4096])
    path.write_bytes(data)


def empty(path: Path) -> None:
    """Lose all of it."""
    os.truncate(path, 0)


def disguise(path: Path) -> None:
    """Make it another kind of file by its first bytes."""
    with path.open("r+b") as file:
        file.write(b"PK\x03\x04 not SQLite")


@pytest.mark.parametrize("damage", [cut, flip, empty, disguise])
def test_row_8_what_happens_to_a_damaged_ledger_is_exit_8_once_and_what_is_readable_goes_on(
    damage: Callable[[Path], None], project: Projects
) -> None:
    with project(rows=40) as one:
        assert one.bbkd("generate").code == 0
        before = one.completions
        damage(one.ledger)
        shutil.rmtree(one.run)
        end = one.bbkd("generate")
        assert (end.code, len(end.advice)) == (8, 1), end.said
        assert "was damaged" in end.said
        assert "of 40 replies" in end.said
        assert "the same command goes on with what was saved" in end.advice[0]
        assert list(one.ledger.parent.glob("ledger.sqlite3.damaged-*")) != []
        saved = rows(one.ledger, "SELECT count(*) FROM attempt WHERE state = 'stored'")[0][0]
        assert f"{saved} of 40 replies" in end.said
        assert one.bbkd("generate").code == 0
        assert len(one.seen) == 40 + 40 - saved
        assert one.completions == before


def snapshot(one: Any, at: int) -> Path:
    """The ledger's files as a process would leave them that is killed at that call; then the run goes on to its end."""
    kept: Path = one.folder / "killed"

    def copy(count: int) -> None:
        if count == at:
            shutil.copytree(one.ledger.parent, kept, ignore=shutil.ignore_patterns("*.lock"))

    one.script = copy
    assert one.bbkd("generate").code == 0
    one.script = lambda count: None
    return kept


def put_back(one: Any, kept: Path) -> None:
    """Put such files in place of the ledger's, and begin a new run."""
    shutil.rmtree(one.ledger.parent)
    shutil.rmtree(one.run)
    kept.rename(one.ledger.parent)


def test_row_9_what_happens_when_the_log_of_a_killed_process_is_deleted_is_exit_8_once(project: Projects) -> None:
    with project(concurrency=1) as one:
        kept, before = snapshot(one, 8), one.completions
        put_back(one, kept)
        (one.ledger.parent / "ledger.sqlite3-wal").unlink()
        end = one.bbkd("generate")
        assert (end.code, len(end.advice)) == (8, 1), end.said
        assert "7 replies were in it" in end.said
        assert "the same command goes on with what is there" in end.advice[0]
        left = rows(one.ledger, "SELECT count(*) FROM attempt WHERE state = 'stored'")[0][0]
        assert one.bbkd("generate").code == 0
        assert (one.completions, len(one.seen)) == (before, 12 + 12 - left)


def test_row_9_what_happens_to_a_foreign_log_is_that_it_is_moved_aside_and_told_of(
    project: Projects, tmp_path: Path
) -> None:
    with project(concurrency=1, folder=tmp_path / "other") as other:
        log = (snapshot(other, 5) / "ledger.sqlite3-wal").read_bytes()
    with project(concurrency=1) as one:
        assert one.bbkd("generate").code == 0
        before = one.completions
        (one.ledger.parent / "ledger.sqlite3-wal").write_bytes(log)
        shutil.rmtree(one.run)
        end = one.bbkd("generate")
        assert "was not this ledger's write-ahead log: moved to" in end.said
        assert end.code in (0, 8), end.said
        assert one.bbkd("generate").code == 0
        assert (one.completions, len(one.seen)) == (before, 12)


def test_row_10_what_happens_to_a_newer_ledger_is_exit_8_with_its_version_and_no_change(project: Projects) -> None:
    with project() as one:
        assert one.bbkd("generate").code == 0
        with closing(sqlite3.connect(one.ledger)) as db:
            db.execute("PRAGMA user_version = 99")
        before = digest(one.ledger)
        (one.run / "manifest" / "query.json").unlink()
        end = one.bbkd("generate")
        assert (end.code, len(end.advice)) == (8, 1), end.said
        assert "schema version 99" in end.said
        assert "Update bbkd" in end.advice[0]
        assert digest(one.ledger) == before
        assert len(one.seen) == 12


def test_row_11_what_happens_to_a_second_process_in_a_run_directory_is_exit_7_with_the_name_of_the_first(
    project: Projects, oracle: Oracle
) -> None:
    with project() as one:
        halfway, go_on = threading.Event(), threading.Event()

        def halt(count: int) -> None:
            if count == 6:
                halfway.set()
                assert go_on.wait(PATIENT_S)

        one.script = halt
        first = one.start("generate")
        assert halfway.wait(PATIENT_S)
        end = one.start("generate").wait()
        go_on.set()
        assert first.wait().code == 0
        assert (end.code, len(end.advice)) == (7, 1), end.said
        assert f"in use by pid {first.pid} on {socket.gethostname()} (bbkd generate" in end.said
        assert len(one.seen) == 12
        oracle(one.books, one.ledger)


def test_row_12_what_happens_to_two_runs_with_the_same_prompts_is_that_each_prompt_is_billed_once(
    project: Projects, oracle: Oracle
) -> None:
    with project(rows=100) as one:
        one.script = lambda count: Drip(10_000)
        runs = [one.start("generate", "--run", name) for name in ("first", "second")]
        ends = [run.wait() for run in runs]
        assert [end.code for end in ends] == [0, 0], ends
        files = [one.folder / name / "completions.jsonl" for name in ("first", "second")]
        assert files[0].read_bytes() == files[1].read_bytes()
        assert len(files[0].read_bytes().splitlines()) == 100
        assert len(one.seen) == 100
        assert rows(one.ledger, "SELECT count(DISTINCT owner) FROM attempt") == [(2,)]
        oracle(one.books, one.ledger)


def test_row_13_what_happens_to_locks_of_dead_processes_is_that_they_stop_nobody(
    project: Projects, oracle: Oracle
) -> None:
    with project() as one:
        one.run.mkdir(parents=True)
        (one.run / ".lock").touch()
        (one.run / ".lock.holder").write_text("pid 4242 on another-host (bbkd run, since 2026-01-01T00:00:00+00:00)")
        one.ledger.parent.mkdir()
        for pid in (4_194_305, os.getpid()):  # one that cannot be, and one that is alive and another program's
            (one.ledger.parent / f"ledger.sqlite3.owner-{pid}@{socket.gethostname()}-{'0' * 12}.lock").touch()
        (one.ledger.parent / "ledger.sqlite3.lock").touch()
        assert one.bbkd("generate").code == 0
        assert list(one.ledger.parent.glob("*.owner-*")) == []
        assert f"pid {os.getpid()} on" in (one.run / ".lock.holder").read_text()
        oracle(one.books, one.ledger)


def test_row_14_what_happens_with_a_ledger_open_to_everybody_is_a_warning(project: Projects) -> None:
    with project() as one:
        one.ledger.parent.mkdir()
        one.ledger.parent.chmod(0o777)
        end = one.bbkd("generate")
        assert end.code == 0
        assert f"{one.ledger.parent} is open to everybody (mode 777)" in end.said
        assert "chmod 700" in end.said
        assert stat.S_IMODE(one.ledger.stat().st_mode) == 0o600


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_row_14_what_happens_with_a_ledger_that_cannot_be_written_is_exit_74_before_anything_is_sent(
    project: Projects, open_folder: Path
) -> None:
    with project(folder=open_folder) as one:
        assert one.bbkd("prompts").code == 0
        user = NOBODY if os.geteuid() == 0 else os.geteuid()
        for path in (open_folder, *open_folder.rglob("*")):
            shutil.chown(path, user)
        one.ledger.parent.mkdir(exist_ok=True)
        one.ledger.parent.chmod(0o555)
        end = one.start("query", user=user).wait()
        assert (end.code, len(end.advice)) == (74, 1), end.said
        assert "cannot be written" in end.said
        assert "Check its permissions" in end.advice[0]
        assert one.seen == []
        one.ledger.parent.chmod(0o755)
        assert one.bbkd("query").code == 0
