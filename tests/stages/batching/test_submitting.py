import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from blackbox_kd.errors import BudgetReached, Interrupted, ProviderRefused, ProviderUnavailable, RunInUse
from blackbox_kd.records import Message
from blackbox_kd.run import exclusive
from blackbox_kd.simulate.books import read_books
from blackbox_kd.stages.buying import Bought
from blackbox_kd.teachers.ledger import open_ledger

WIRES = pytest.mark.parametrize("wire", ["openai", "responses", "anthropic"])
VENDORS = pytest.mark.parametrize("wire", ["openai", "anthropic"])
Buyers = Callable[..., AbstractAsyncContextManager[Any]]


@WIRES
async def test_every_row_is_bought_once_and_at_half_the_price(wire: str, buyer: Buyers, tmp_path: Path) -> None:
    async with buyer(wire) as one:
        assert await one.buy() == Bought(0, 0, None)
        first_usd = one.bought_usd
        assert await one.buy() == Bought(0, 0, None)
    booked = list(read_books(tmp_path / "books.jsonl"))
    full_usd = sum(1.0 * entry.prompt_tokens + 2.0 * entry.completion_tokens for entry in booked) / 1e6
    assert (one.held, len(one.jobs.jobs), len(booked)) == (10, 1, 10)
    assert first_usd == pytest.approx(full_usd / 2)
    assert one.bought_usd == 0


async def test_the_ledger_knows_that_they_came_in_a_batch(buyer: Buyers) -> None:
    async with buyer("openai") as one:
        await one.buy()
    with open_ledger(one.path) as ledger:
        assert [batch.state for batch in ledger.batches(open_only=False)] == ["done"]
        key = one.asked[0].key
        assert [each.batch for each in ledger.paid(key)] == [True]


async def test_teachers_without_batches_and_offline_runs_are_left_alone(buyer: Buyers) -> None:
    async with buyer("openai") as one:
        assert await one.buy(offline=True) == Bought(0, 0, None)
        one.without_batches()
        assert await one.buy() == Bought(0, 0, None)
    assert (one.jobs.server.requests, one.held) == (0, 0)


async def test_equal_prompts_are_one_row(buyer: Buyers) -> None:
    async with buyer("anthropic") as one:
        one.prompts = [msgspec.structs.replace(one.prompts[0], id=name) for name in ("a", "b", "c")]
        assert await one.buy() == Bought(0, 0, None)
    assert one.jobs.submitted.total() == 1


async def test_prompts_with_line_separators_are_bought(buyer: Buyers) -> None:
    async with buyer("openai") as one:
        odd = Message(role="user", content="a\u2028b\x85c\n\ud83d")
        one.prompts = [msgspec.structs.replace(one.prompts[0], messages=(odd,))]
        await one.buy()
    assert one.held == 1


@VENDORS
async def test_a_budget_is_never_exceeded_and_cuts_the_batches(wire: str, buyer: Buyers) -> None:
    async with buyer(wire) as one:
        limit_usd = 1.5 * one.worst_usd
        with pytest.raises(BudgetReached):
            await one.buy(limit_usd=limit_usd)
        sizes = [len(job.rows) for job in one.jobs.jobs.values()]
        assert sizes[0] == 1
        assert len(sizes) > 1
        assert one.held == sum(sizes) < 10
        assert one.bought_usd <= limit_usd < one.bought_usd + 1.1 * one.worst_usd
        assert await one.buy(limit_usd=1.0) == Bought(0, 0, None)
    assert one.held == 10


async def test_a_budget_that_fits_no_row_creates_nothing(buyer: Buyers) -> None:
    async with buyer("openai") as one:
        with pytest.raises(BudgetReached):
            await one.buy(limit_usd=one.worst_usd / 2)
    assert one.jobs.jobs == {}


async def test_with_a_budget_an_adopted_batch_is_waited_for_before_more_is_bought(buyer: Buyers) -> None:
    async with buyer("openai", delay_s=0.2) as one:
        running = asyncio.create_task(one.buy(limit_usd=1.5 * one.worst_usd))
        await one.until(lambda: one.jobs.jobs)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        with pytest.raises(BudgetReached):
            await one.buy(limit_usd=1.5 * one.worst_usd)
    assert one.jobs.submitted.most_common(1)[0][1] == 1
    assert one.bought_usd <= 1.5 * one.worst_usd


