from collections.abc import Callable

import pytest

from blackbox_kd.teachers.knee import Knee


def grown(latency_s: Callable[[float], float], replies: int = 6_000, most: int = 512) -> Knee:
    """A knee after so many replies of a server whose latency depends on the calls in flight."""
    knee, limit = Knee(most), 8.0
    for _ in range(replies):
        limit = knee.replied(latency_s(limit), limit)
        limit = min(knee.ceiling, limit + 1)
    return knee


@pytest.mark.parametrize("places", [20, 100])
def test_growth_stops_where_a_queue_begins(places: int) -> None:
    knee = grown(lambda limit: max(1.0, limit / places))
    assert knee.found
    assert places <= knee.ceiling <= 4 * places


def test_growth_goes_on_as_long_as_throughput_grows() -> None:
    knee = grown(lambda limit: 1.0)
    assert (knee.found, knee.ceiling) == (False, 512)


def test_a_batching_server_is_used_to_90_percent_of_its_best() -> None:
    knee = grown(lambda limit: 1 + limit / 20)  # throughput: limit / (1 + limit / 20)
    assert knee.ceiling / (1 + knee.ceiling / 20) >= 0.9 * 512 / (1 + 512 / 20)


def test_it_looks_again_whether_more_would_help_by_now() -> None:
    knee, limit = grown(lambda limit: max(1.0, limit / 20)), 20.0
    found = knee.ceiling
    for _ in range(20_000):
        limit = min(knee.ceiling, knee.replied(1.0, limit) + 1)
    assert knee.ceiling > 2 * found


def test_a_round_with_free_slots_says_nothing() -> None:
    knee = Knee(64)
    for _ in range(100):
        knee.replied(50.0, 8.0)
        knee.interrupt()
    assert (knee.found, knee.ceiling) == (False, 64)
