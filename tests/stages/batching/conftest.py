import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.records import Prompt
from blackbox_kd.run import RunDir, Silent
from blackbox_kd.simulate.batches import serving_batches
from blackbox_kd.simulate.books import Books
from blackbox_kd.simulate.jobs import Jobs, Trouble
from blackbox_kd.simulate.state import Server
from blackbox_kd.stages.batching import buy_batches
from blackbox_kd.stages.buying import Bought, Row, asked_of, rows_of
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.budget import Budget, taken, worst
from blackbox_kd.teachers.client import TeacherClient
from blackbox_kd.teachers.ledger import Ledger, open_ledger
from blackbox_kd.teachers.request import Asked
from blackbox_kd.teachers.target import Api, Patience, Price, Sampling, Target

PRICE = Price(input_usd=1.0, output_usd=2.0, batch=0.5)


class Said(Silent):
    """Progress that keeps what is said."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.status: list[str] = []
        self.steps = 0

    def note(self, text: str) -> None:
        """Keep a line."""
        self.notes.append(text)

    def advance(self, status: str = "", steps: int = 1) -> None:
        """Keep a status."""
        self.status.append(status)
        self.steps += steps


class Buyer:
    """Buys prompts in batches from one simulated provider, through the ledger of one run directory."""

    def __init__(self, run: RunDir, prompts: list[Prompt], url: str, wire: Api, jobs: Jobs) -> None:
        self.said = Said()
        self.prompts = prompts
        self.jobs = jobs
        self.bought_usd = 0.0
        self.reserved_usd = 0.0
        self.path = run.root / "ledger.sqlite3"
        self.target = Target(
            wire=wire,
            model="simulated-tickets",
            label=f"{wire}/simulated-tickets",
            base_url=url if wire == "anthropic" else f"{url}/v1",
            identity="own",
            official=False,
            batch=True,
            price=PRICE,
            sampling=Sampling(max_tokens=100),
        )
        self._run = RunDir(run.path, run.root, self.said)

    async def buy(
        self,
        limit_usd: float | None = None,
        poll_s: float = 0.01,
        pause: Callable[[float], Awaitable[None]] | None = None,
        watch: Callable[[Ledger], Ledger] = lambda ledger: ledger,
        **patience: Any,
    ) -> Bought:
        """One run of the stage's part that buys batches; `watch` may stand between it and the ledger."""
        targets = (self.target,)
        rows = list(rows_of(self.prompts, targets))
        limits = {} if limit_usd is None else {self.target.label: limit_usd}
        with open_ledger(self.path) as ledger:
            budget = Budget(limits, targets, {self.target.label: self._spent(rows, ledger)})
            settings = Patience(timeout_s=5, attempts=3, **patience)
            async with TeacherClient(targets, {self.target.label: "k"}, watch(ledger), settings, budget) as client:
                try:
                    return await buy_batches(lambda: rows, len(rows), client, self._run, poll_s, pause)
                finally:
                    self.bought_usd = budget.bought_usd
                    self.reserved_usd = budget.accounts[self.target.label].reserved

    def _spent(self, rows: list[Row], ledger: Ledger) -> float:
        asked = {one.key: one for one in (asked_of(row, (self.target,)) for row in rows)}
        return sum(taken(one, each).usd for key, one in asked.items() for each in ledger.paid(key))

    @property
    def asked(self) -> list[Asked]:
        """The requests of all rows."""
        return [asked_of(row, (self.target,)) for row in rows_of(self.prompts, (self.target,))]

    @property
    def worst_usd(self) -> float:
        """The most that a row may cost in a batch."""
        return max(worst(one, batch=True).usd for one in self.asked)

    @property
    def held(self) -> int:
        """How many rows the ledger answers."""
        with open_ledger(self.path) as ledger:
            return sum(ledger.lookup(one.key) is not None for one in self.asked)

    def reference(self, prompt: Prompt) -> str:
        """The answer to a prompt."""
        return next(
            row.reference for row in TASKS["tickets"].generate(10, 1, 0) if row.prompt == prompt.messages[0].content
        )

    def without_batches(self) -> None:
        """The user takes `batch = true` away."""
        self.target = msgspec.structs.replace(self.target, batch=False)

    async def until(self, reached: Callable[[], object]) -> None:
        """Wait until something is so."""
        while not reached():  # noqa: ASYNC110  nobody tells of it
            await asyncio.sleep(0.01)


@pytest.fixture
def buyer(run: RunDir, prompts: list[Prompt], tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Buyer]]:
    """A buyer and its simulated provider: `async with buyer("openai", delay_s=1) as one`."""

    @asynccontextmanager
    async def opened(wire: Api, **trouble: Any) -> AsyncIterator[Buyer]:
        books = Books(tmp_path / "books.jsonl")
        jobs = Jobs(Server(Simulated(task="tickets"), books), Trouble(**trouble))
        async with serving_batches(jobs) as url:
            yield Buyer(run, prompts, url, wire, jobs)
        books.close()

    return opened
