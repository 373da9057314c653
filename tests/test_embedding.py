import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.embedding import DIMENSIONS, embedder, partition


def cosine(one: str, other: str) -> float:
    first, second = embedder().embed([one, other]).astype(np.float32)
    return float(first @ second)


def test_the_same_question_in_other_words_is_close_and_another_one_is_not() -> None:
    asked = "How do I reverse a list in Python?"
    assert cosine(asked, "How can I reverse a Python list?") > 0.95
    assert cosine(asked, "How do I sort a list in Python?") < 0.9
    assert cosine("What is the capital of France?", "What is the capital of Spain?") < 0.7


def test_vectors_have_length_one_and_do_not_depend_on_their_company() -> None:
    texts = [f"This is text {n} of many." for n in range(100)]
    together = embedder().embed(texts)
    assert together.shape == (100, DIMENSIONS)
    assert np.allclose(np.linalg.norm(together.astype(np.float32), axis=1), 1, atol=2e-3)
    assert np.array_equal(together, np.concatenate([embedder().embed([text]) for text in texts]))


def test_spacing_is_no_difference() -> None:
    assert cosine("def f(x):\n        return x", "def f(x): return x") == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("text", ["", " \n", "\ud800"])
def test_what_is_no_text_has_a_vector_too(text: str) -> None:
    assert np.isfinite(embedder().embed([text])).all()


@given(st.integers(0, 60), st.integers(1, 20), st.booleans())
def test_parts_hold_everything_once_and_are_small_enough(count: int, most: int, equal: bool) -> None:
    vectors = np.ones((count, 4)) if equal else np.random.default_rng(0).normal(size=(count, 4))
    parts = partition(vectors.astype(np.float16), most)
    assert all(len(part) <= most and np.array_equal(part, np.sort(part)) for part in parts)
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))


def test_what_is_alike_is_in_one_part() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(2, 8)[np.arange(40) % 2]
    parts = partition((centres + rng.normal(scale=0.05, size=(40, 8))).astype(np.float16), 20)
    assert sorted(sorted(set((part % 2).tolist())) for part in parts) == [[0], [1]]
