import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.metrics.choice import LETTERS, Choice, named

MOODS = ("positive", "negative", "not sure")


@pytest.mark.parametrize(
    "text",
    [
        "B",
        "b",
        " (b)\n",
        "B.",
        "**B**",
        "`B`",
        "[B]",
        "\N{FULLWIDTH LATIN CAPITAL LETTER B}",
        "Option B",
        "B) Paris",
        "B. Paris",
        "B: Paris",
        "B because it is big",
        "I think it is B.",
        "Answer: B.",
        "answer: b",
        "**Answer:** B",
        "**Answer: B) Paris**",
        "Answer:\nB) Paris",
        "Answer \N{EN DASH} B",
        "The answer is B, not A.",
        "The answer is \N{LEFT DOUBLE QUOTATION MARK}B\N{RIGHT DOUBLE QUOTATION MARK}.",
        "The answer to question 3 is B",
        "Therefore the correct choice is option (B)",
        "The best option is most likely B.",
        "\\boxed{B}",
        "$\\boxed{\\text{B}}$",
        "A) Rome\nB) Paris\n\nAnswer: B",
        "The answer is A. Wait, no. The answer is B.",
        "B\n\nExplanation: A is too small.",
        "I would choose B because A is too small",
    ],
)
def test_a_letter_is_found_however_it_is_said(text: str) -> None:
    assert Choice().score(text, "B") == 1.0
    assert Choice().score(text, "C") == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "K",
        "AB",
        "Paris",
        "A) Rome\nB) Paris",
        "A\nB\nC",
        "The answer is A or B",
        "Answer: A, B",
        "Answer: A/B",
        "The answer is not A.",
        "It is not A.",
        "The answer is a matter of taste",
        "A cat sat on the mat",
        "I am not sure",
        "i.e. the sea, e.g. this one",
        "\ud800",
    ],
)
def test_an_answer_that_names_none_or_several_scores_nothing(text: str) -> None:
    assert named(text, LETTERS) is None
    assert Choice().score(text, text) == 0.0


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Positive.", "positive"),
        ("The sentiment is positive", "positive"),
        ("Label: NEGATIVE", "negative"),
        ("It looks positive at first, so the label is negative.", "negative"),
        ("Not sure", "not sure"),
        ("I am not sure about it", "not sure"),
        ("It is not positive", None),
        ("positive or negative", None),
        ("positively", None),
    ],
)
def test_labels_may_be_words(text: str, label: str | None) -> None:
    assert named(text, MOODS) == label


@pytest.mark.parametrize(
    ("labels", "text"), [(("1", "2"), "Answer: 2"), (("C++", "C#"), "It is C#"), (("yes", "no"), "No")]
)
def test_labels_may_be_anything(labels: tuple[str, ...], text: str) -> None:
    assert Choice(labels=labels).score(text, labels[1]) == 1.0


@given(st.sampled_from(LETTERS), st.sampled_from(LETTERS), st.sampled_from(("{}", "({})", "Answer: {}", "It is {}.")))
def test_only_the_right_letter_scores(one: str, other: str, form: str) -> None:
    assert Choice().score(form.format(one), other) == float(one == other)


@given(st.text())
def test_any_text_is_scored(text: str) -> None:
    assert Choice().score(text, "A") in (0.0, 1.0)


@pytest.mark.parametrize("part", ["a", "answer ", "A) ", "(", " ", "**", "\n", "most likely ", "answer is "])
def test_long_answers_are_quick(part: str) -> None:
    began = time.process_time()
    assert Choice().score(part * 100_000, "B") == 0.0
    assert time.process_time() - began < 2


@pytest.mark.parametrize("labels", [["yes", "YES"], ["yes", " "]])
def test_labels_that_cannot_be_told_apart_are_refused(labels: list[str]) -> None:
    with pytest.raises(msgspec.ValidationError, match="another than the rest"):
        msgspec.convert({"name": "choice", "labels": labels}, Choice)
