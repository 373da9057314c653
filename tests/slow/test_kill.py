"""kill -9 at random moments: what was paid for and stored is never asked for again, and the files come out the same."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from blackbox_kd.run import COMPLETIONS, TRAIN_ROWS, VALIDATION_ROWS, Manifest
from blackbox_kd.simulate.books import read_books

KILLS = 10
ROWS = 700
CONFIG = """
[teacher]
model = "openai/simulated-tickets"
base_url = "{url}"
identity = "the simulated teacher"
[query]
concurrency = 4
[prompts]
held_out = 60
[[prompts.strategy]]
kind = "task"
task = "tickets"
count = {rows}
"""


def bbkd(folder: Path, command: str) -> subprocess.Popen[bytes]:
    """A stage in a process of its own."""
    words = [sys.executable, "-m", "blackbox_kd", command, "--run", str(folder / "run")]
    return subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE)


def finish(folder: Path, command: str) -> None:
    """Run a stage to its end."""
    process = bbkd(folder, command)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told.decode()


@contextmanager
def teacher(books: Path) -> Iterator[str]:
    """`bbkd simulate` as a process that the kills do not reach; yields its address for the OpenAI wire."""
    words = ["simulate", "--task", "tickets", "--port", "0", "--books", str(books)]
    noise = ["--set=latency_s=0.1", "--set=slow=0.02", "--set=rate_500=0.01", "--set=wrong=0.05", "--set=refused=0.05"]
    process = subprocess.Popen([sys.executable, "-m", "blackbox_kd", *words, *noise], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split(" at ")[1].split()[0]
    finally:
        process.kill()
        process.communicate()


def project(folder: Path, url: str) -> Path:
    """A folder with settings, prompts and no ledger."""
    folder.mkdir()
    (folder / "bbkd.toml").write_text(CONFIG.format(url=url, rows=ROWS))
    finish(folder, "prompts")
    return folder


def stored(folder: Path) -> list[str]:
    """The ids of the replies in the ledger, as the teacher gave them."""
    path = folder / ".bbkd" / "ledger.sqlite3"
    if not path.exists():
        return []
    db = sqlite3.connect(path)
    try:
        found = db.execute("SELECT raw FROM attempt WHERE state = 'stored' ORDER BY id").fetchall()
    except sqlite3.OperationalError:  # killed before the tables were made
        found = []
    db.close()
    return [msgspec.json.decode(raw)["id"] for (raw,) in found]


def killed(folder: Path, after_s: float) -> bool:
    """Start the query and kill -9 it after so long; whether it was still at work."""
    process = bbkd(folder, "query")
    try:
        process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


def counts(folder: Path) -> dict[str, int | float]:
    """What the manifest of the query counts."""
    return msgspec.json.decode((folder / "run" / "manifest" / "query.json").read_bytes(), type=Manifest).counts


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kills_lose_nothing_buy_nothing_twice_and_leave_no_trace_in_the_files(tmp_path: Path) -> None:
    rng = random.Random(20)
    books, quiet_books = tmp_path / "books.jsonl", tmp_path / "quiet.jsonl"
    with teacher(books) as url:
        disturbed = project(tmp_path / "disturbed", url)
        for _ in range(KILLS):
            before = stored(disturbed)
            assert killed(disturbed, rng.uniform(0.9, 2.3))
            assert stored(disturbed)[: len(before)] == before  # what was stored stays stored
        finish(disturbed, "query")
        finish(disturbed, "filter")
    billed, names = list(read_books(books)), stored(disturbed)
    last = {entry.request: entry.response_id for entry in billed}
    assert sorted(last.values()) == sorted(names)  # a reply that was stored is the last that was billed
    ambiguous = counts(disturbed)["ambiguous"]
    assert 0 < len(billed) - ROWS <= ambiguous <= KILLS * 4

    with teacher(quiet_books) as url:
        undisturbed = project(tmp_path / "undisturbed", url)
        finish(undisturbed, "query")
        finish(undisturbed, "filter")
    assert len(list(read_books(quiet_books))) == ROWS
    for name in (COMPLETIONS, TRAIN_ROWS, VALIDATION_ROWS):
        assert (disturbed / "run" / name).read_bytes() == (undisturbed / "run" / name).read_bytes()
