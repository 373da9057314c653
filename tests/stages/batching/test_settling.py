from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from blackbox_kd.errors import ProviderRefused, ProviderUnavailable
from blackbox_kd.simulate.books import read_books
from blackbox_kd.stages.buying import Bought
from blackbox_kd.teachers.ledger import open_ledger

VENDORS = pytest.mark.parametrize("wire", ["openai", "anthropic"])
Buyers = Callable[..., AbstractAsyncContextManager[Any]]


def states(one: Any) -> list[str]:
    """How every attempt at every row ended, in the order of the rows."""
    with open_ledger(one.path) as ledger:
        return [attempt.state for asked in one.asked for attempt in ledger.attempts(asked.key)]


async def test_row_54_a_line_that_fails_validation_stops_the_run_and_names_the_prompt(buyer: Buyers) -> None:
    async with buyer("openai", invalid_line=3) as one:
        with pytest.raises(ProviderRefused, match=r"line 3, prompt p2: Invalid body \(simulated\)"):
            await one.buy()
        one.jobs.trouble.invalid_line = None
        assert await one.buy() == Bought(0, 0, None)
    assert one.held == 10
    assert states(one) == ["error", "stored"] * 10


@pytest.mark.parametrize("how", ["expired", "cancelled"])
@VENDORS
async def test_row_55_what_an_ended_batch_has_done_is_kept_and_the_rest_resent(
    how: str, wire: str, buyer: Buyers, tmp_path: Path
) -> None:
    async with buyer(wire, partial=how) as one:
        assert await one.buy() == Bought(0, 5, None)
        assert one.held == 5
        one.jobs.trouble.partial = ""
        assert await one.buy() == Bought(0, 0, None)
    assert [len(job.rows) for job in one.jobs.jobs.values()] == [10, 5]
    assert (one.held, len(list(read_books(tmp_path / "books.jsonl")))) == (10, 10)
    assert "ambiguous" not in states(one)


async def test_a_batch_that_expired_as_a_whole_is_sent_again_under_another_name(buyer: Buyers) -> None:
    async with buyer("openai", partial="expired") as one:
        one.prompts = one.prompts[:1]
        assert await one.buy() == Bought(0, 1, None)
        assert await one.buy() == Bought(0, 1, None)
        names = {str(job.metadata) for job in one.jobs.jobs.values()}
        one.jobs.trouble.partial = ""
        assert await one.buy() == Bought(0, 0, None)
    assert len(names) == 2
    assert one.held == 1


@VENDORS
async def test_row_55_rows_that_the_provider_refuses_are_given_up(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, refuse_rows=10) as one:
        bought = await one.buy()
        assert bought[:2] == (10, 0)
        assert bought.example.code == "invalid_request_error"
        assert await one.buy() == Bought(0, 0, None)
        one.jobs.trouble.refuse_rows = 0
        assert await one.buy(retry_failed=True) == Bought(0, 0, None)
    assert one.held == 10


@VENDORS
async def test_row_57_rows_that_failed_for_now_are_left_for_the_next_run(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, refuse_rows=4, refuse_status=500) as one:
        bought = await one.buy()
        assert bought[:2] == (0, 4)
        assert bought.example.retryable
        one.jobs.trouble.refuse_rows = 0
        assert await one.buy() == Bought(0, 0, None)
    assert [len(job.rows) for job in one.jobs.jobs.values()] == [10, 4]


@VENDORS
async def test_a_row_that_says_that_nothing_can_work_stops_the_run_once_all_is_kept(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, refuse_rows=1, refuse_status=401) as one:
        with pytest.raises(ProviderRefused, match="401"):
            await one.buy()
    assert one.held == 9


@VENDORS
async def test_row_57_results_that_are_gone_stop_the_run_until_the_user_gives_them_up(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, gone=True) as one:
        for _ in range(2):
            with pytest.raises(ProviderRefused, match="its 10 rows were perhaps paid for") as refused:
                await one.buy()
        assert "--retry-failed" in refused.value.fix
        assert await one.buy(retry_failed=True) == Bought(0, 10, None)
        one.jobs.trouble.gone = False
        assert await one.buy() == Bought(0, 0, None)
    assert states(one) == ["ambiguous", "stored"] * 10


class Clock:
    """Pauses that take no time, and how much they add up to."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []

    async def pause(self, seconds: float) -> None:
        """Wait for nothing."""
        self.waits_s.append(seconds)


@VENDORS
async def test_row_58_polls_that_fail_for_hours_are_repeated_ever_more_slowly(wire: str, buyer: Buyers) -> None:
    clock = Clock()
    faults = (500, 429) * 70
    async with buyer(wire, poll_faults=faults) as one:
        assert await one.buy(poll_s=5.0, pause=clock.pause) == Bought(0, 0, None)
    assert one.held == 10
    assert len(clock.waits_s) >= len(faults)
    assert sum(clock.waits_s) > 2 * 3600
    assert max(clock.waits_s) == 60.0
    assert len([note for note in one.said.notes if "cannot be asked now" in note]) < 30


async def test_row_58_a_provider_that_is_silent_for_longer_than_a_batch_may_run_ends_the_run(buyer: Buyers) -> None:
    clock = Clock()
    async with buyer("openai", poll_faults=(500,) * 3000) as one:
        with pytest.raises(ProviderUnavailable):
            await one.buy(poll_s=600.0, pause=clock.pause)
        one.jobs.trouble.poll_faults = ()
        assert await one.buy() == Bought(0, 0, None)
    assert sum(clock.waits_s) > 24 * 3600
    assert len(one.jobs.jobs) == 1


@VENDORS
async def test_row_58_a_status_that_is_unknown_is_polled_on(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, strange=3) as one:
        assert await one.buy() == Bought(0, 0, None)
    assert one.held == 10


async def test_replies_of_another_model_stop_the_run_once_all_are_kept(buyer: Buyers) -> None:
    async with buyer("openai") as one:
        one.jobs.server.model = "gpt-3"
        with pytest.raises(ProviderRefused, match="'gpt-3'"):
            await one.buy()
        one.target = msgspec.structs.replace(one.target, on_model_mismatch="warn")
        assert await one.buy() == Bought(0, 0, None)
    assert one.held == 10
