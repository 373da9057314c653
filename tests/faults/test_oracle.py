"""The oracle of the fault tests sees what it is there to see."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.simulate.script import Stop

Bench = Callable[..., AbstractAsyncContextManager[Any]]
Oracle = Callable[[Path, Path], None]


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("DELETE FROM attempt WHERE state = 'ambiguous'", "4 replies were billed: more than were stored or ambiguous"),
        ("UPDATE attempt SET state = 'error' WHERE state = 'ambiguous'", "2 replies were bought again"),
        ("UPDATE attempt SET state = 'sent' WHERE state = 'ambiguous'", "2 attempts have no end"),
        (
            "UPDATE attempt SET state = 'stored', raw = (SELECT raw FROM attempt WHERE state = 'stored')",
            "stored 4 times",
        ),
    ],
)
async def test_it_complains_where_ledger_and_books_disagree(
    sql: str, complaint: str, bench: Bench, oracle: Oracle
) -> None:
    async with bench("openai", Stop("half", "reset"), times=1) as one:
        await one.ask(2)
    db = sqlite3.connect(one.ledger)
    db.execute(sql)
    db.commit()
    db.close()
    with pytest.raises(AssertionError, match=complaint):
        oracle(one.books, one.ledger)


async def test_it_complains_of_a_reply_that_nobody_sold(bench: Bench, oracle: Oracle) -> None:
    async with bench("anthropic") as one:
        await one.ask(2)
    one.books.write_text(one.books.read_text().splitlines()[0] + "\n")
    with pytest.raises(AssertionError, match=r"sim-[0-9a-f]{12}-1 was stored 1 times, billed 0"):
        oracle(one.books, one.ledger)
