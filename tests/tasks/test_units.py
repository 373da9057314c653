import random

import pytest

from blackbox_kd.tasks.units import UNITS


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("3 ft 4 in", "101.6 cm"),
        ("Convert this: 5'11\"", "180.3 cm"),
        ("the 3rd of March 2024", "2024-03-03"),
        ("4.05.2024", "2024-05-04"),
        ("$1.2k", "1200.00 USD"),
        ("The form says 2.5 million euros.", "2500000.00 EUR"),
        ("Normalise: 1,234.50 GBP", "1234.50 GBP"),
        ("16 oz", "0.45 kg"),
        ("212 °F", "100.0 C"),
        ("1h20m", "80 min"),
        ("half past 3 p.m.", "15:30"),
        ("a quarter to 10 after noon", "21:45"),
    ],
)
def test_a_value_has_one_normal_form(prompt: str, expected: str) -> None:
    assert UNITS.answer(prompt, random.Random(0)) == expected


def test_a_value_in_no_known_form_has_no_answer() -> None:
    assert UNITS.answer("a fortnight", random.Random(0)) is None


@pytest.mark.parametrize(
    ("prediction", "score"),
    [("101.6 CM.", 1.0), ("101.6  cm", 1.0), ("101.60 cm", 0.0), ("It is 101.6 cm", 0.0), ("", 0.0)],
)
def test_only_case_spacing_and_a_full_stop_are_forgiven(prediction: str, score: float) -> None:
    assert UNITS.check(prediction, "101.6 cm") == score
