import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.teachers.admitted import Admitted


def until_refused(admitted: Admitted, now_s: float, left: float, rate: float, size: float) -> float:
    """Send at its pace to a token bucket until that is empty; returns the time of the 429."""
    while True:
        wait_s = admitted.wait_s(now_s) or 0.001
        now_s, left = now_s + wait_s, min(size, left + wait_s * rate)
        if admitted.wait_s(now_s) > 0:
            continue
        admitted.take(now_s)
        left -= 1
        if left < 0:
            return now_s


def test_there_is_no_pace_before_the_first_429() -> None:
    admitted = Admitted()
    for _ in range(1_000):
        assert admitted.wait_s(0.0) == 0.0
        admitted.take(0.0)


@settings(deadline=None, max_examples=40)
@given(rate=st.floats(2, 200), size=st.integers(2, 200), pause_calls=st.floats(1.1, 100))
def test_429s_tell_the_rate_even_if_the_bucket_was_full_in_between(rate: float, size: int, pause_calls: float) -> None:
    admitted, now_s, pause_s = Admitted(), 0.0, pause_calls / rate
    left = float(size)
    for _ in range(4):
        now_s = until_refused(admitted, now_s, left, rate, size)
        admitted.refused(now_s, now_s + pause_s, asked=True)
        now_s, left = now_s + pause_s, min(float(size), pause_s * rate)
    assert admitted.measured == pytest.approx(rate, rel=0.35)


def test_after_a_429_the_pace_is_below_what_was_measured_and_comes_back_slowly() -> None:
    admitted, now_s, left = Admitted(), 0.0, 50.0
    for _ in range(4):
        now_s = until_refused(admitted, now_s, left, 50.0, 50.0)
        admitted.refused(now_s, now_s + 0.1, asked=True)
        now_s, left = now_s + 0.1, 5.0
    assert admitted.measured == pytest.approx(50, rel=0.05)
    assert 0.9 * 50 < admitted.rate < 50
    begun_s = now_s
    assert until_refused(admitted, now_s, left, 50.0, 50.0) - begun_s > 10


def test_a_server_that_admits_nothing_is_closed_and_not_slow() -> None:
    admitted, now_s = Admitted(), until_refused(Admitted(), 0.0, 10.0, 10.0, 10.0)
    for call in range(20):
        admitted.take(call / 10)
    admitted.refused(2.0, 3.0, asked=True)
    before = admitted.measured
    for second in range(3, 60):
        admitted.take(float(second))
        admitted.refused(second + 0.1, second + 1.0, asked=True)
    assert now_s < 2
    assert admitted.measured == before
