"""Buys rows: a client over the ledger, many calls at a time, and an end that loses nothing when a signal comes."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import BbkdError, Interrupted
from blackbox_kd.records import Completion, Failure, Prompt
from blackbox_kd.run import RunDir
from blackbox_kd.stages.seen import Seen
from blackbox_kd.stages.targets import resolved
from blackbox_kd.teachers.budget import Budget, taken
from blackbox_kd.teachers.client import STOPPED, RowFailedError, TeacherClient
from blackbox_kd.teachers.ledger import Ledger, open_ledger
from blackbox_kd.teachers.request import Asked, answers, build, completion, usable
from blackbox_kd.teachers.served import swapped
from blackbox_kd.teachers.target import Patience, Target, choose
from blackbox_kd.teachers.wire import Malformed

SLICE = 256  # rows between two looks at signals while rows come from the ledger
TICK_S = 0.2
QUIET_S = 10.0  # nothing came for so long: say why
SAID_EVERY_S = 30.0


class Row(NamedTuple):
    """One call to make: a sample of a prompt."""

    prompt: Prompt
    sample: int


class Bought(NamedTuple):
    """What an attempt at buying left behind: rows that failed for good, rows a later run may get, and one of these."""

    failed: int
    left: int
    example: Failure | None


def ledger_path(root: Path) -> Path:
    """`BBKD_LEDGER`, else .bbkd/ledger.sqlite3 beside bbkd.toml."""
    own = os.environ.get("BBKD_LEDGER")
    return Path(own) if own else root / ".bbkd" / "ledger.sqlite3"


Prompts = Callable[[], Iterable[Prompt]]  # read anew each time: a million of them are never in memory at once


@asynccontextmanager
async def asking(run: RunDir, config: Config, prompts: Prompts) -> AsyncIterator[TeacherClient]:
    """A client over the ledger; money and tokens spent for these prompts before count towards the budget."""
    with open_ledger(ledger_path(run.root), group=config.query.share_ledger, warn=run.progress.note) as ledger:
        async with resolved(config, run, ledger.path.parent) as (targets, keys):
            limits, tokens_total = budget_usd(config), config.query.max_tokens_total
            if limits or tokens_total is not None:
                total = sum(1 for _ in rows_of(prompts(), targets))
                spent_usd, spent_tokens = spent(rows_of(prompts(), targets), total, targets, ledger)
            else:
                spent_usd, spent_tokens = {}, 0
            budget = Budget(limits, targets, spent_usd, tokens_total, spent_tokens)
            async with TeacherClient(targets, keys, ledger, config.query, budget) as client:
                yield client


def spent(rows: Iterable[Row], total: int, targets: tuple[Target, ...], ledger: Ledger) -> tuple[dict[str, float], int]:
    """(USD by teacher, tokens) of every attempt at these rows: the worst case where its reply was never seen."""
    usd = dict.fromkeys((target.label for target in targets), 0.0)
    tokens, seen = 0, Seen(total)
    for row in rows:
        asked = asked_of(row, targets)
        if seen.first(asked.key):
            for one in ledger.paid(asked.key):
                amount = taken(asked, one)
                usd[asked.target.label] += amount.usd
                tokens += amount.tokens
    return usd, tokens


def budget_usd(config: Config) -> dict[str, float]:
    """The budget of each teacher that has one, by its label."""
    return {teacher.model: teacher.budget_usd for teacher in config.teacher if teacher.budget_usd is not None}


def rows_of(prompts: Iterable[Prompt], targets: tuple[Target, ...]) -> Iterator[Row]:
    """The samples to buy: of a train prompt its teacher's `n`, of a held-out one the first, which alone is measured.

    Of some held-out ones a second, which tells how far the teacher agrees with itself.
    """
    for prompt in prompts:
        held_out = 2 if prompt.second_sample else 1
        samples = choose(targets, prompt.id).sampling.n if prompt.split == "train" else held_out
        yield from (Row(prompt, sample) for sample in range(samples))


def asked_of(row: Row, targets: tuple[Target, ...]) -> Asked:
    """The request that a row stands for."""
    return build(row.prompt.messages, row.sample, choose(targets, row.prompt.id))


def needed(asked: Asked, ledger: Ledger, patience: Patience) -> bool:
    """Whether a row needs a call: not if the ledger holds a reply, readable or not, or knows that it failed.

    With `retry_failed` whatever failed for good needs one: refused, unreadable, or answered by another model.
    """
    stored = ledger.lookup(asked.key)
    if stored is None:
        return patience.retry_failed or ledger.gave_up(asked.key, asked.max_tokens) is None
    try:
        if not patience.retry_failed:
            return not answers(stored, asked)
        reply = usable(stored, asked)
    except Malformed:
        return patience.retry_failed
    return reply is None or swapped(asked.target, reply)


def held(row: Row, targets: tuple[Target, ...], ledger: Ledger) -> Completion | None:
    """The completion that the ledger holds for a row; None if there is none, or none that can be read."""
    asked, target = asked_of(row, targets), choose(targets, row.prompt.id)
    stored, reply = ledger.lookup(asked.key), None
    with contextlib.suppress(Malformed):
        reply = usable(stored, asked)
    if stored is None or reply is None:
        return None
    return completion(row.prompt, row.sample, target, reply, stored.batch)


async def buy(rows: Iterable[Row], total: int, client: TeacherClient, run: RunDir) -> Bought:
    """Ask for every row that needs it, as many at a time as the client lets; `total` is for the progress alone.

    A signal stops new calls and waits `grace_s` for those in flight, then raises `Interrupted`.
    """
    run.progress.start("query", total)
    buying = _Buying(rows, client, run)
    tasks = [asyncio.create_task(buying.work()) for _ in range(min(total, 2 * client.patience.concurrency))]
    ticking = asyncio.create_task(buying.tick())
    with signals(client, run, tasks) as received:
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    ticking.cancel()
    buying.flush()
    run.progress.finish()
    if received:
        name = signal.Signals(received[0]).name
        raise Interrupted(
            f"{name}: stopped; what was paid is kept", "Run the same command to go on.", 128 + received[0]
        )
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
            raise outcome
    return buying.bought


class _Buying:
    """Rows on their way from the ledger's gaps to the client: each worker takes the next one that needs a call."""

    def __init__(self, rows: Iterable[Row], client: TeacherClient, run: RunDir) -> None:
        self.bought = Bought(0, 0, None)
        self._rows = iter(rows)
        self._turn = asyncio.Lock()
        self._client = client
        self._run = run
        self._looked_at = 0
        self._done = 0
        self._shown = 0
        self._moved_at = self._said_at = time.monotonic()

    async def next(self) -> tuple[Row, Asked] | None:
        """The next row that needs a call; None at the end. Those that need none are done already."""
        client = self._client
        async with self._turn:
            for row in self._rows:
                self._looked_at += 1
                if self._looked_at % SLICE == 0:
                    await asyncio.sleep(0)  # lets signals through
                if client.stopping.is_set():
                    return None
                asked = asked_of(row, client.targets)
                if not asked.target.batch and needed(asked, client.ledger, client.patience):
                    return row, asked
                self._done += 1
        return None

    async def work(self) -> None:
        """Ask for rows until there are no more, or the run stops."""
        client = self._client
        while not client.stopping.is_set() and (item := await self.next()):
            row, asked = item
            try:
                await client.reply(asked, row.prompt.id, row.sample)
            except RowFailedError as error:
                if error.failure.code == STOPPED:
                    return
                failed, left, example = self.bought
                later = error.failure.retryable
                self.bought = Bought(failed + (not later), left + later, example or error.failure)
            except BbkdError:
                client.stopping.set()
                raise
            self._done += 1

    async def tick(self) -> None:
        """Show progress now and then, and say why nothing moves."""
        while True:
            await asyncio.sleep(TICK_S)
            self.flush()
            now, why = time.monotonic(), self._client.waiting_for()
            if why and now - self._moved_at >= QUIET_S and now - self._said_at >= SAID_EVERY_S:
                self._run.progress.note(f"query: waiting {why}")
                self._said_at = now

    def flush(self) -> None:
        """Count what was done since the last time."""
        if steps := self._done - self._shown:
            self._moved_at = time.monotonic()
        failed, left, _ = self.bought
        self._run.progress.advance(f"{self._client.status()}, {failed} failed{f', {left} left' if left else ''}", steps)
        self._shown = self._done


@contextlib.contextmanager
def signals(client: TeacherClient, run: RunDir, tasks: list[asyncio.Task[None]]) -> Iterator[list[int]]:
    """While the block runs, a first SIGINT or SIGTERM stops the buying gently, a second one at once."""
    loop, grace_s = asyncio.get_running_loop(), client.patience.grace_s
    received: list[int] = []

    def cancel() -> None:
        for task in tasks:
            task.cancel()

    def handle(number: int) -> None:
        received.append(number)
        client.stopping.set()
        if len(received) > 1:
            cancel()
            return
        run.progress.note(
            f"stopping: waiting up to {grace_s:.0f} s for {client.in_flight} calls in flight (again to quit now)"
        )
        loop.call_later(grace_s, cancel)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, handle, number)
    try:
        yield received
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
