import pytest

from blackbox_kd.metrics.length_ratio import length_ratio


@pytest.mark.parametrize(
    ("text", "reference", "expected"),
    [("ab", "abcd", 0.5), (" ab\n", "ab", 1.0), ("", "ab", 0.0), ("ab", "", None), ("ab", " \n", None)],
)
def test_characters_are_counted_without_white_space_around(text: str, reference: str, expected: float | None) -> None:
    assert length_ratio(text, reference) == expected
