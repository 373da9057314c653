import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.text import fold, safe, words


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;http://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\picture", "picture"),
        ("\x1bcreset", "reset"),
        ("\x9b2Jcleared", "cleared"),
        ("back\x08space\x00\x7f", "backspace"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("\ufeffmark", "mark"),
        ("half \ud83d", "half "),
        ("tag\U000e0041", "tag"),
    ],
)
def test_what_a_terminal_would_obey_is_removed(text: str, harmless: str) -> None:
    assert safe(text) == harmless


@pytest.mark.parametrize(
    "text", ["tab\tand\nline", "na\u0308ive", "\u4f60\u597d", "\U0001f469\u200d\U0001f4bb", "a [31m b"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_an_escape_without_an_end_does_not_take_the_text_with_it() -> None:
    assert safe("\x1b]0;he said\nthe rest") == "0;he said\nthe rest"


def test_quotation_marks_in_a_mistaken_encoding_do_not_take_the_text_with_them() -> None:
    mistaken = "He said “yes” and left".encode().decode("latin-1")
    assert safe(mistaken) == "He said âyesâ and left"


@given(st.text(st.one_of(st.characters(exclude_categories=[]), st.sampled_from("\x1b[]P\\;m\x07\x9b\x9d\r\n"))))
def test_no_control_survives_and_a_second_time_changes_nothing(text: str) -> None:
    once = safe(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n" for c in once)
    assert safe(once) == once


@pytest.mark.parametrize(
    ("one", "other"), [("Hello  World", "hello\nworld "), ("ﬁne", "fine"), ("Ｙｅｓ", "yes"), ("e\u0301", "é")]
)
def test_texts_that_differ_in_form_alone_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_words_have_no_punctuation() -> None:
    assert words("“Don't,” she said — twice.") == ["don", "t", "she", "said", "twice"]
