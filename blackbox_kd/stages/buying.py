"""Buys rows: a client over the ledger, many calls at a time, and an end that loses nothing when a signal comes."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import BbkdError, Interrupted
from blackbox_kd.records import Completion, Failure, Prompt
from blackbox_kd.run import RunDir
from blackbox_kd.stages.targets import resolved
from blackbox_kd.teachers.budget import Budget, paid_usd
from blackbox_kd.teachers.client import RowFailedError, TeacherClient
from blackbox_kd.teachers.ledger import Ledger, open_ledger
from blackbox_kd.teachers.request import Asked, build, completion, usable
from blackbox_kd.teachers.target import Target, choose
from blackbox_kd.teachers.wire import Malformed, Reply


class Row(NamedTuple):
    """One call to make: a sample of a prompt."""

    prompt: Prompt
    sample: int


def ledger_path(root: Path) -> Path:
    """`BBKD_LEDGER`, else .bbkd/ledger.sqlite3 beside bbkd.toml."""
    own = os.environ.get("BBKD_LEDGER")
    return Path(own) if own else root / ".bbkd" / "ledger.sqlite3"


@asynccontextmanager
async def asking(run: RunDir, config: Config, prompts: Iterable[Prompt]) -> AsyncIterator[TeacherClient]:
    """A client over the ledger; money spent for these prompts before counts towards the budget."""
    with open_ledger(ledger_path(run.root)) as ledger:
        async with resolved(config, run) as (targets, keys):
            limits = budget_usd(config)
            spent = spent_usd(rows_of(prompts, targets), targets, ledger) if limits else {}
            async with TeacherClient(targets, keys, ledger, config.query, Budget(limits, targets, spent)) as client:
                yield client


def budget_usd(config: Config) -> dict[str, float]:
    """The budget of each teacher that has one, by its label."""
    return {teacher.model: teacher.budget_usd for teacher in config.teacher if teacher.budget_usd is not None}


def rows_of(prompts: Iterable[Prompt], targets: tuple[Target, ...]) -> Iterator[Row]:
    """The samples to buy: of a train prompt its teacher's `n`, of a held-out one the first, which alone is measured."""
    for prompt in prompts:
        samples = choose(targets, prompt.id).sampling.n if prompt.split == "train" else 1
        yield from (Row(prompt, sample) for sample in range(samples))


def spent_usd(rows: Iterable[Row], targets: tuple[Target, ...], ledger: Ledger) -> dict[str, float]:
    """By teacher, what every attempt at these rows cost, or may have cost where its reply was never seen."""
    spent = dict.fromkeys((target.label for target in targets), 0.0)
    for asked in {asked.key: asked for asked in (asked_of(row, targets) for row in rows)}.values():
        spent[asked.target.label] += sum(paid_usd(asked, raw) for raw in ledger.paid(asked.key))
    return spent


def asked_of(row: Row, targets: tuple[Target, ...]) -> Asked:
    """The request that a row stands for."""
    return build(row.prompt.messages, row.sample, choose(targets, row.prompt.id))


def held(row: Row, targets: tuple[Target, ...], ledger: Ledger) -> Completion | None:
    """The completion that the ledger holds for a row."""
    target = choose(targets, row.prompt.id)
    reply = stored_reply(row, target, ledger)
    return None if reply is None else completion(row.prompt, row.sample, target, reply)


def stored_reply(row: Row, target: Target, ledger: Ledger) -> Reply | None:
    """The reply that the ledger holds for a row; None if there is none, or none that can be read."""
    asked = build(row.prompt.messages, row.sample, target)
    with contextlib.suppress(Malformed):
        return usable(ledger.lookup(asked.key), asked)
    return None


async def buy(rows: list[Row], client: TeacherClient, run: RunDir, grace_s: float) -> list[Failure]:
    """Ask for every row, as many at a time as the client lets; returns the rows that brought nothing.

    A signal stops new calls and waits `grace_s` for those in flight, then raises `Interrupted`.
    """
    failures: list[Failure] = []
    pending = iter(rows)
    run.progress.start("query", len(rows))

    async def work() -> None:
        for row in pending:
            if client.stopping.is_set():
                return
            try:
                await client.ask(row.prompt, row.sample)
            except RowFailedError as error:
                failures.append(error.failure)
            except BbkdError:
                client.stopping.set()
                raise
            run.progress.advance(client.status(len(failures)))
            await asyncio.sleep(0)  # a row from the ledger waits for nothing: let signals through

    workers = [asyncio.create_task(work()) for _ in range(min(len(rows), 2 * client.patience.concurrency))]
    with signals(client, run, workers, grace_s) as received:
        outcomes = await asyncio.gather(*workers, return_exceptions=True)
    run.progress.finish()
    if received:
        name = signal.Signals(received[0]).name
        raise Interrupted(
            f"{name}: stopped; what was paid is kept", "Run the same command to go on.", 128 + received[0]
        )
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return sorted(failures, key=lambda one: (one.prompt_id, one.sample))


@contextlib.contextmanager
def signals(
    client: TeacherClient, run: RunDir, workers: list[asyncio.Task[None]], grace_s: float
) -> Iterator[list[int]]:
    """While the block runs, a first SIGINT or SIGTERM stops the buying gently, a second one at once."""
    loop = asyncio.get_running_loop()
    received: list[int] = []

    def cancel() -> None:
        for worker in workers:
            worker.cancel()

    def handle(number: int) -> None:
        received.append(number)
        client.stopping.set()
        if len(received) > 1:
            cancel()
            return
        flying = sum(limiter.in_flight for limiter in client.limiters.values())
        run.progress.note(f"stopping: waiting up to {grace_s:.0f} s for {flying} calls in flight (again to quit now)")
        loop.call_later(grace_s, cancel)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, handle, number)
    try:
        yield received
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
