import random

import pytest

from blackbox_kd.tasks.word_problems import WORD_PROBLEMS

PROBLEM = "Lena had 40 stamps and lost 12. Later Lena got 5 as a present. How many stamps does Lena have?"
REFERENCE = "40 - 12 = 28. 28 + 5 = 33. Answer: 33"


def test_the_rationale_shows_both_steps() -> None:
    answer = WORD_PROBLEMS.answer(PROBLEM, random.Random(0))
    assert answer is not None
    assert "40 - 12 = 28" in answer
    assert "28 + 5 = 33" in answer


def test_samples_of_one_problem_differ_in_their_wording() -> None:
    assert len({WORD_PROBLEMS.answer(PROBLEM, random.Random(seed)) for seed in range(30)}) == 3


def test_two_different_names_are_not_this_problem() -> None:
    assert WORD_PROBLEMS.answer(PROBLEM.replace("Later Lena", "Later Omar"), random.Random(0)) is None


def test_numbers_that_do_not_divide_have_no_answer() -> None:
    prompt = "Omar has 10 shells, keeps 3 and puts the rest into 2 equal bags. How many shells are in a bag?"
    assert WORD_PROBLEMS.answer(prompt, random.Random(0)) is None


@pytest.mark.parametrize(
    ("prediction", "score"),
    [
        ("28 + 5 makes it. answer:33", 1.0),
        ("Answer: 3? No. Answer: 33", 1.0),
        ("Answer: $33.0", 1.0),
        ("33", 0.0),
        ("Answer: 34", 0.0),
        ("Answer: 33,000", 0.0),
    ],
)
def test_the_last_number_after_answer_counts(prediction: str, score: float) -> None:
    assert WORD_PROBLEMS.check(prediction, REFERENCE) == score
