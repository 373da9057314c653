import threading

import pytest

from blackbox_kd.metrics.numeric import Numeric


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("1/2", "0.5"),
        ("50%", "0.5"),
        (r"\frac{1}{2}", "1/2"),
        (r"So it is $\frac{1}{2}$.", "0.5"),
        (r"\boxed{7}", "7"),
        ("The answer is 1,234.", "1234"),
        ("First 3, then 5", "5"),
        ("48/2 = 24, and 24 * 3 is\n#### 72", "<<24*3=72>>\n#### 72"),
        ("0.333333", "1/3"),
        ("1e-9", "0.000000001"),
        ("$x = 3$", "3"),
        ("x^2 + 1", "1 + x^2"),
        ("\N{MINUS SIGN}5", "-5"),
        ("$5.00", "5"),
        ("\ud800 5", "5"),
    ],
)
def test_the_same_value_scores_one(prediction: str, reference: str) -> None:
    assert Numeric().score(prediction, reference) == 1.0


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("-5", "5"),
        ("0.33", "1/3"),
        ("6.02e23", "6.02e5"),
        ("1e-9", "2e-9"),
        ("5, or rather 3", "5"),
        ("five", "5"),
        ("", "5"),
        ("5", ""),
        ("(" * 100_000, "5"),
        ("$" + "(" * 100_000 + "1" + ")" * 100_000 + "$", "5"),
        ("1" * 100_000, "5"),
    ],
)
def test_another_value_or_none_scores_nothing(prediction: str, reference: str) -> None:
    assert Numeric().score(prediction, reference) == 0.0


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        ("99.5", "100", 1.0),
        ("-99.5", "-100", 1.0),
        ("98", "100", 0.0),
        ("0", "0", 1.0),
        ("0.1", "0", 0.0),
        ("no", "9", 0.0),
    ],
)
def test_a_tolerance_is_a_share_of_the_reference(prediction: str, reference: str, expected: float) -> None:
    assert Numeric(relative_tolerance=0.01).score(prediction, reference) == expected


@pytest.mark.parametrize("hostile", ["9**9**9**9", "$9^{9^{9^{9}}}$"])
def test_what_takes_too_long_scores_nothing_and_the_next_answer_is_scored(hostile: str) -> None:
    quick = Numeric(timeout_s=0.2)
    assert quick.score(hostile, "3") == 0.0
    assert Numeric().score("3", "3") == 1.0


def test_it_works_in_any_thread() -> None:
    found: list[float] = []
    threads = [threading.Thread(target=lambda: found.append(Numeric().score("1/4", "0.25"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1.0] * 4
