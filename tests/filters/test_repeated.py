from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters.repeated import Repeated, copies
from blackbox_kd.records import Completion

TICKET = '{"queue": "billing", "items": 2}'


@pytest.mark.parametrize("between", ["", "\n", "\n\n", " "])
@pytest.mark.parametrize("times", [2, 3])
def test_the_whole_answer_said_again_is_rejected(
    between: str, times: int, completion: Callable[..., Completion]
) -> None:
    verdict = Repeated().check(completion(between.join([TICKET] * times)))
    assert (verdict.kept, verdict.reason, verdict.value) == (False, "whole_text", times)


@pytest.mark.parametrize(
    "text",
    [
        TICKET,
        f"{TICKET}\n{TICKET.replace('2', '3')}",
        "no no",
        "Ha ha ha!",
        "10 10 10 10",
        "",
        "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream.",
        f"Say it twice: {TICKET} {TICKET}",
    ],
)
def test_an_answer_that_says_something_once_is_kept(text: str, completion: Callable[..., Completion]) -> None:
    assert Repeated().check(completion(text)).kept


@given(st.text(min_size=1), st.integers(1, 5))
def test_so_many_copies_are_counted_at_least(block: str, times: int) -> None:
    assert copies(block * times, 1) >= times
    assert (block * times) == (block * times)[: len(block * times) // copies(block * times, 1)] * copies(
        block * times, 1
    )
