import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.wording import Wording, densest, grams, tokens

MODEL = Wording(
    bias=-1.0,
    threshold=0.5,
    weights={"can't": 1.0, "can't help": 1.5, "recipe": -2.0},
    classes=("hard", "soft"),
    kinds={"": (0.1, 0.0), "part": (-1.0, 1.0)},
)


def test_a_text_is_words_numbers_and_marks() -> None:
    assert tokens("i can't, at 17:30 – <name>!") == ["i", "can't", ",", "at", "0", ":", "0", "–", "<name>", "!"]


def test_where_no_spaces_are_a_character_is_a_word() -> None:
    assert tokens("我不能。") == ["我", "不", "能", "。"]
    assert "我 不 能 。" in grams(tokens("我不能。"))


def test_runs_have_one_to_three_words() -> None:
    assert grams(["a1", "b", "c", "d"], ">") == {
        *(">a1", ">b", ">c", ">d"), *(">a1 b", ">b c", ">c d"), *(">a1 b c", ">b c d"),
    }  # fmt: skip


@pytest.mark.parametrize(("text", "over"), [("i can't help", 1.0), ("the recipe", -3.5), ("", -1.5)])
def test_the_score_is_what_the_weights_sum_to_over_the_threshold(text: str, over: float) -> None:
    assert MODEL.score(grams(tokens(text))) == pytest.approx(over)


@pytest.mark.parametrize(("text", "kind"), [("i can't", "hard"), ("only in part", "soft")])
def test_the_class_is_the_likeliest(text: str, kind: str) -> None:
    assert MODEL.kind({"", *grams(tokens(text))}) == kind


def test_the_score_is_the_same_in_whatever_order_the_features_come() -> None:
    model = Wording(bias=0.0, threshold=0.0, weights={"a": 0.1, "b": 0.2, "c": 0.3})  # 0.1 + 0.2 + 0.3 has two sums
    assert len({model.score(order) for order in itertools.permutations("abc")}) == 1


def test_the_evidence_is_where_the_words_are_that_speak_for_it() -> None:
    text = "a recipe? i can't help with it"
    assert text[slice(*MODEL.span(text))] == "can't help"


@given(st.lists(st.integers(-9, 9).map(float), min_size=1, max_size=12))
def test_no_run_has_a_higher_sum_than_the_densest(gains: list[float]) -> None:
    start, stop = densest(gains)
    best = max(sum(gains[low:high]) for low in range(len(gains)) for high in range(low + 1, len(gains) + 1))
    assert sum(gains[start:stop]) == best


@given(st.text())
def test_the_evidence_lies_in_the_text(text: str) -> None:
    start, stop = MODEL.span(text)
    assert 0 <= start <= stop <= len(text)