async def test_a_queue_that_is_full_is_met_with_smaller_batches(buyer: Buyers) -> None:
    async with buyer("openai", queue_full=1) as one:
        with pytest.raises(ProviderUnavailable, match="token_limit_exceeded"):
            await one.buy()
        assert await one.buy() == Bought(0, 0, None)
    assert [len(job.rows) for job in one.jobs.jobs.values()] == [10, 5, 5]
    assert one.held == 10


@VENDORS
async def test_a_wrong_key_stops_the_run_and_leaves_the_rows_free(wire: str, buyer: Buyers) -> None:
    async with buyer(wire) as one:
        one.jobs.server.settings = msgspec.structs.replace(one.jobs.server.settings, api_key="other")
        with pytest.raises(ProviderRefused, match="401"):
            await one.buy()
        one.jobs.server.settings = msgspec.structs.replace(one.jobs.server.settings, api_key=None)
        assert await one.buy() == Bought(0, 0, None)
    assert (one.held, len(one.jobs.jobs)) == (10, 1)


async def test_it_says_how_far_it_is(buyer: Buyers) -> None:
    async with buyer("openai", delay_s=0.1) as one:
        await one.buy()
    assert one.said.notes == [
        "query: batch batch_sim_1 of 10 rows is at the provider",
        "query: batch batch_sim_1 completed: 10 replies, 0 failed",
    ]
    assert one.said.status[0] == "waiting for 1 batch, 0 of 10 done, oldest 0 min"
    assert one.said.steps == 10


async def test_a_signal_ends_the_waiting_and_the_same_command_adopts_the_batch(buyer: Buyers) -> None:
    async with buyer("anthropic", delay_s=0.3) as one:
        running = asyncio.create_task(one.buy(poll_s=5))
        await one.until(lambda: one.said.status)
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted, match="1 batch goes on at the provider") as raised:
            await running
        assert raised.value.exit_code == 130
        assert "adopts" in raised.value.fix
        assert await one.buy() == Bought(0, 0, None)
    assert (one.held, len(one.jobs.jobs)) == (10, 1)


async def test_two_processes_never_submit_from_one_ledger_at_once(buyer: Buyers) -> None:
    async with buyer("openai") as one:
        with exclusive(one.path.with_name(f"{one.path.name}.batches.lock"), "x"), pytest.raises(RunInUse):
            await one.buy()
    assert one.jobs.jobs == {}


async def in_another_thread(one: Any, key: str, identity: bytes, label: str, answer: bytes) -> None:
    """What another process does meanwhile: claim a request and, with an answer, store that."""

    async def other() -> None:
        with open_ledger(one.path) as ledger:
            attempt = await ledger.claim(key, label, identity, 100)
            if answer:
                await ledger.store(attempt, 200, {}, answer)

    await asyncio.to_thread(asyncio.run, other())


@VENDORS
@pytest.mark.parametrize("taken", [[0], [3, 9], range(10)])
async def test_rows_that_another_process_answers_meanwhile_are_left_out(
    taken: list[int], wire: str, buyer: Buyers
) -> None:
    class Watching:
        """A ledger before which another one answers as soon as a batch is about to be reserved."""

        def __init__(self, ledger: Any) -> None:
            self._ledger = ledger
            self._done = False

        def __getattr__(self, name: str) -> Any:
            return getattr(self._ledger, name)

        async def reserve_batch(self, name: str, label: str, rows: Any) -> Any:
            if not self._done:
                self._done = True
                for asked in (one.asked[place] for place in taken):
                    await in_another_thread(one, asked.key, asked.identity, label, b"{}")
            return await self._ledger.reserve_batch(name, label, rows)

    async with buyer(wire) as one:
        assert await one.buy(limit_usd=1.0, watch=Watching) == Bought(0, len(taken), None)
        assert one.said.notes[0].endswith("answered by another process meanwhile: left out of the batch")
        assert [len(job.rows) for job in one.jobs.jobs.values()] == [10 - len(taken)] * (len(taken) < 10)
    assert (one.held, one.reserved_usd) == (10, 0.0)


async def test_an_adopted_batch_whose_replies_cannot_be_read_costs_its_worst_case(buyer: Buyers) -> None:
    async with buyer("openai", delay_s=0.1, missing=10) as one:
        running = asyncio.create_task(one.buy())
        await one.until(lambda: one.jobs.jobs)
        await one.until(lambda: any("is at the provider" in note for note in one.said.notes))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await one.buy() == Bought(0, 10, None)
    assert one.bought_usd == pytest.approx(10 * one.worst_usd)
