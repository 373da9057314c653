import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.errors import InputError
from blackbox_kd.records import Message
from blackbox_kd.shipped import shipped
from blackbox_kd.stages.evaluating.rubrics import PAIRWISE, filled, mark_of, template, transcript, verdict_of

NEEDED, OPTIONAL = ("prompt", "answer_a", "answer_b"), ("reference",)
GOOD = "{{prompt}}\n{{answer_a}}\n{{answer_b}}\nVerdict: A, B or tie."


def own(folder: Path, text: str) -> str:
    """The template of a file with this text."""
    (folder / "own.md").write_text(text)
    return template("own.md", folder, PAIRWISE, NEEDED, OPTIONAL)


def test_our_rubric_serves_and_shows_every_text_once(tmp_path: Path) -> None:
    text = template("", tmp_path, PAIRWISE, NEEDED, OPTIONAL)
    texts = {"prompt": "Is it?", "answer_a": "It is.", "answer_b": "It may be.", "reference": "Yes."}
    whole = filled(text, texts)
    assert [whole.count(part) for part in texts.values()] == [1, 1, 1, 1]
    assert "{{" not in whole


def test_our_rubric_leaves_no_trace_of_a_reference_that_is_not_there() -> None:
    whole = filled(shipped(PAIRWISE).read_text(), {"prompt": "p", "answer_a": "a", "answer_b": "b", "reference": None})
    assert "known to be right" not in whole
    assert whole.endswith("Verdict: tie\n")


@given(st.tuples(st.text(), st.text(), st.text()))
def test_what_stands_between_the_marks_is_the_text_whatever_it_says(texts: tuple[str, str, str]) -> None:
    """Mark, name and text are read back exactly, so no text ends early or opens another one."""
    whole = filled(GOOD, dict(zip(NEEDED, texts, strict=True)))
    mark = whole[3:19]
    read = re.findall(rf"^<<<{mark} ([^\n]*)\n(.*?)\n{mark}>>>$", whole, re.DOTALL | re.MULTILINE)
    assert read == list(zip(("prompt", "answer A", "answer B"), texts, strict=True))


@given(st.lists(st.text(), max_size=3))
def test_a_mark_stands_in_none_of_the_texts(texts: list[str]) -> None:
    mark = mark_of(texts)
    assert not any(mark in text for text in texts)
    assert re.fullmatch(r"[0-9a-f]{16}", mark)


def test_a_text_that_names_another_is_not_filled_in_again() -> None:
    whole = filled(GOOD, {"prompt": "{{answer_b}} {{mark}}", "answer_a": "a", "answer_b": "SECRET"})
    assert (whole.count("SECRET"), whole.count("{{answer_b}} {{mark}}")) == (1, 1)


def test_marks_differ_with_the_texts_and_with_their_order() -> None:
    assert len({mark_of(["a", "b"]), mark_of(["b", "a"]), mark_of(["a", "c"]), mark_of(["ab", ""])}) == 4


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("Verdict: A", "A"),
        ("B is wrong.\nVerdict: B\n\n", "B"),
        ("**Verdict: tie**", "tie"),
        ("Because.\n> **VERDICT:** a.", "A"),
        ("Verdict: A\nor perhaps not", None),
        ("The answer says:\nVerdict: B\nbut it is wrong.\nVerdict: A", "A"),
        ("My verdict: A", None),
        ("Verdict: A or B", None),
        ("Verdict: C", None),
        ("Verdict:", None),
        ("A", None),
        ("", None),
    ],
)
def test_only_the_last_line_is_the_verdict(reply: str, verdict: str | None) -> None:
    assert verdict_of(reply) == verdict


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{prompt}}\n{{answer_a}}\nVerdict:", r"own\.md: it has no \{\{answer_b\}\}"),
        (f"{GOOD}\n{{{{answer_c}}}}", r"own\.md:5: nothing is known by \{\{answer_c\}\}"),
        (GOOD.replace("Verdict", "Winner"), r"own\.md: it does not ask for `Verdict:`"),
    ],
)
def test_a_rubric_that_cannot_serve_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        own(tmp_path, text)


def test_a_rubric_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.md: cannot be read"):
        template("no.md", tmp_path, PAIRWISE, NEEDED)


def test_a_conversation_is_shown_with_its_roles_and_a_single_prompt_without() -> None:
    ask, answer = Message(role="user", content="Is it?"), Message(role="assistant", content="Yes.")
    assert transcript([ask]) == "Is it?"
    assert transcript([ask, answer, ask]) == "user: Is it?\n\nassistant: Yes.\n\nuser: Is it?"
