"""kill -9 at random moments: what was paid for and stored is never asked for again, and the files come out the same."""

import asyncio
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.run import COMPLETIONS, FAILURES, TRAIN_ROWS, VALIDATION_ROWS, Manifest
from blackbox_kd.simulate.batches import serving_batches
from blackbox_kd.simulate.books import Books, read_books
from blackbox_kd.simulate.jobs import Jobs, Trouble
from blackbox_kd.simulate.state import Server
from blackbox_kd.teachers.target import Api

KILLS = 25  # on each wire
ROWS = 900
CONCURRENCY = 4
CONFIG = """
[teacher]
model = "{wire}/simulated-tickets"
base_url = "{url}"
identity = "the simulated teacher"
batch = {batch}
[query]
concurrency = {concurrency}
poll_s = 0.1
[prompts]
held_out = 60
[[prompts.strategy]]
kind = "task"
task = "tickets"
count = {rows}
"""
NOISE = ("wrong=0.05", "refused=0.05")
SLOW = ("latency_s=0.1", "slow=0.02", "rate_500=0.01")
Record = Callable[[str, object], None]
WIRE = pytest.mark.parametrize("wire", ["openai", "anthropic"])


class Project:
    """A folder with bbkd.toml, a ledger, and runs in which the stages are processes."""

    def __init__(self, folder: Path, wire: Api, url: str, rows: int = ROWS, batch: bool = False) -> None:
        folder.mkdir()
        self.folder = folder
        self.ledger = folder / ".bbkd" / "ledger.sqlite3"
        address = url if wire == "anthropic" else f"{url}/v1"
        words = {"wire": wire, "url": address, "rows": rows, "concurrency": CONCURRENCY}
        (folder / "bbkd.toml").write_text(CONFIG.format(batch=str(batch).lower(), **words))

    def start(self, stage: str, *words: str, run: str = "run") -> subprocess.Popen[bytes]:
        """A stage in a process of its own."""
        command = [sys.executable, "-m", "blackbox_kd", stage, "--run", str(self.folder / run), *words]
        return subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE)

    def finish(self, stage: str, *words: str, run: str = "run") -> None:
        """Run a stage to its end."""
        ended(self.start(stage, *words, run=run))

    def killed(self, after_s: float, *words: str, run: str = "run", since: Callable[[], int] | None = None) -> bool:
        """Start the query and kill -9 it so long after its start, or after a number at the teacher's changes.

        Whether it was still at work. What was stored stays stored.
        """
        before, number = self.stored, since and since()
        process = self.start("query", *words, run=run)
        while since and since() == number and process.poll() is None:
            time.sleep(0.01)
        try:
            process.communicate(timeout=after_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            assert set(before) <= set(self.stored)
            return True
        assert process.returncode == 0
        return False

    @property
    def stored(self) -> list[str]:
        """The ids of the replies in the ledger, as the teacher gave them."""
        if not self.ledger.exists():
            return []
        with closing(sqlite3.connect(self.ledger)) as db:
            try:
                found = db.execute("SELECT raw FROM attempt WHERE state = 'stored' ORDER BY id").fetchall()
            except sqlite3.OperationalError:  # killed before the tables were made
                found = []
        return [msgspec.json.decode(raw)["id"] for (raw,) in found]

    def files(self, run: str = "run") -> list[bytes]:
        """What query and filter wrote."""
        names = (COMPLETIONS, FAILURES, TRAIN_ROWS, VALIDATION_ROWS)
        return [path.read_bytes() for name in names if (path := self.folder / run / name).exists()]

    def counts(self, run: str = "run") -> dict[str, int | float]:
        """What the manifest of the query counts."""
        path = self.folder / run / "manifest" / "query.json"
        return msgspec.json.decode(path.read_bytes(), type=Manifest).counts


def size(path: Path) -> int:
    """Bytes of a file that may be there."""
    return path.stat().st_size if path.exists() else 0


def ended(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that has to end well."""
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told.decode()


@contextmanager
def teacher(books: Path, *settings: str) -> Iterator[str]:
    """`bbkd simulate` as a process that the kills do not reach; yields its address."""
    words = ["simulate", "--task", "tickets", "--port", "0", "--books", str(books)]
    noise = [f"--set={one}" for one in (*NOISE, *settings)]
    process = subprocess.Popen([sys.executable, "-m", "blackbox_kd", *words, *noise], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split(" at ")[1].split("/v1 ")[0]
    finally:
        process.kill()
        process.communicate()


def undisturbed(folder: Path, wire: Api, rows: int) -> list[bytes]:
    """The files of a run to which nothing happens."""
    with teacher(folder.with_suffix(".books"), "latency_s=0") as url:
        one = Project(folder, wire, url, rows)
        for stage in ("prompts", "query", "filter"):
            one.finish(stage)
    assert len(list(read_books(folder.with_suffix(".books")))) == rows
    return one.files()


def told(record: Record, **figures: float) -> None:
    """Keep figures for the report of the tests, and show them with -s."""
    for name, value in figures.items():
        record(name, value)
    sys.stdout.write(f"{', '.join(f'{name} {value}' for name, value in figures.items())}\n")


@pytest.mark.slow
@pytest.mark.timeout(600)
@WIRE
def test_row_1_what_happens_after_kills_is_that_nothing_is_lost_or_bought_twice_and_the_files_are_the_same(
    wire: Api, tmp_path: Path, record_property: Record
) -> None:
    rng, books = random.Random(wire), tmp_path / "books.jsonl"
    with teacher(books, *SLOW) as url:
        one = Project(tmp_path / "disturbed", wire, url)
        one.finish("prompts")
        for number in range(KILLS):
            early = number % 3 == 0  # perhaps before anything was asked
            assert (
                one.killed(rng.uniform(0.2, 2.5)) if early else one.killed(rng.uniform(0, 1), since=lambda: size(books))
            )
        one.finish("query")
        one.finish("filter")
    billed, ambiguous = list(read_books(books)), one.counts()["ambiguous"]
    last = {entry.request: entry.response_id for entry in billed}
    told(record_property, kills=KILLS, billed=len(billed), repeats=len(billed) - ROWS, ambiguous=ambiguous)
    assert sorted(last.values()) == sorted(one.stored)  # a reply that was stored is the last that was billed
    assert 0 < len(billed) - ROWS <= ambiguous <= KILLS * CONCURRENCY
    assert one.files() == undisturbed(tmp_path / "undisturbed", wire, ROWS)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_row_12_what_happens_after_kills_of_one_of_two_runs_is_that_both_end_with_the_same_files(
    tmp_path: Path, record_property: Record
) -> None:
    rng, books, rows, kills = random.Random(12), tmp_path / "books.jsonl", 800, 8
    with teacher(books, *SLOW) as url:
        one = Project(tmp_path / "disturbed", "openai", url, rows)
        for run in ("first", "second"):
            one.finish("prompts", run=run)
        other = one.start("query", run="first")
        for _ in range(kills):
            assert one.killed(rng.uniform(0.9, 2.2), run="second")
        assert other.poll() is None  # it was at work all the time
        one.finish("query", run="second")
        ended(other)
        for run in ("first", "second"):
            one.finish("filter", run=run)
    billed, ambiguous = list(read_books(books)), one.counts("second")["ambiguous"]
    last = {entry.request: entry.response_id for entry in billed}
    told(record_property, kills=kills, billed=len(billed), repeats=len(billed) - rows, ambiguous=ambiguous)
    assert sorted(last.values()) == sorted(one.stored)
    assert 0 <= len(billed) - rows <= ambiguous <= kills * CONCURRENCY
    assert one.files("first") == one.files("second") == undisturbed(tmp_path / "undisturbed", "openai", rows)


@contextmanager
def batching(books: Path, trouble: Trouble) -> Iterator[tuple[str, Jobs]]:
    """A provider of batches in a thread; yields its address and what it was sent."""
    jobs = Jobs(Server(Simulated(task="tickets"), Books(books)), trouble)
    ready, stop, address = threading.Event(), asyncio.Event(), list[str]()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving_batches(jobs) as url:
            address.append(url)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield address[0], jobs
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        jobs.server.books.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
@WIRE
def test_row_53_what_happens_after_kills_of_runs_with_batches_is_that_no_row_is_submitted_twice(
    wire: Api, tmp_path: Path, record_property: Record
) -> None:
    rng, books, rows, kills = random.Random(wire), tmp_path / "books.jsonl", 300, 15
    slowly = Trouble(delay_s=0.4, reached=lambda step: time.sleep(0.1))  # it is killed at each step, too
    with batching(books, slowly) as (url, jobs):
        one = Project(tmp_path / "disturbed", wire, url, rows, batch=True)
        one.finish("prompts")
        rounds, killed = 1, 0
        while killed < kills:
            warmer = f"--set=teacher.sampling.temperature={rounds}"  # other requests, once all of these are answered
            if one.killed(rng.uniform(0, 0.8), warmer, since=lambda: jobs.server.requests):
                killed += 1
            else:
                rounds += 1
        one.finish("query", warmer)
    rounds = len(jobs.submitted) // rows
    with closing(sqlite3.connect(one.ledger)) as db:
        batches = dict(db.execute("SELECT state, count(*) FROM batch GROUP BY state").fetchall())
        attempts = dict(db.execute("SELECT state, count(*) FROM attempt GROUP BY state").fetchall())
    told(record_property, kills=kills, batches=len(jobs.jobs), never_created=batches.get("failed", 0), rounds=rounds)
    assert set(jobs.submitted.values()) == {1}
    assert Counter(entry.request for entry in read_books(books)).most_common(1)[0][1] == 1
    assert (batches["done"], attempts["stored"], attempts.get("ambiguous", 0)) == (rounds, rounds * rows, 0)
    with batching(tmp_path / "quiet.jsonl", Trouble()) as (url, _):
        quiet = Project(tmp_path / "undisturbed", wire, url, rows, batch=True)
        quiet.finish("prompts")
        quiet.finish("query", warmer)
    assert one.files() == quiet.files()
