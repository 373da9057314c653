import random
from datetime import datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.errors import ProviderRefused, ProviderUnavailable
from blackbox_kd.teachers.retry import (
    AMBIGUOUS,
    AMBIGUOUS_ATTEMPTS,
    BASE_S,
    CAP_S,
    CONNECT_ATTEMPTS,
    DENIED_IN_A_ROW,
    MOST_TOKENS,
    OVERLOADED_BASE_S,
    PATIENCE_S,
    Again,
    Decision,
    GiveUpRow,
    RetryBudget,
    StopRun,
    decide,
    stopped,
)
from blackbox_kd.teachers.wire import Scope, WireError

ATTEMPTS = st.integers(1, 40)
DOWN = StopRun(refused=False)


def failed(
    code: str = "http_503", retry_after_s: float | None = None, throttled: bool = False, overloaded: bool = False
) -> WireError:
    """An attempt that may be tried again."""
    return WireError(
        scope="attempt",
        code=code,
        message="503 away",
        retry_after_s=retry_after_s,
        throttled=throttled,
        overloaded=overloaded,
    )


def decided(error: WireError, attempt: int = 1, attempts: int = 6, seed: int = 0) -> Decision:
    """The decision while the endpoint's budget is full."""
    return decide(error, attempt, attempts, random.Random(seed), RetryBudget())


def emptied(error: WireError) -> tuple[RetryBudget, int]:
    """A budget that retries after an error have just emptied, and how many there were."""
    budget, retries = RetryBudget(), 0
    while isinstance(decide(error, 1, 6, random.Random(0), budget), Again):
        retries += 1
    return budget, retries


@given(attempt=ATTEMPTS, overloaded=st.booleans(), seed=st.integers())
def test_backoff_is_jittered_within_bounds_that_double(attempt: int, overloaded: bool, seed: int) -> None:
    decision = decided(failed(overloaded=overloaded), attempt, 50, seed)
    ceiling = min(CAP_S, (OVERLOADED_BASE_S if overloaded else BASE_S) * 2 ** (attempt - 1))
    assert isinstance(decision, Again)
    assert 0.05 * ceiling <= decision.after_s <= ceiling


def test_jitter_is_full() -> None:
    waits = [one.after_s for seed in range(300) if isinstance(one := decided(failed(), 7, 50, seed), Again)]
    assert min(waits) < 0.1 * CAP_S
    assert max(waits) > 0.9 * CAP_S


@given(attempt=ATTEMPTS, hint=st.floats(0.001, PATIENCE_S), seed=st.integers())
def test_a_servers_hint_is_a_floor(attempt: int, hint: float, seed: int) -> None:
    decision = decided(failed(retry_after_s=hint), attempt, 50, seed)
    assert isinstance(decision, Again)
    assert hint <= decision.after_s <= 1.1 * hint + 0.5


@given(attempts=ATTEMPTS, beyond=st.integers(0, 5), hint=st.none() | st.floats(0, PATIENCE_S))
def test_the_last_attempt_leaves_the_row_for_a_later_run(attempts: int, beyond: int, hint: float | None) -> None:
    assert decided(failed(retry_after_s=hint), attempts + beyond, attempts) == GiveUpRow(retryable=True)


@given(attempt=ATTEMPTS, attempts=ATTEMPTS)
def test_a_refused_row_is_given_up_for_good(attempt: int, attempts: int) -> None:
    error = WireError(scope="row", code="http_400", message="", retry_after_s=1.0)
    assert decided(error, attempt, attempts) == GiveUpRow(retryable=False)


@given(attempt=ATTEMPTS, attempts=ATTEMPTS)
def test_a_refused_run_stops_at_once(attempt: int, attempts: int) -> None:
    error = WireError(scope="run", code="invalid_api_key", message="")
    assert decided(error, attempt, attempts) == StopRun(refused=True)


