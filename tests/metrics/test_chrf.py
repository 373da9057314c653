import pytest

from blackbox_kd.metrics.chrf import Chrf


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        pytest.param("the cat", "the cat", 1.0, id="same"),
        pytest.param("the cat", "thecat", 1.0, id="whitespace"),
        pytest.param("abc", "xyz", 0.0, id="nothing"),
        pytest.param("", "cat", 0.0, id="empty"),
        pytest.param("cat", "", 0.0, id="empty-reference"),
        pytest.param("", " \n", 1.0, id="both-empty"),
        # orders 1, 2 and 3: 2/3, 1/2 and 0 of the n-grams, as precision and as recall
        pytest.param("abc", "abd", (2 / 3 + 1 / 2) / 3, id="by-hand"),
    ],
)
def test_characters_in_order_are_counted(prediction: str, reference: str, expected: float) -> None:
    assert Chrf().score(prediction, reference) == pytest.approx(expected)


def test_recall_counts_more_than_precision() -> None:
    assert Chrf().score("the cat sat", "the cat") > Chrf().score("the cat", "the cat sat")


def test_word_order_tells_words_apart() -> None:
    assert Chrf(word_order=2).score("the cat", "thecat") < Chrf().score("the cat", "thecat")


@pytest.mark.parametrize("text", ["[" * 100_000, "\ud800"])
def test_hostile_answers_are_scored(text: str) -> None:
    assert Chrf().score(text, "cat") == 0.0
