import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.ngrams import Index, folded, grams, hashed

WORDS = st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b"e"]), max_size=40)
TEXT = [f"w{n}".encode() for n in range(40)]


@given(WORDS, WORDS, st.integers(1, 15))
def test_runs_of_words_have_the_same_number_if_and_only_if_they_are_the_same(
    one: list[bytes], other: list[bytes], size: int
) -> None:
    runs = [tuple(text[at : at + size]) for text in (one, other) for at in range(len(text) - size + 1)]
    values = np.concatenate([grams(hashed(text), size) for text in (one, other)]).tolist()
    assert len(values) == len(runs)
    assert len(set(zip(runs, values, strict=True))) == len(set(runs)) == len(set(values))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't STOP, now.", [b"don", b"t", b"stop", b"now"]),
        ("“Don’t” — stop…", [b"don", b"t", b"stop"]),
        ("ﬁne Café", [b"fine", "café".encode()]),
        ("法国的首都", [char.encode() for char in "法国的首都"]),
        ("\ud800 x", [b"x"]),
        ("...", []),
    ],
)
def test_words_are_folded_and_without_punctuation(text: str, words: list[bytes]) -> None:
    assert folded(text).split() == words


def test_line_ends_are_kept() -> None:
    assert [line.split() for line in folded("One.\nTwo é").split(b"\n")] == [[b"one"], [b"two", "é".encode()]]


def test_coverage_is_the_share_of_the_words() -> None:
    found = Index([TEXT], (8, 13)).best(hashed([b"x", *TEXT[5:25], b"y"]))
    assert found is not None
    assert (found.text, found.coverage, found.first, found.last) == (0, 0.5, 1, 20)


@given(st.integers(0, 39), st.integers(0, 39))
def test_a_span_covers_its_words_from_the_smallest_size_on(start: int, end: int) -> None:
    found = Index([TEXT], (8, 13)).best(hashed([b"x", *TEXT[start:end]]))
    assert (found.coverage if found else 0) == (max(0, end - start) / 40 if end - start >= 8 else 0)


def test_two_spans_add_up() -> None:
    found = Index([TEXT], (8,)).best(hashed([*TEXT[:10], b"x", *TEXT[30:]]))
    assert found is not None
    assert found.coverage == 0.5


def test_the_text_that_is_covered_best_is_found() -> None:
    others = [[*TEXT[:10], *(f"{n}.{m}".encode() for m in range(20))] for n in range(2)]
    found = Index([others[0], TEXT, others[1]], (8,)).best(hashed(TEXT))
    assert found is not None
    assert (found.text, found.coverage) == (1, 1.0)


def test_n_grams_of_many_texts_are_no_evidence() -> None:
    texts = [[*TEXT, *(f"{n}.{m}".encode() for m in range(10))] for n in range(31)]
    index = Index(texts, (8, 13))
    assert index.best(hashed(TEXT)) is None
    found = index.best(hashed(texts[7]))
    assert found is not None
    assert (found.text, found.coverage) == (7, 1.0)


def test_n_grams_of_some_texts_count_less() -> None:
    texts = [[*TEXT, *(f"{n}.{m}".encode() for m in range(40))] for n in range(12)]
    found = Index(texts, (8,)).best(hashed(TEXT))
    assert found is not None
    assert found.coverage == 0.2  # 40 words of weight 1/4 of 50


def test_a_larger_n_gram_shows_what_is_made_of_frequent_small_ones() -> None:
    text = [str(n % 10).encode() + bytes([97 + n]) for n in range(13)]
    pieces = [[*text[at : at + 8], *(f"{n}.{m}".encode() for m in range(9))] for n in range(31) for at in range(6)]
    assert Index([text, *pieces], (8,)).best(hashed(text)) is None
    found = Index([text, *pieces], (8, 13)).best(hashed(text))
    assert found is not None
    assert (found.text, found.coverage) == (0, 1.0)


@pytest.mark.parametrize("words", [[], [b"a"], TEXT])
def test_nothing_is_found_where_nothing_is_known(words: list[bytes]) -> None:
    assert Index([], (8, 13)).best(hashed(words)) is None


def test_an_endless_repetition_is_looked_up_once() -> None:
    assert Index([[b"a"] * 2000], (8, 13)).best(hashed([b"a"] * 150_000)) is not None