@given(attempt=ATTEMPTS, attempts=ATTEMPTS, beyond=st.floats(0.1, 1e6))
def test_row_21_a_daily_limit_stops_the_run_to_go_on_later(attempt: int, attempts: int, beyond: float) -> None:
    assert decided(failed("rate_limit_exceeded", PATIENCE_S + beyond), attempt, attempts) == DOWN


def test_row_28_an_attempt_that_is_no_use_again_leaves_the_row_for_a_later_run() -> None:
    error = WireError(scope="attempt", code="http_503", message="", final=True)
    assert decided(error) == GiveUpRow(retryable=True)


@pytest.mark.parametrize("attempt", range(1, CONNECT_ATTEMPTS))
def test_a_server_that_does_not_listen_is_tried_again(attempt: int) -> None:
    assert isinstance(decided(failed("connect"), attempt), Again)


@pytest.mark.parametrize(("attempt", "attempts"), [(CONNECT_ATTEMPTS, 6), (1, 1), (2, 2)])
def test_row_29_a_server_that_does_not_listen_stops_the_run(attempt: int, attempts: int) -> None:
    assert decided(failed("connect"), attempt, attempts) == DOWN


@pytest.mark.parametrize("code", sorted(AMBIGUOUS))
def test_what_may_have_been_paid_is_asked_again_twice_at_most(code: str) -> None:
    kinds = [type(decided(failed(code), attempt)) for attempt in range(1, AMBIGUOUS_ATTEMPTS + 1)]
    assert kinds == [Again, Again, GiveUpRow]


CASES: list[tuple[WireError, int, Decision | type[Again]]] = [
    (failed(), 1, Again),
    (failed(), 6, GiveUpRow(retryable=True)),
    (failed(retry_after_s=PATIENCE_S + 1), 1, DOWN),
    (WireError(scope="row", code="c", message=""), 1, GiveUpRow(retryable=False)),
    (WireError(scope="run", code="c", message=""), 1, StopRun(refused=True)),
]


@pytest.mark.parametrize(("error", "attempt", "expected"), CASES)
def test_every_scope_has_its_actions(error: WireError, attempt: int, expected: Decision | type[Again]) -> None:
    decision = decided(error, attempt)
    assert decision == expected or type(decision) is expected


def test_every_scope_and_every_action_is_in_a_case() -> None:
    assert {error.scope for error, _, _ in CASES} == set(get_args(Scope))
    outcomes = {expected if isinstance(expected, type) else type(expected) for _, _, expected in CASES}
    assert outcomes == set(get_args(Decision))
    assert {one.refused for _, _, one in CASES if isinstance(one, StopRun)} == {True, False}
    assert {one.retryable for _, _, one in CASES if isinstance(one, GiveUpRow)} == {True, False}


@pytest.mark.parametrize(("code", "retries"), [("http_503", 20), ("connection_lost", 20), ("timeout", 10)])
def test_the_budget_pays_for_so_many_retries(code: str, retries: int) -> None:
    assert emptied(failed(code))[1] == retries


def test_a_wait_that_a_429_asks_for_is_free() -> None:
    budget = RetryBudget()
    asked = failed("rate_limit_exceeded", 1.0, throttled=True)
    assert all(isinstance(decide(asked, 1, 6, random.Random(0), budget), Again) for _ in range(1_000))
    assert budget.tokens == MOST_TOKENS


@pytest.mark.parametrize(("hint", "throttled"), [(None, True), (0.0, True), (1.0, False)])
def test_every_other_retry_costs(hint: float | None, throttled: bool) -> None:
    budget = RetryBudget()
    decide(failed("http", hint, throttled), 1, 6, random.Random(0), budget)
    assert budget.tokens == MOST_TOKENS - 5


def test_an_empty_budget_leaves_rows_for_a_later_run_and_then_stops_the_run() -> None:
    budget, _ = emptied(failed())  # which was the first that it denied
    denied = [decide(failed(), 1, 6, random.Random(0), budget) for _ in range(DENIED_IN_A_ROW - 1)]
    assert denied == [GiveUpRow(retryable=True)] * (DENIED_IN_A_ROW - 2) + [DOWN]


