"""The bench of the fault tests: the real client, a fresh ledger, a scripted teacher on a real socket; the oracle."""

import asyncio
import re
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.records import Message, Prompt
from blackbox_kd.run import RunDir
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.books import BookEntry, read_books
from blackbox_kd.simulate.script import Play, Script
from blackbox_kd.simulate.server import serving
from blackbox_kd.stages.buying import Bought, Row, buy
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.budget import Budget
from blackbox_kd.teachers.client import TeacherClient
from blackbox_kd.teachers.ledger import open_ledger
from blackbox_kd.teachers.target import Api, Patience, Target

REPLY_ID = re.compile(rb"sim-[0-9a-f]{12}-[0-9]+")
TICKETS = Simulated(task="tickets")
MOST = 20  # prompts that are compared with a run without faults
FAULTLESS: dict[tuple[Api, bool], list[Any]] = {}  # what such a run brings, by wire and streaming
PATIENCE = Patience(concurrency=8, timeout_s=5, attempts=3, first_token_s=5, idle_s=5, grace_s=1)


class Attempt(NamedTuple):
    """One attempt in the ledger."""

    state: str
    code: str | None
    status: int | None
    raw: bytes


class Arrival(NamedTuple):
    """A request that the teacher let in, and when."""

    at_s: float
    prompt: str
    attempt: int


def scripted(play: Play | list[Play] | Script | None, after: int = 0, times: int | None = None) -> Script:
    """Normal replies to the first `after` prompts; that play for the first `times` attempts at all others.

    A list gives each prompt one of its own, in the order in which they come.
    """
    answered, own = set[str](), dict[str, Play]()

    def script(asked: Asked, attempt: int) -> Play | None:
        if len(answered) < after:
            answered.add(asked.prompt)
        if asked.prompt in answered or (times is not None and attempt > times):
            return None
        if isinstance(play, list):
            return own.setdefault(asked.prompt, play[len(own) % len(play)])
        return play(asked, attempt) if callable(play) else play

    return script


def attempts(ledger: Path) -> list[Attempt]:
    """Every attempt in a ledger, in the order of their claims."""
    db = sqlite3.connect(ledger)
    found = db.execute("SELECT state, code, status, raw FROM attempt ORDER BY id").fetchall()
    db.close()
    return [Attempt(state, code, status, raw or b"") for state, code, status, raw in found]


def entries(books: Path) -> list[BookEntry]:
    """What the teacher billed."""
    return list(read_books(books)) if books.exists() else []


def balance(books: Path, ledger: Path) -> None:
    """The oracle: the teacher's books and our ledger agree on what was paid. For one sample a prompt.

    Every stored reply was billed, and is stored once; what was billed is stored or ambiguous; and what was billed
    beyond one reply a request is ambiguous. No attempt is left open.
    """
    made, billed = attempts(ledger), entries(books)
    states = Counter(one.state for one in made)
    kept = Counter(found for one in made if one.state == "stored" for found in set(REPLY_ID.findall(one.raw)))
    sold = Counter(entry.response_id.encode() for entry in billed)
    extra = len(billed) - len({entry.request for entry in billed})
    wrong = [
        f"{name.decode()} was stored {times} times, billed {sold[name]}"
        for name, times in kept.items()
        if times != sold[name]
    ]
    if states["stored"] + states["ambiguous"] < len(billed):
        wrong.append(f"{len(billed)} replies were billed: more than were stored or ambiguous")
    if extra > states["ambiguous"]:
        wrong.append(f"{extra} replies were bought again: more than were ambiguous")
    if states["sent"]:
        wrong.append(f"{states['sent']} attempts have no end")
    assert not wrong, "\n".join([*wrong, f"ledger: {dict(states)}", *map(str, made), *map(str, billed)])


