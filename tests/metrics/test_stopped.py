import pytest

from blackbox_kd.metrics.stopped import stop_rate
from blackbox_kd.records import FinishReason


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (["stop", "stop", "length", "refusal"], 0.5),
        (["stop", "unknown"], 1.0),
        (["length"], 0.0),
        (["unknown"], None),
        ([], None),
    ],
)
def test_the_share_is_of_the_reasons_that_are_known(reasons: list[FinishReason], expected: float | None) -> None:
    assert stop_rate(reasons) == expected