def test_an_answer_keeps_the_run_going() -> None:
    budget, _ = emptied(failed())
    for _ in range(4 * DENIED_IN_A_ROW):
        assert decide(failed(), 1, 6, random.Random(0), budget) == GiveUpRow(retryable=True)
        budget.tokens = 0.0
        budget.succeeded()


def test_five_answers_buy_a_retry() -> None:
    budget, _ = emptied(failed())
    for _ in range(5):
        budget.succeeded()
    assert isinstance(decide(failed(), 1, 6, random.Random(0), budget), Again)


def test_what_takes_no_retry_costs_nothing() -> None:
    budget = RetryBudget()
    for error, attempt, expected in CASES:
        if expected is not Again:
            decide(error, attempt, 6, random.Random(0), budget)
    assert budget.tokens == MOST_TOKENS


@given(st.lists(st.sampled_from(["http_503", "timeout", "answer"])))
def test_the_budget_stays_within_its_bounds(events: list[str]) -> None:
    budget = RetryBudget()
    for event in events:
        if event == "answer":
            budget.succeeded()
        else:
            budget.take(failed(event))
        assert 0 <= budget.tokens <= MOST_TOKENS


@given(rows=st.integers(1, 400), seed=st.integers())
def test_row_62_an_outage_costs_no_more_calls_than_rows_and_budget(rows: int, seed: int) -> None:
    budget, rng, calls = RetryBudget(), random.Random(seed), 0
    for _ in range(rows):
        for attempt in range(1, 7):
            calls += 1
            decision = decide(failed(), attempt, 6, rng, budget)
            if not isinstance(decision, Again):
                break
        if decision == DOWN:
            break
    assert calls <= min(rows, 4 + DENIED_IN_A_ROW) + MOST_TOKENS / 5


@pytest.mark.parametrize("concurrency", [1, 10, 64, 512])
def test_a_break_that_hits_every_call_in_flight_once_is_survived(concurrency: int) -> None:
    budget = RetryBudget(concurrency)
    lost = failed("timeout")
    assert all(isinstance(decide(lost, 1, 6, random.Random(0), budget), Again) for _ in range(concurrency))


def test_row_22_a_server_that_recovers_from_overload_is_asked_three_times_more() -> None:
    budget = RetryBudget()
    overloaded = failed("overloaded_error", overloaded=True)
    waits = [decide(overloaded, attempt, 6, random.Random(1), budget) for attempt in (1, 2, 3)]
    assert all(isinstance(wait, Again) for wait in waits)
    assert budget.tokens == MOST_TOKENS - 15


def test_a_refusal_ends_the_run_with_its_own_advice() -> None:
    error = WireError(scope="run", code="billing_error", message="402 no credit", fix="Add credit.")
    end = stopped(error, refused=True, now_s=0.0)
    assert isinstance(end, ProviderRefused)
    assert (end.message, end.fix) == ("the teacher refused the run: 402 no credit (billing_error)", "Add credit.")


def test_a_long_wait_ends_the_run_with_the_time_to_go_on() -> None:
    now_s, wait_s = 1_795_505_596.0, 6 * 3600.0
    end = stopped(failed("rate_limit_exceeded", wait_s, throttled=True), refused=False, now_s=now_s)
    local = datetime.fromtimestamp(now_s + wait_s + 44).astimezone()  # 07:33:16 is rounded up to 07:34
    assert isinstance(end, ProviderUnavailable)
    assert "It asks to wait 6 h 0 min." in end.message
    assert f"Run the same command after {local:%Y-%m-%d %H:%M %Z}:" in end.fix


def test_an_outage_ends_the_run_without_a_time() -> None:
    end = stopped(failed(), refused=False, now_s=0.0)
    assert (end.message, end.fix) == (
        "the teacher cannot be reached: 503 away (http_503).",
        "Run the same command later: what was paid is kept.",
    )
