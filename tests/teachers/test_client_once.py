"""What a client does not buy: after a stop, twice in a run, or beside another process."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.records import Prompt
from blackbox_kd.simulate.asked import Asked as Request
from blackbox_kd.simulate.books import read_books
from blackbox_kd.simulate.script import Body, Play
from blackbox_kd.simulate.server import serving
from blackbox_kd.teachers.budget import Budget, paid, worst
from blackbox_kd.teachers.client import STOPPED, RowFailedError, TeacherClient
from blackbox_kd.teachers.ledger import open_ledger
from blackbox_kd.teachers.request import build
from blackbox_kd.teachers.target import Patience, Price, Target

Asking = Callable[..., AbstractAsyncContextManager[TeacherClient]]
MakeTarget = Callable[..., Target]
MakePrompt = Callable[..., Prompt]
DEAR = Price(input_usd=1, output_usd=1000)


async def test_a_stop_ends_the_waiting_for_money_too(
    target: MakeTarget, asking: Asking, prompt: MakePrompt, tmp_path: Path
) -> None:
    books = tmp_path / "books.jsonl"
    async with serving(Simulated(task="tickets", latency_s=0.2), books=books) as url:
        whom = target(url, price=DEAR)
        limit_usd = 2.5 * worst(build(prompt("Ask 0").messages, 0, whom)).usd
        async with asking(whom, limit_usd=limit_usd) as client:
            await client.ask(prompt("Ask 0"), 0)
            rows = [asyncio.create_task(client.ask(prompt(f"Ask {n}", id=str(n)), 0)) for n in range(1, 7)]
            while len(list(client.ledger.stream("SELECT id FROM attempt"))) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            client.stopping.set()
            outcomes = await asyncio.gather(*rows, return_exceptions=True)
    stopped = [one.failure.code for one in outcomes if isinstance(one, RowFailedError)]
    assert stopped == [STOPPED] * 4
    assert len(list(read_books(books))) == 3


async def test_failed_rows_that_share_a_request_are_asked_again_once(
    target: MakeTarget, asking: Asking, prompt: MakePrompt, tmp_path: Path
) -> None:
    def script(asked: Request, attempt: int) -> Play:
        return Body(b'{"nothing": 1}')

    books = tmp_path / "books.jsonl"
    async with serving(Simulated(task="tickets"), books=books, script=script) as url:
        for again, billed in ((False, 1), (True, 2)):
            patience = Patience(concurrency=1, attempts=1, retry_failed=again)
            async with asking(target(url), patience=patience) as client:
                for name in "abc":
                    with pytest.raises(RowFailedError, match="choices"):
                        await client.ask(prompt(id=name), 0)
            assert len(list(read_books(books))) == billed


async def test_what_another_process_pays_for_our_rows_counts_towards_our_budget(
    target: MakeTarget, prompt: MakePrompt, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite3"
    async with serving(Simulated(task="tickets", latency_s=0.3)) as url:
        whom = target(url, price=DEAR)
        asked = build(prompt().messages, 0, whom)
        budgets = [Budget({whom.label: 100.0}, (whom,)) for _ in range(2)]
        with open_ledger(path) as one, open_ledger(path) as other:
            clients = [
                TeacherClient((whom,), {whom.label: "none"}, ledger, Patience(concurrency=1), budget)
                for ledger, budget in zip((one, other), budgets, strict=True)
            ]
            async with clients[0], clients[1]:
                await asyncio.gather(*(client.ask(prompt(), 0) for client in clients))
            stored = one.lookup(asked.key)
    assert stored is not None
    assert [budget.spent_usd for budget in budgets] == [paid(asked, stored.raw).usd] * 2
