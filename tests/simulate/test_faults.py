from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.faults import Window, injected

SETTINGS = Simulated(rate_429=0.2, rate_500=0.2, retry_after_s=0.5)


def statuses(attempt: int) -> list[int]:
    faults = [injected(SETTINGS, f"request {number}", attempt) for number in range(500)]
    return [fault.status if fault else 200 for fault in faults]


def test_faults_come_at_their_rates() -> None:
    counts = [statuses(1).count(status) for status in (429, 500, 200)]
    # 500 draws: 100 +- 9 and 300 +- 11 at one standard deviation; five of them to each side.
    assert 55 < counts[0] < 145
    assert 55 < counts[1] < 145
    assert sum(counts) == 500


def test_each_attempt_is_drawn_anew_and_stays_the_same() -> None:
    assert statuses(1) == statuses(1) != statuses(2)


def test_a_429_tells_when_to_come_back() -> None:
    told = [fault.retry_after_s for n in range(100) if (fault := injected(SETTINGS, str(n), 1)) and fault.status == 429]
    assert set(told) == {0.5}


def test_a_full_window_refuses_until_its_oldest_request_is_a_minute_old() -> None:
    window = Window(2)
    assert [window.refusal(now) is None for now in (0.0, 10.0, 20.0, 59.9, 60.0, 61.0, 70.0)] == [
        *(True, True, False, False, True, False, True),
    ]


def test_the_wait_is_the_time_until_there_is_room() -> None:
    window = Window(1)
    window.refusal(100.0)
    refused = window.refusal(145.0)
    assert refused is not None
    assert refused.retry_after_s == 15.0


def test_the_state_counts_what_remains() -> None:
    window = Window(5)
    window.refusal(0.0)
    window.refusal(1.0)
    assert window.state == (5, 3)
