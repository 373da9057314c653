from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.faults import injected

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