class Bench:
    """A client on a ledger of its own, and the teacher that it asks. Waits between attempts take no time."""

    def __init__(self, folder: Path, url: str, target: Target, client: TeacherClient, seen: list[Arrival]) -> None:
        self.books, self.ledger = folder / "books.jsonl", folder / "ledger.sqlite3"
        self.folder = folder
        self.url = url
        self.target = target
        self.client = client
        self.seen = seen
        self.waits: list[float] = []  # between attempts, as the client would have made them
        self.limits: list[int] = []  # slots, at each of those waits
        self.client.pause = self._pause

    async def _pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.limits.append(int(self.client.line(self.target).pool.limit))
        await asyncio.sleep(0)

    async def ask(self, count: int = 1, first: int = 0) -> list[Any]:
        """Ask for so many prompts at once; a completion or an exception for each."""
        asking = (self.client.ask(one, 0) for one in prompts(first + count)[first:])
        return await asyncio.gather(*asking, return_exceptions=True)

    async def buy(self, count: int) -> Bought:
        """Ask as the stage does: so many workers at a time, and a stop for all of them. Raises as the stage does."""
        run = RunDir(self.folder / "run", self.folder)
        return await buy((Row(one, 0) for one in prompts(count)), count, self.client, run)

    async def without_faults(self, count: int = 1) -> list[Any]:
        """What `ask` would have brought from a teacher without faults."""
        wire, stream = self.target.wire, self.target.stream
        if (wire, stream) not in FAULTLESS:
            async with opened(self.folder / "faultless", wire, stream=stream) as other:
                FAULTLESS[wire, stream] = await other.ask(MOST)
        return FAULTLESS[wire, stream][:count]

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt in the ledger."""
        return attempts(self.ledger)

    @property
    def states(self) -> dict[str, int]:
        """How many attempts ended how."""
        return dict(Counter(one.state for one in self.attempts))

    @property
    def billed(self) -> int:
        """How many replies the teacher billed."""
        return len(entries(self.books))

    @property
    def most_asked(self) -> int:
        """How often the prompt was asked that was asked most."""
        return max(Counter(one.prompt for one in self.seen).values(), default=0)


def prompts(count: int) -> list[Prompt]:
    """So many different prompts."""
    rows = TASKS["tickets"].generate(count, 1, 0)
    return [
        Prompt(id=f"p{n}", messages=(Message(role="user", content=row.prompt),), split="train", family=f"p{n}")
        for n, row in enumerate(rows)
    ]


@asynccontextmanager
async def opened(
    folder: Path,
    wire: Api = "openai",
    play: Play | list[Play] | Script | None = None,
    after: int = 0,
    times: int | None = None,
    settings: Simulated = TICKETS,
    url: str | None = None,
    budget: float | None = None,
    patience: dict[str, Any] | None = None,
    **fields: Any,
) -> AsyncIterator[Bench]:
    """A bench: what the teacher plays is as in `scripted`; `url` asks another one; changes of Patience and Target."""
    seen, script = list[Arrival](), scripted(play, after, times)

    def recorded(asked: Asked, attempt: int) -> Play | None:
        seen.append(Arrival(time.monotonic(), asked.prompt, attempt))
        return script(asked, attempt)

    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with serving(settings, books=folder / "books.jsonl", script=recorded) as own:
        root = url or own
        target = Target(
            wire=wire,
            model="simulated-tickets",
            label=f"{wire}/simulated-tickets",
            base_url=root if wire == "anthropic" else f"{root}/v1",
            identity="own",
            official=False,
            **fields,
        )
        told = msgspec.structs.replace(PATIENCE, **(patience or {}))
        limits = {} if budget is None else {target.label: budget}
        with open_ledger(folder / "ledger.sqlite3") as ledger:
            async with TeacherClient(
                (target,), {target.label: "k-secret"}, ledger, told, Budget(limits, (target,))
            ) as client:
                yield Bench(folder, own, target, client, seen)
    balance(folder / "books.jsonl", folder / "ledger.sqlite3")


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Bench]]:
    """`async with bench("openai", Error(503), times=1) as one`: see `opened`. The oracle has its say at the end."""

    def make(*words: Any, **named: Any) -> AbstractAsyncContextManager[Bench]:
        return opened(tmp_path, *words, **named)

    return make


@pytest.fixture(scope="session")
def oracle() -> Callable[[Path, Path], None]:
    """Compares books and ledger: see `balance`."""
    return balance


@pytest.fixture(scope="session")
def plays() -> Callable[..., Script]:
    """Makes a script: see `scripted`."""
    return scripted
