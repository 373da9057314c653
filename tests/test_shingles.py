import itertools
import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.shingles import jaccard, near_duplicate_groups, shingles

# Few words, so that many pairs lie near the threshold.
TEXTS = st.lists(st.lists(st.sampled_from("abcd"), min_size=3, max_size=9).map(" ".join), max_size=12)


def brute_force(texts: list[str], threshold: float) -> list[int]:
    """Connected parts of the graph of all pairs at or above the threshold, each by its lowest index."""
    group = list(range(len(texts)))
    sets = [shingles(text) for text in texts]
    for one, other in itertools.combinations(range(len(texts)), 2):
        if jaccard(sets[one], sets[other]) >= threshold:
            low, high = sorted((group[one], group[other]))
            group = [low if member == high else member for member in group]
    return group


@settings(max_examples=60)
@given(TEXTS, st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_groups_are_those_of_comparing_all_pairs(texts: list[str], threshold: float) -> None:
    assert near_duplicate_groups(texts, threshold) == brute_force(texts, threshold)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_groups_of_long_texts_are_those_of_comparing_all_pairs(threshold: float) -> None:
    rng = random.Random(7)
    vocabulary = [f"w{n}" for n in range(500)]
    texts = []
    for _ in range(25):
        base = rng.choices(vocabulary, k=60)
        for edits in (0, 1, 3, 8, 20):
            text = list(base)
            for _ in range(edits):
                text[rng.randrange(60)] = rng.choice(vocabulary)
            texts.append(" ".join(text))
    assert near_duplicate_groups(texts, threshold) == brute_force(texts, threshold)


def test_a_pair_is_found_although_a_third_text_stands_before_it_in_every_bucket() -> None:
    common = " ".join(f"w{n}" for n in range(30))
    texts = [f"{common} x1 x2 x3 x4 x5 x6 x7 x8", f"{common} y1 y2 y3 y4 y5", f"{common} y1 y2 y3 y4 y6"]
    assert near_duplicate_groups(texts, 0.85) == [0, 1, 1]


def test_case_space_and_punctuation_make_no_difference() -> None:
    assert near_duplicate_groups(["How do I reset my password?", "how do i  RESET my password"]) == [0, 0]


@pytest.mark.parametrize("texts", [["Yes.", "No."], ["", "?!"], ["2+2", "2-2"], ["你好吗", "他走了"]])
def test_short_texts_are_near_only_when_equal(texts: list[str]) -> None:
    assert near_duplicate_groups(texts) == [0, 1]
    assert near_duplicate_groups([texts[0], texts[0]]) == [0, 0]


def test_no_texts_have_no_groups() -> None:
    assert near_duplicate_groups([]) == []


def test_jaccard_is_shared_over_all() -> None:
    one, other = np.array([1, 2, 3], dtype=np.uint64), np.array([2, 3, 4], dtype=np.uint64)
    assert jaccard(one, other) == 0.5
    assert jaccard(one[:0], other[:0]) == 1.0


def test_shingles_are_runs_of_words_in_their_order() -> None:
    assert len(shingles("a b c d")) == 2
    assert jaccard(shingles("a b c"), shingles("c b a")) == 0.0
    assert len(shingles("a a a a a a")) == 1


def test_a_thousand_prompts_of_one_template_are_grouped_in_seconds() -> None:
    texts = [
        f"Extract the ticket as JSON with the keys queue, items, urgent and id: ticket {n} says {n * 7}"
        for n in range(1000)
    ]
    start = time.perf_counter()
    near_duplicate_groups(texts)
    assert time.perf_counter() - start < 10
