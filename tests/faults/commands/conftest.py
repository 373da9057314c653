"""`bbkd` in a folder whose teacher is scripted: in this process, or in others that may be killed."""

import asyncio
import json
import os
import pty
import random
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from blackbox_kd.cli import main
from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.script import Play, Script
from blackbox_kd.simulate.server import serving
from blackbox_kd.teachers.target import Api

FORKING = Path(__file__).with_name("forking.py")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # tells a terminal where to go on, and in which colour
PATIENT_S = 30.0  # for what takes no time on an idle machine
CONFIG = """
[teacher]
model = "{wire}/simulated-tickets"
base_url = "{url}"
identity = "the simulated teacher"
[query]
concurrency = {concurrency}
[prompts]
held_out = 2
[[prompts.strategy]]
kind = "task"
task = "tickets"
count = {rows}
"""


class Ended(NamedTuple):
    """How a command ended: its exit code and what it said."""

    code: int
    said: str

    @property
    def advice(self) -> list[str]:
        """The lines after `error:`."""
        lines = self.said.splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("error: ")]
        return [line for line in lines[starts[0] + 1 :] if line] if starts else []


class Forks:
    """Starts commands quickly: see forking.py."""

    def __init__(self) -> None:
        words = [sys.executable, str(FORKING)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, **order: Any) -> int:
        """Send an order; returns the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


class Terminal:
    """A terminal, and whoever sits before it."""

    def __init__(self) -> None:
        self._keys, self._other = pty.openpty()
        self.stream = Path(os.ttyname(self._other))
        self._seen = b""

    def until(self, text: str) -> float:
        """Read on until a text was shown; returns when that was."""
        limit_s = time.monotonic() + PATIENT_S
        while text.encode() not in self._seen:
            ready, _, _ = select.select([self._keys], [], [], limit_s - time.monotonic())
            assert ready, self.read_text()
            self._seen += os.read(self._keys, 65_536)
        return time.monotonic()

    def interrupt(self) -> float:
        """Press Ctrl-C; returns when that was."""
        os.write(self._keys, b"\x03")
        return time.monotonic()

    def read_text(self) -> str:
        """All that was shown; the terminal's other end is closed."""
        os.close(self._other)
        with suppress(OSError):  # nobody is left at the other end
            while more := os.read(self._keys, 65_536):
                self._seen += more
        os.close(self._keys)
        return CONTROL.sub("", self._seen.decode()).replace("\r", "\n")


class Command:
    """A command in a process of its own."""

    def __init__(self, forks: Forks, pid: int, stream: Path) -> None:
        self.pid = pid
        self._forks = forks
        self._stream = stream

    def send(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self, terminal: Terminal | None = None) -> Ended:
        """Wait for its end."""
        code = self._forks.tell(wait=self.pid)
        return Ended(code, terminal.read_text() if terminal else self._stream.read_text())


class Project:
    """A folder with bbkd.toml, whose teacher is scripted and outlives the commands."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.run = folder / "runs" / "main"
        self.ledger, self.books = folder / ".bbkd" / "ledger.sqlite3", folder / "books.jsonl"
        self.seen: list[str] = []  # prompts that the teacher was asked for
        self.script: Callable[[int], Play | None] = lambda count: None  # of how many requests came, this one included
        self.url = ""
        self.forks: Callable[[], Forks]
        self._capture = capture
        self._patch = patch

    def play(self, asked: Asked, attempt: int) -> Play | None:
        """Note a request, and do what the script of the moment says."""
        self.seen.append(asked.prompt)
        return self.script(len(self.seen))

    def write(self, wire: Api, rows: int, concurrency: int) -> None:
        """Write bbkd.toml."""
        url = self.url if wire == "anthropic" else f"{self.url}/v1"
        text = CONFIG.format(wire=wire, url=url, rows=rows, concurrency=concurrency)
        (self.folder / "bbkd.toml").write_text(text)

    def bbkd(self, *words: str) -> Ended:
        """A command in this process."""
        self._patch.chdir(self.folder)
        self._capture.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(words)
        return Ended(int(stopped.value.code or 0), self._capture.readouterr().err)

    def start(self, *words: str, terminal: Terminal | None = None, die_at: int = 0, user: int = 0) -> Command:
        """A command in a process of its own, of another user where that can be."""
        stream = terminal.stream if terminal else self.folder / f"said-{random.getrandbits(32):08x}"
        where = {"folder": str(self.folder), "stream": str(stream), "watched": str(self.run)}
        forks = self.forks()
        return Command(forks, forks.tell(words=words, die_at=die_at, user=user, **where), stream)

    @property
    def completions(self) -> bytes:
        """What the query stage wrote."""
        return (self.run / "completions.jsonl").read_bytes()


Projects = Callable[..., AbstractContextManager[Project]]


@pytest.fixture(scope="session")
def forks() -> Iterator[Callable[[], Forks]]:
    """Gives the one process that forks, started when it is needed first."""
    started: list[Forks] = []

    def get() -> Forks:
        if not started:
            started.append(Forks())
        return started[0]

    yield get
    for one in started:
        one.close()


@pytest.fixture
def project(
    tmp_path: Path,
    forks: Callable[[], Forks],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Projects:
    """`with project("anthropic", rows=12) as one`: a teacher in a thread, and the command line to ask it."""

    @contextmanager
    def serve(
        wire: Api = "openai", rows: int = 12, concurrency: int = 4, folder: Path = tmp_path / "own"
    ) -> Iterator[Project]:
        folder.mkdir(exist_ok=True)
        one = Project(folder, capsys, monkeypatch)
        one.forks = forks
        with threaded(one.books, one.play) as one.url:
            one.write(wire, rows, concurrency)
            yield one

    return serve


@pytest.fixture
def undisturbed(project: Projects, tmp_path: Path) -> Callable[[Api, int], bytes]:
    """The completions of a run to which nothing happens."""

    def make(wire: Api, rows: int) -> bytes:
        with project(wire, rows=rows, folder=tmp_path / "undisturbed") as one:
            assert one.bbkd("generate").code == 0
            return one.completions

    return make


@contextmanager
def threaded(books: Path, script: Script) -> Iterator[str]:
    """A simulated teacher in a thread with an event loop of its own; yields its root address."""
    address: list[str] = []
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(Simulated(task="tickets"), books=books, script=script) as url:
            address.append(url)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(PATIENT_S)
        yield address[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture
def terminal() -> Terminal:
    """A terminal, for a command to start in."""
    return Terminal()
