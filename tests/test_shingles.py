import itertools
import json
import random
import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.shingles import Near, holding_most, jaccard, near_duplicate_groups, nearest, shingles
from blackbox_kd.shipped import shipped
from blackbox_kd.tasks import TASKS
from blackbox_kd.text import words

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


@settings(max_examples=60)
@given(TEXTS, TEXTS, st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_near_sets_are_those_of_comparing_all(texts: list[str], others: list[str], threshold: float) -> None:
    sets = [shingles(text) for text in others]
    near = Near(sets, threshold)
    for one in map(shingles, texts):
        expected = {index for index, other in enumerate(sets) if jaccard(one, other) >= threshold}
        assert {index for index, _ in near.matches(one)} == expected
        assert {index for index, _ in near.matches(one, {0, 2})} == expected & {0, 2}
        found = near.find(one)
        assert (found[0] in expected and found[1] >= threshold) if found else not expected


@settings(max_examples=60)
@given(TEXTS, TEXTS)
def test_the_nearest_text_is_that_of_comparing_all(texts: list[str], others: list[str]) -> None:
    for text, found in zip(texts, nearest(texts, others), strict=True):
        own = set(shingles(text).tolist())
        shares = [
            1.0
            if sorted(text.split()) == sorted(other.split())
            else len(own & set(shingles(other).tolist())) / len(own)
            for other in others
        ]
        assert (found[1] if found else 0.0) == max(shares, default=0.0)
        assert found is None or shares[found[0]] == found[1]


def test_how_near_a_text_is_does_not_fall_with_what_the_other_says_besides() -> None:
    text = "why does the moon look larger when it stands low"
    longer = f"please tell me in a few words for my daughter {text} over the sea in summer and in winter"
    assert nearest([text], ["no", longer]) == [(1, 1.0)]
    assert holding_most([longer], [text]) == [(0, 1.0)]
    assert nearest([longer], [text]) == [(0, 8 / len(shingles(longer)))]


def test_the_same_words_in_another_order_and_equal_texts_without_words_are_nearest() -> None:
    assert nearest(["Now. I want tea.", "?!", "?"], ["i want TEA now", "?!"]) == [(0, 1.0), (1, 1.0), None]
    assert nearest([], ["a"]) == []
    assert nearest(["a b c"], []) == [None]


def test_what_a_template_says_makes_no_text_near() -> None:
    texts = [f"extract the ticket as json with the keys queue and items: number {n} says {n * 7}" for n in range(60)]
    assert all(one is None or one[1] < 0.5 for one in nearest(texts[:20], texts[20:]))
    assert nearest(texts[:1], [*texts[1:], texts[0].upper()]) == [(59, 1.0)]


CHANGES = ("really", "quickly", "large", "green", "other", "today", "simple", "first")


def changed(text: str, rng: random.Random) -> str:
    """The text in another case, without punctuation, with a word or two changed or added, or its sentences turned."""
    tokens, kind = text.split(), rng.randrange(5)
    if kind == 0:
        return text.upper()
    if kind == 1:
        return re.sub(r"[.,?!]", " ", text)
    if kind == 2:
        return " ".join(rng.sample(sentences := re.split(r"(?<=[.?!]) ", text), len(sentences)))
    for _ in range(rng.randint(1, 2)):
        place = rng.randrange(len(tokens))
        tokens[place : place + (kind == 3)] = [rng.choice(CHANGES)]
    return " ".join(tokens)


def edits(one: list[str], other: list[str]) -> int:
    """Words to change, add or remove to get from one to the other (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for number, word in enumerate(one, start=1):
        last, row[0] = row[0], number
        for place, against in enumerate(other, start=1):
            last, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, last + (word != against))
    return row[-1]


@pytest.mark.parametrize("task", sorted(TASKS))
def test_of_one_task_near_copies_of_gold_are_found_and_other_prompts_are_not(task: str) -> None:
    rows = [row.prompt for row in TASKS[task].generate(2300, 1, 300)]
    random.Random(0).shuffle(rows)
    gold, rest = rows[:300], rows[300:]
    found = [one if one and one[1] >= 0.6 else None for one in holding_most(rest, gold)]
    wrong = sum(
        one is not None and edits(words(text), words(gold[one[0]])) > 2 for text, one in zip(rest, found, strict=True)
    )
    assert wrong / len(rest) <= 0.01
    rng = random.Random(1)
    long = [place for place, text in enumerate(gold) if len(words(text)) >= 10]
    copies = holding_most([*rest, *(changed(gold[place], rng) for place in long)], gold)[len(rest) :]
    recalled = sum(one is not None and one[1] >= 0.6 for one in copies)
    assert len(long) < 30 or recalled / len(long) >= 0.95


def test_of_everyday_prompts_only_near_copies_are_near() -> None:
    texts = [json.loads(line)["prompt"] for line in shipped("everyday.jsonl").read_text().splitlines()]
    assert not any(one and one[1] >= 0.6 for one in holding_most(texts[40:], texts[:40]))
    rng = random.Random(2)
    long = [text for text in texts if len(words(text)) >= 10]
    copies = holding_most([changed(text, rng) for text in long], texts)
    assert sum(one is not None and one[1] >= 0.6 for one in copies) / len(long) >= 0.95
