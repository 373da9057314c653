import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import pytest

from blackbox_kd.errors import ProviderRefused, ProviderUnavailable
from blackbox_kd.stages.buying import Bought
from blackbox_kd.teachers.ledger import open_ledger

VENDORS = pytest.mark.parametrize("wire", ["openai", "anthropic"])
Buyers = Callable[..., AbstractAsyncContextManager[Any]]


async def killed_at(one: Any, step: str, **buying: Any) -> None:
    """Begin to buy, and end as a killed process does once the provider has come to this step."""
    running = asyncio.create_task(one.buy(**buying))
    one.jobs.trouble.reached = lambda now: running.cancel() if now == step else None
    with pytest.raises(asyncio.CancelledError):
        await running
    one.jobs.trouble.reached = lambda now: None


def submitted_once(one: Any) -> bool:
    """Whether every row was part of one batch, and is held now."""
    return set(one.jobs.submitted.values()) == {1} and one.held == len(one.prompts)


@VENDORS
@pytest.mark.parametrize("step", ["uploading", "uploaded", "created", "polled", "downloading"])
async def test_row_53_a_run_that_is_killed_at_any_step_submits_nothing_twice(
    step: str, wire: str, buyer: Buyers
) -> None:
    async with buyer(wire) as one:
        await killed_at(one, step)
        assert await one.buy() == Bought(0, 0, None)
        assert submitted_once(one)
        assert await one.buy() == Bought(0, 0, None)
    assert one.jobs.submitted.total() == 10


@VENDORS
async def test_row_52_a_creation_that_is_never_answered_is_found_and_not_repeated(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, lose_creates=1) as one:
        assert await one.buy() == Bought(0, 0, None)
    assert submitted_once(one)


@VENDORS
async def test_row_52_a_batch_that_the_provider_lists_late_is_found(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, lose_creates=1, unlisted=2) as one:
        assert await one.buy() == Bought(0, 0, None)
    assert submitted_once(one)


@VENDORS
async def test_a_creation_that_failed_is_repeated_once_the_provider_lists_none(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, fail_creates=1) as one:
        assert await one.buy() == Bought(0, 0, None)
    assert submitted_once(one)


@VENDORS
async def test_an_upload_that_is_lost_is_repeated(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, lose_uploads=1) as one:
        assert await one.buy() == Bought(0, 0, None)
    assert submitted_once(one)


@VENDORS
async def test_where_the_provider_cannot_be_asked_nothing_is_submitted(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, lose_creates=1, list_faults=99) as one:
        with pytest.raises(ProviderUnavailable, match="not known whether a batch of 10 rows was created"):
            await one.buy()
        with pytest.raises(ProviderUnavailable, match="not known"):
            await one.buy()
        one.jobs.trouble.list_faults = 0
        assert await one.buy() == Bought(0, 0, None)
    assert submitted_once(one)


async def test_a_batch_that_was_never_created_is_said_to_be_and_its_rows_are_free(buyer: Buyers) -> None:
    async with buyer("openai") as one:
        await killed_at(one, "uploading")
        await one.buy()
    assert one.said.notes[0] == "query: a batch of 10 rows was never created (the provider lists none): they are free"
    assert submitted_once(one)


async def test_an_anthropic_batch_that_may_be_ours_is_waited_for_before_it_counts(buyer: Buyers) -> None:
    async with buyer("anthropic", delay_s=0.1) as one:
        await killed_at(one, "created")
        assert await one.buy() == Bought(0, 0, None)
    assert any("perhaps created as msgbatch_sim_1" in note for note in one.said.notes)
    assert submitted_once(one)


async def test_another_batch_with_as_many_rows_is_not_taken_for_ours(buyer: Buyers) -> None:
    async with buyer("anthropic") as one:
        await one.buy()
        stranger = one.jobs.jobs["msgbatch_sim_1"].rows
        one.path = one.path.with_name("other.sqlite3")
        one.jobs.jobs.clear()
        one.jobs.submitted.clear()
        one.jobs.new("anthropic", [row._replace(custom_id=f"theirs-{n}") for n, row in enumerate(stranger)])
        one.jobs.submitted.clear()
        one.jobs.trouble.lose_uploads = 1
        await killed_at(one, "uploading")
        assert await one.buy() == Bought(0, 10, None)
        assert "never created" in one.said.notes[-1]
        assert await one.buy() == Bought(0, 0, None)
    assert submitted_once(one)


async def test_a_compatible_server_that_keeps_no_metadata_is_told_by_its_results(buyer: Buyers) -> None:
    async with buyer("openai", lose_creates=1, forgets=True) as one:
        assert await one.buy() == Bought(0, 0, None)
    assert any("perhaps created as batch_sim_1" in note for note in one.said.notes)
    assert submitted_once(one)


async def test_a_server_without_a_batch_api_is_said_to_have_none(buyer: Buyers) -> None:
    async with buyer("openai") as one:
        one.target = msgspec.structs.replace(one.target, base_url=f"{one.target.base_url}/elsewhere")
        with pytest.raises(ProviderRefused, match="has no batch API") as refused:
            await one.buy()
    assert "batch = false" in refused.value.fix


async def test_a_batch_of_a_teacher_that_is_gone_from_the_file_is_left_alone(buyer: Buyers) -> None:
    async with buyer("openai", delay_s=60) as one:
        await killed_at(one, "polled")
    async with buyer("anthropic") as other:
        assert await other.buy() == Bought(0, 0, None)
    assert "left alone" in other.said.notes[0]
    with open_ledger(other.path) as ledger:
        assert [batch.label for batch in ledger.batches()] == ["openai/simulated-tickets"]


async def test_open_batches_are_adopted_though_the_teacher_asks_for_none_any_more(buyer: Buyers) -> None:
    async with buyer("openai", delay_s=0.1) as one:
        await killed_at(one, "polled")
        one.without_batches()
        assert await one.buy() == Bought(0, 0, None)
    assert submitted_once(one)


class Dying:
    """A ledger whose process dies after it has stored so many replies."""

    def __init__(self, ledger: Any, after: int) -> None:
        self._ledger = ledger
        self._left = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def store(self, *reply: Any) -> None:
        """Store a reply, or die."""
        if not self._left:
            raise asyncio.CancelledError
        self._left -= 1
        await self._ledger.store(*reply)


@VENDORS
async def test_a_run_that_is_killed_half_through_the_results_goes_on_with_the_other_half(
    wire: str, buyer: Buyers
) -> None:
    async with buyer(wire) as one:
        with pytest.raises(asyncio.CancelledError):
            await one.buy(watch=lambda ledger: Dying(ledger, 4))
        assert one.held == 4
        assert await one.buy() == Bought(0, 0, None)
        assert one.said.notes[-1].endswith("6 replies, 0 failed")
    assert submitted_once(one)


async def test_what_nobody_can_tell_is_paid_again_only_if_the_user_says_so(buyer: Buyers) -> None:
    async with buyer("openai", lose_creates=1) as one:
        one.jobs.trouble.list_status = 404
        with pytest.raises(ProviderRefused) as refused:
            await one.buy()
        assert "--retry-failed" in refused.value.fix
        assert await one.buy(retry_failed=True) == Bought(0, 0, None)
    assert set(one.jobs.submitted.values()) == {2}
    with open_ledger(one.path) as ledger:
        assert ledger.ambiguous() == 10
