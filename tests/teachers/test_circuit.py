from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.teachers.circuit import FEWEST, FIRST, IN_A_ROW, WINDOW, Circuit


def rows(outcomes: Iterable[str]) -> list[str]:
    """Why each row would stop the run; an outcome is the code of a failure, or "" for an answer."""
    circuit, reasons = Circuit(), []
    for code in outcomes:
        if code:
            reasons.append(circuit.failed(code))
        else:
            circuit.succeeded()
            reasons.append("")
    return reasons


def test_the_first_rows_all_refused_alike_stop_the_run() -> None:
    reasons = rows(["http_400"] * FIRST)
    assert reasons == [""] * (FIRST - 1) + ["the first 5 rows all failed with http_400"]


def test_the_first_rows_refused_for_different_reasons_do_not() -> None:
    assert not any(rows(["http_400", "content_filter"] * 5))


def test_rows_refused_alike_after_an_answer_do_not() -> None:
    assert not any(rows(["", *["http_400"] * FIRST]))


def test_rows_that_fail_one_after_another_stop_the_run() -> None:
    reasons = rows(["", *["http_400"] * (IN_A_ROW - 1), "http_422"])
    assert not any(reasons[:-1])
    assert reasons[-1] == "20 rows in a row failed for good, most with http_400"


def test_the_reason_is_of_the_rows_in_a_row_alone() -> None:
    reasons = rows(["", *["b"] * 19, *[""] * 40, *["a"] * 11, *["c"] * 9])
    assert reasons[-1] == "20 rows in a row failed for good, most with a"


def test_an_answer_between_starts_the_count_anew() -> None:
    half = ["http_400"] * (IN_A_ROW // 2)
    assert not any(rows(["", *half, "", *half]))


@pytest.mark.parametrize(("period", "stops"), [(["", "a"], False), (["", "a", "a"], True), (["", "", "a"], False)])
def test_more_than_half_of_the_last_rows_failing_stops_the_run(period: list[str], stops: bool) -> None:
    assert any(rows(period * WINDOW)) is stops


def test_a_share_says_nothing_of_few_rows() -> None:
    reasons = rows((["", "a", "a"] * WINDOW)[:FEWEST])
    assert not any(reasons[: FEWEST - 1])
    assert reasons[FEWEST - 1] == "33 of the last 50 rows failed for good, the last with a"


def test_old_answers_do_not_hide_what_fails_now() -> None:
    assert any(rows([""] * 10_000 + ["", "a", "a", "a"] * WINDOW))


def test_old_failures_do_not_count_for_ever() -> None:
    circuit = Circuit()
    for _ in range(WINDOW // 2):
        circuit.failed("a")
        circuit.succeeded()
    for _ in range(WINDOW):
        circuit.succeeded()
    assert not any(circuit.failed("a") for _ in range(IN_A_ROW - 1))


def test_whether_anything_was_answered_is_told() -> None:
    circuit = Circuit()
    circuit.failed("a")
    assert circuit.answered == 0
    circuit.succeeded()
    assert circuit.answered == 1


@given(st.lists(st.sampled_from(["", "", "a"]), max_size=300))
def test_a_stop_has_a_cause(outcomes: list[str]) -> None:
    for end, reason in enumerate(rows(outcomes), start=1):
        last = outcomes[max(0, end - WINDOW) : end]
        first = outcomes[:end] == ["a"] * end and end >= FIRST
        tail = end >= IN_A_ROW and all(outcomes[end - IN_A_ROW : end])
        share = end >= FEWEST and 2 * last.count("a") > len(last)
        assert bool(reason) == (bool(outcomes[end - 1]) and (first or tail or share))
