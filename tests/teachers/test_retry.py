import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.teachers.retry import (
    BASE_S,
    CAP_S,
    CONNECT_ATTEMPTS,
    PATIENCE_S,
    Again,
    GiveUpRow,
    StopRun,
    decide,
)
from blackbox_kd.teachers.wire import WireError

ATTEMPTS = st.integers(1, 40)


def failed(code: str = "http_503", retry_after_s: float | None = None) -> WireError:
    """An attempt that may be tried again."""
    return WireError(scope="attempt", code=code, message="", retry_after_s=retry_after_s)


@given(attempt=ATTEMPTS, seed=st.integers())
def test_backoff_is_jittered_within_bounds_that_double(attempt: int, seed: int) -> None:
    decision = decide(failed(), attempt, 50, random.Random(seed))
    ceiling = min(CAP_S, BASE_S * 2 ** (attempt - 1))
    assert isinstance(decision, Again)
    assert 0.05 * ceiling <= decision.after_s <= ceiling


@given(attempt=ATTEMPTS, hint=st.floats(0.001, PATIENCE_S), seed=st.integers())
def test_a_servers_hint_is_a_floor(attempt: int, hint: float, seed: int) -> None:
    decision = decide(failed(retry_after_s=hint), attempt, 50, random.Random(seed))
    assert isinstance(decision, Again)
    assert hint <= decision.after_s <= 1.1 * hint + 0.5


@given(attempts=ATTEMPTS, beyond=st.integers(0, 5), hint=st.none() | st.floats(0, PATIENCE_S))
def test_the_last_attempt_leaves_the_row_for_a_later_run(attempts: int, beyond: int, hint: float | None) -> None:
    assert decide(failed(retry_after_s=hint), attempts + beyond, attempts, random.Random(0)) == GiveUpRow(True)


@given(attempt=ATTEMPTS, attempts=ATTEMPTS)
def test_a_refused_row_is_given_up_for_good(attempt: int, attempts: int) -> None:
    error = WireError(scope="row", code="http_400", message="", retry_after_s=1.0)
    assert decide(error, attempt, attempts, random.Random(0)) == GiveUpRow(False)


@given(attempt=ATTEMPTS, attempts=ATTEMPTS)
def test_a_refused_run_stops_at_once(attempt: int, attempts: int) -> None:
    error = WireError(scope="run", code="invalid_api_key", message="")
    assert decide(error, attempt, attempts, random.Random(0)) == StopRun(refused=True)


@given(attempt=ATTEMPTS, attempts=ATTEMPTS, beyond=st.floats(0.1, 1e6))
def test_a_daily_limit_stops_the_run_to_go_on_later(attempt: int, attempts: int, beyond: float) -> None:
    error = failed("rate_limit_exceeded", PATIENCE_S + beyond)
    assert decide(error, attempt, attempts, random.Random(0)) == StopRun(refused=False)


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_server_that_does_not_listen_is_tried_again(attempt: int) -> None:
    assert isinstance(decide(failed("connect"), attempt, 6, random.Random(0)), Again)


def test_a_server_that_does_not_listen_three_times_stops_the_run() -> None:
    assert decide(failed("connect"), CONNECT_ATTEMPTS, 6, random.Random(0)) == StopRun(refused=False)


def test_a_server_that_does_not_listen_stops_the_run_with_fewer_attempts_too() -> None:
    assert decide(failed("connect"), 1, 1, random.Random(0)) == StopRun(refused=False)
