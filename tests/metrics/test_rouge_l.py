import functools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.metrics.rouge_l import RougeL, common_subsequence

FEW = st.lists(st.sampled_from("abc"), max_size=8)


def brute(one: list[str], other: list[str]) -> int:
    """The recursion that defines the longest common subsequence."""

    @functools.cache
    def longest(i: int, j: int) -> int:
        if i == len(one) or j == len(other):
            return 0
        return 1 + longest(i + 1, j + 1) if one[i] == other[j] else max(longest(i + 1, j), longest(i, j + 1))

    return longest(0, 0)


@given(FEW, FEW)
def test_the_common_subsequence_is_that_of_the_definition(one: list[str], other: list[str]) -> None:
    assert common_subsequence(one, other) == brute(one, other)


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        # Lin 2004, section 3: S2 and S3 against S1
        pytest.param("police kill the gunman", "police killed the gunman", 3 / 4, id="lin-s2"),
        pytest.param("the gunman kill police", "police killed the gunman", 2 / 4, id="lin-s3"),
        pytest.param("The CAT, sat!", "the cat sat", 1.0, id="case-and-punctuation"),
        pytest.param("the cat", "the cat sat down", 2 * 2 / 6, id="shorter"),
        pytest.param("dog", "cat", 0.0, id="nothing"),
        pytest.param("", "cat", 0.0, id="empty"),
        pytest.param("", " \n", 1.0, id="both-empty"),
        pytest.param("?", "!", 0.0, id="no-words"),
        pytest.param("\ud800 cat", "cat", 1.0, id="lone-surrogate"),
    ],
)
def test_words_in_order_are_counted(prediction: str, reference: str, expected: float) -> None:
    assert RougeL().score(prediction, reference) == pytest.approx(expected)


def test_long_answers_are_quick() -> None:
    one, other = ("a b c " * 5_000, "c b a d " * 5_000)
    began = time.process_time()
    assert 0 < RougeL().score(one, other) < 1
    assert time.process_time() - began < 2
