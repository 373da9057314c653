"""Fault matrix: what the command of a user who met these faults says, and that it goes on where it stopped."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from blackbox_kd.cli import main
from blackbox_kd.config.simulated import Simulated
from blackbox_kd.records import Completion
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.script import Error, Play, Script
from blackbox_kd.simulate.server import serving
from blackbox_kd.teachers.target import Api

WIRE = pytest.mark.parametrize("wire", ["openai", "anthropic"])
CONFIG = """
[teacher]
model = "{provider}/simulated-tickets"
base_url = "{url}"
identity = "the simulated teacher"
[query]
concurrency = 4
timeout_s = 5
[prompts]
held_out = 2
[[prompts.strategy]]
kind = "task"
task = "tickets"
count = {rows}
"""


class Ended(NamedTuple):
    """How a command ended: exit code, what it said, and how many requests the teacher let in."""

    code: int
    said: str
    requests: int

    @property
    def advice(self) -> list[str]:
        """The lines after `error:`, which are the advice."""
        lines = self.said.splitlines()
        starts = [n for n, line in enumerate(lines) if line.startswith("error: ")]
        return lines[starts[0] + 1 :] if starts else []


class Project:
    """A folder with bbkd.toml, whose teacher is scripted and outlives the commands."""

    def __init__(
        self,
        folder: Path,
        plays: Callable[..., Script],
        oracle: Callable[[Path, Path], None],
        capture: pytest.CaptureFixture[str],
        patch: pytest.MonkeyPatch,
    ) -> None:
        self.folder = folder
        self.plays = plays
        self.script = plays(None)
        self.requests = 0
        self._oracle = oracle
        self._capture = capture
        self._patch = patch

    @property
    def ledger(self) -> Path:
        """Where the ledger is."""
        return self.folder / ".bbkd" / "ledger.sqlite3"

    @property
    def completions(self) -> list[Completion]:
        """What the query stage wrote."""
        path = self.folder / "runs" / "main" / "completions.jsonl"
        return [msgspec.json.decode(line, type=Completion) for line in path.read_bytes().splitlines()]

    def play(self, asked: Asked, attempt: int) -> Play | None:
        """Count an attempt and do what the script of the moment says."""
        self.requests += 1
        return self.script(asked, attempt)

    def generate(self, *sets: str) -> Ended:
        """`bbkd generate`, in this process; then the oracle."""
        before = self.requests
        self._patch.chdir(self.folder)
        with pytest.raises(SystemExit) as stopped:
            main(["generate", *(f"--set={one}" for one in sets)])
        self._oracle(self.folder / "books.jsonl", self.ledger)
        return Ended(int(stopped.value.code or 0), self._capture.readouterr().err, self.requests - before)

    def stops_and_resumes(self, play: Play, code: int, *said: str) -> None:
        """The fourth row stops the command with that code and one line of advice; later it asks for what is missing."""
        self.script = self.plays(play, after=3)
        end = self.generate()
        assert end.code == code, end.said
        assert len(end.advice) == 1
        assert [part for part in said if part not in end.said] == []
        assert 1 <= end.requests - 3 <= 4  # calls in flight
        self.script = self.plays(None)
        end = self.generate()
        assert (end.code, end.requests, len(self.completions)) == (0, 9, 12)


Projects = Callable[..., AbstractContextManager[Project]]


@pytest.fixture
def project(
    tmp_path: Path,
    plays: Callable[..., Script],
    oracle: Callable[[Path, Path], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Projects:
    """`with project("anthropic", rows=12) as one`: a teacher in a thread, and the command line to ask it."""

    @contextmanager
    def serve(wire: Api = "openai", rows: int = 12, url: str | None = None) -> Iterator[Project]:
        one = Project(tmp_path, plays, oracle, capsys, monkeypatch)
        with threaded(tmp_path / "books.jsonl", one.play) as own:
            base_url = (url or own) if wire == "anthropic" else f"{url or own}/v1"
            (tmp_path / "bbkd.toml").write_text(CONFIG.format(provider=wire, url=base_url, rows=rows))
            yield one

    return serve


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
        ready.wait(10)
        yield address[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


QUOTA = Error(429, type="insufficient_quota", code="insufficient_quota")
OWN_LIMIT = Error(400, "You have reached your specified API usage limits.", type="invalid_request_error")
DAILY = Error(429, "Slow down.", headers={"retry-after": "21600"})


def test_row_19_what_happens_to_the_command_is_exit_5_and_a_resume(project: Projects) -> None:
    with project("openai") as one:
        one.stops_and_resumes(QUOTA, 5, "insufficient_quota", "Add credit")


def test_row_20_what_happens_to_the_command_is_exit_5_and_a_resume(project: Projects) -> None:
    with project("anthropic") as one:
        one.stops_and_resumes(OWN_LIMIT, 5, "specified API usage limits", "Raise the spending limit")


@WIRE
def test_row_21_what_happens_to_the_command_is_exit_6_and_a_resume(wire: Api, project: Projects) -> None:
    with project(wire) as one:
        one.stops_and_resumes(DAILY, 6, "It asks to wait 6 h 0 min", "Run the same command after 20")


@pytest.mark.parametrize(
    ("play", "advice"),
    [
        (Error(401), "Check that the key"),
        (Error(403, type="permission_error", code="no_access"), "Ask the account's owner"),
        (Error(404), "Check `[teacher] model`"),
    ],
    ids=["401", "403", "404"],
)
@WIRE
def test_row_25_what_happens_when_access_ends_midway_is_exit_5_and_a_resume(
    wire: Api, play: Error, advice: str, project: Projects
) -> None:
    with project(wire) as one:
        one.stops_and_resumes(play, 5, str(play.status), advice)


TERMS = 'teacher.terms={ack = "unknown", basis = "a test"}'


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://teacher.invalid"])
@WIRE
def test_row_29_what_happens_when_nobody_listens_is_exit_6_with_the_host(
    wire: Api, url: str, project: Projects
) -> None:
    with project(wire) as one:
        away = url if wire == "anthropic" else f"{url}/v1"
        end = one.generate(f"teacher.base_url={away}", "teacher.allow_http=true", "query.attempts=1", TERMS)
        assert (end.code, len(end.advice)) == (6, 1), end.said
        assert url.removeprefix("http://").partition(":")[0] in end.said
        end = one.generate()
        assert (end.code, end.requests, len(one.completions)) == (0, 12, 12)
