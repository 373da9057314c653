import io
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.errors import ProviderRefused
from blackbox_kd.simulate.books import read_books
from blackbox_kd.stages.batching.importing import count, lines
from blackbox_kd.stages.buying import Bought
from blackbox_kd.teachers.budget import worst
from blackbox_kd.teachers.ledger import open_ledger

VENDORS = pytest.mark.parametrize("wire", ["openai", "anthropic"])
Buyers = Callable[..., AbstractAsyncContextManager[Any]]


def test_row_56_lines_end_at_newlines_alone() -> None:
    text = "a\u2028b\x85c\x0bd\n\n \r\n{}\r\ntorn"
    assert [(line.data.decode(), line.whole) for line in lines(io.BytesIO(text.encode()))] == [
        ("a\u2028b\x85c\x0bd", True),
        ("{}", True),
        ("torn", False),
    ]
    assert count(io.BytesIO(text.encode())) == (3, False)
    assert count(io.BytesIO(b"")) == (0, True)


@VENDORS
async def test_row_56_results_in_any_order_twice_or_of_nobody_are_matched_by_their_id(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, shuffled=True, duplicated=2, unknown=3) as one:
        assert await one.buy() == Bought(0, 0, None)
    assert one.said.notes[-1].endswith("10 replies, 0 failed; 2 duplicated, 3 unknown")
    with open_ledger(one.path) as ledger:
        raws = [stored.raw for asked in one.asked if (stored := ledger.lookup(asked.key))]
    said = [one.reference(prompt) for prompt in one.prompts]
    assert [text in raw.decode().replace("\\", "") for raw, text in zip(raws, said, strict=True)] == [True] * 10


@VENDORS
async def test_row_56_a_row_without_a_line_was_perhaps_paid_for_and_is_asked_again(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, missing=2) as one:
        assert await one.buy() == Bought(0, 2, None)
        assert one.said.notes[-1].endswith("8 replies, 0 failed; 2 missing")
        with open_ledger(one.path) as ledger:
            assert ledger.ambiguous() == 2
        one.jobs.trouble.missing = 0
        assert await one.buy() == Bought(0, 0, None)
    assert [len(job.rows) for job in one.jobs.jobs.values()] == [10, 2]


@VENDORS
async def test_row_56_a_torn_last_line_costs_its_row_alone(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, torn=True) as one:
        assert await one.buy() == Bought(0, 1, None)
    assert one.held == 9
    assert one.said.notes[-1].endswith("9 replies, 0 failed; 1 missing, 1 unreadable")


@VENDORS
@pytest.mark.parametrize("ranges", [True, False])
async def test_row_59_a_connection_lost_at_80_percent_loses_no_row(ranges: bool, wire: str, buyer: Buyers) -> None:
    async with buyer(wire, cut=2, ranges=ranges) as one:
        assert await one.buy() == Bought(0, 0, None)
    assert one.said.notes[-1].endswith("10 replies, 0 failed")


async def test_results_that_cannot_be_fetched_now_are_fetched_later(buyer: Buyers) -> None:
    async with buyer("openai", cut=7, ranges=False) as one:
        assert await one.buy() == Bought(0, 0, None)
    assert one.held == 10


async def test_a_result_file_that_is_gone_costs_its_own_rows_alone(buyer: Buyers) -> None:
    async with buyer("openai", refuse_rows=4, lost=("error",)) as one:
        assert await one.buy() == Bought(0, 4, None)
        assert one.held == 6
        assert one.said.notes[-2].endswith("cannot be had: 404 No such file (simulated)")
        assert one.said.notes[-1].endswith("6 replies, 0 failed; 4 missing")
        with open_ledger(one.path) as ledger:
            assert ledger.ambiguous() == 4
        one.jobs.trouble.refuse_rows = 0
        assert await one.buy(retry_failed=True) == Bought(0, 0, None)
    assert [len(job.rows) for job in one.jobs.jobs.values()] == [10, 4]


async def test_rows_of_a_file_that_is_gone_were_perhaps_paid_for_though_the_batch_expired(buyer: Buyers) -> None:
    async with buyer("openai", partial="expired", lost=("output",)) as one:
        assert await one.buy() == Bought(0, 10, None)
    with open_ledger(one.path) as ledger:
        assert ledger.ambiguous() == 5


async def test_results_are_kept_though_another_file_is_refused(buyer: Buyers) -> None:
    async with buyer("openai", refuse_rows=4, lost=("error",), lost_status=403) as one:
        with pytest.raises(ProviderRefused, match="403"):
            await one.buy()
        assert one.held == 6
        one.jobs.trouble.lost = ()
        assert (await one.buy())[:2] == (4, 0)
    assert len(one.jobs.jobs) == 1


async def test_results_that_come_one_file_after_the_other_are_counted_once(buyer: Buyers, tmp_path: Path) -> None:
    async with buyer("openai", refuse_rows=4, lost=("error",), lost_status=500) as one:

        async def pause(_: float) -> None:
            one.jobs.trouble.lost = ()

        assert (await one.buy(pause=pause))[:2] == (4, 0)
    assert one.said.notes[-1].endswith("6 replies, 4 failed")
    booked = list(read_books(tmp_path / "books.jsonl"))
    full_usd = sum(1.0 * entry.prompt_tokens + 2.0 * entry.completion_tokens for entry in booked) / 1e6
    assert one.bought_usd == pytest.approx(full_usd / 2)


@VENDORS
async def test_an_error_told_as_a_success_is_a_failure_that_was_perhaps_paid_for(wire: str, buyer: Buyers) -> None:
    async with buyer(wire, refuse_rows=3, disguised=True) as one:
        bought = await one.buy()
    assert bought[:2] == (3, 0)
    assert bought.example.code == "invalid_request_error"
    assert one.held == 7
    assert one.bought_usd > 3 * min(worst(asked, batch=True).usd for asked in one.asked)
    with open_ledger(one.path) as ledger:
        assert ledger.ambiguous() == 3


async def test_no_file_is_left_beside_the_ledger(buyer: Buyers) -> None:
    async with buyer("openai") as one:
        await one.buy()
    assert {file.name for file in one.path.parent.iterdir() if not file.name.startswith(one.path.name)} == {
        "books.jsonl",
        "run",
    }
