import itertools
import random
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blackbox_kd.minhash import (
    ALONE,
    Buckets,
    Ragged,
    band_keys,
    buckets_of,
    jaccard,
    parities,
    sets_of,
    shape,
    signatures,
    together,
)
from blackbox_kd.text import words

TEXTS = st.lists(st.text(st.sampled_from("ab é“”.\0\nÄß1_"), max_size=30) | st.text(max_size=30), max_size=8)
SPACELESS = "".join(f"{chr(low)}-{chr(high - 1)}" for low, high in ALONE)
SETS = st.frozensets(st.integers(0, 40), max_size=30)


def array(members: frozenset[int]) -> np.ndarray:
    return np.array(sorted(members), dtype=np.uint64)


def split(text: str) -> list[str]:
    """The words of a text; where no spaces part them, its characters."""
    return [part for word in words(text) for part in re.findall(rf"[{SPACELESS}]|[^{SPACELESS}]+", word)]


@given(TEXTS, st.integers(1, 4))
@example(["b", "B\N{CIRCLED IDEOGRAPH ONE}"], 1)
def test_sets_are_equal_where_the_runs_of_words_are(texts: list[str], size: int) -> None:
    sets = sets_of(texts, size)
    for one, first in enumerate(texts):
        assert np.array_equal(sets.one(one), sets_of([first], size).one(0))
        for other, second in enumerate(texts):
            tokens, others = split(first), split(second)
            if min(len(tokens), len(others)) >= size and max(map(len, tokens + others)) < 30:
                runs = {tuple(tokens[at : at + size]) for at in range(len(tokens) - size + 1)}
                more = {tuple(others[at : at + size]) for at in range(len(others) - size + 1)}
                assert jaccard(sets.one(one), sets.one(other)) == len(runs & more) / len(runs | more)


@given(TEXTS)
def test_sets_are_sorted_and_no_member_is_twice(texts: list[str]) -> None:
    sets = sets_of(texts, 2)
    assert len(sets.ends) == len(texts)
    for index in range(len(texts)):
        one = sets.one(index)
        assert len(one) >= 1
        assert np.array_equal(one, np.unique(one))


def test_a_text_of_many_blocks_is_one_set() -> None:
    long = " ".join(f"w{number}" for number in range(60_000))
    sets = sets_of(["a b c d", long, long.upper(), "a b c d"], 3)
    assert np.diff(sets.ends, prepend=0).tolist() == [2, 59_998, 59_998, 2]
    assert np.array_equal(sets.one(1), sets.one(2))
    assert np.array_equal(sets.one(0), sets.one(3))


@pytest.mark.parametrize("text", ["你好吗他走了", "こんにちはさようなら", "สวสดครบ"])
def test_characters_of_scripts_without_spaces_are_words(text: str) -> None:
    assert len(sets_of([text], 1).values) == len(set(text))
    assert np.array_equal(sets_of([text], 2).values, sets_of([" ".join(text)], 2).values)


def test_half_width_and_composed_forms_are_the_same_words() -> None:
    texts = ["ＡＢＣ ｶﾀｶﾅ café", unicodedata.normalize("NFD", "abc カタカナ café")]
    sets = sets_of(texts, 2)
    assert np.array_equal(sets.one(0), sets.one(1))


@given(SETS, SETS)
def test_jaccard_is_shared_over_all(one: frozenset[int], other: frozenset[int]) -> None:
    expected = len(one & other) / len(one | other) if one | other else 1.0
    assert jaccard(array(one), array(other)) == expected


@given(SETS, SETS)
def test_parities_differ_in_no_more_bits_than_sets_in_members(one: frozenset[int], other: frozenset[int]) -> None:
    apart = int(np.bitwise_count(parities(array(one)) ^ parities(array(other))).sum())
    assert apart <= len(one ^ other)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
def test_bands_lose_one_pair_in_ten_thousand_at_the_threshold(threshold: float) -> None:
    form = shape(threshold)
    assert (1 - threshold**form.rows) ** form.bands <= 1e-4
    assert form.bands * form.rows <= 80
    assert shape(1.0).bands == 1


@pytest.mark.parametrize("size", [9, 18, 180])
@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_pairs_at_the_threshold_share_a_band_as_often_as_said(size: int, threshold: float) -> None:
    rng = np.random.default_rng(size)
    shared = round(2 * size * threshold / (1 + threshold))
    pairs, alike = 5000, shared / (2 * size - shared)
    members = rng.integers(0, 1 << 48, (pairs, 2 * size - shared), dtype=np.uint64)
    both = np.stack([members[:, :size], members[:, -size:]], axis=1).reshape(-1)
    sets = Ragged(both, np.arange(1, 2 * pairs + 1) * size)
    form = shape(threshold)
    keys = band_keys(signatures(sets, form.bands * form.rows), form, np.zeros(2 * pairs, dtype=np.uint64))
    met = (keys[:, 0::2] == keys[:, 1::2]).any(axis=0).mean()
    expected = 1 - (1 - alike**form.rows) ** form.bands
    assert met >= expected - 4 * np.sqrt(max(expected * (1 - expected), 1e-4) / pairs)


def test_another_guard_is_another_key_and_a_tag_makes_other_members() -> None:
    sets, form = sets_of(["a b c d e f"], 3), shape(0.8)
    signed = signatures(sets, form.bands * form.rows)
    one, other = (band_keys(signed, form, np.array([guard], dtype=np.uint64)) for guard in (1, 2))
    assert not (one == other).any()
    assert not (signed == signatures(sets, form.bands * form.rows, 1)).any()


@given(st.lists(st.integers(0, 5), max_size=20))
def test_buckets_are_the_members_of_equal_keys(keys: list[int]) -> None:
    found = buckets_of(np.array(keys, dtype=np.uint64) << np.uint64(40))
    groups = {tuple(one.tolist()) for one in np.split(found.members, np.cumsum(found.sizes)[:-1]) if len(one)}
    expected = {tuple(at for at, other in enumerate(keys) if other == key) for key in keys if keys.count(key) > 1}
    assert groups == expected


def test_equal_buckets_are_taken_once_and_connected_ones_are_a_component() -> None:
    def band(*buckets: list[int]) -> Buckets:
        sizes = np.array([len(one) for one in buckets], dtype=np.int32)
        return Buckets(np.array([one for bucket in buckets for one in bucket], dtype=np.int32), sizes)

    found = together([band([0, 3], [1, 2]), band(), band([0, 3], [2, 5, 6]), band([1, 2])])
    assert found.sizes.tolist() == [2, 2, 3]
    assert found.components(8).tolist() == [0, 1, 1, 0, 4, 1, 1, 7]
    assert together([band()]).components(3).tolist() == [0, 1, 2]


def test_a_long_chain_of_buckets_is_one_component() -> None:
    order = random.Random(0).sample(range(300), 300)
    members = np.array([one for pair in itertools.pairwise(order) for one in pair], dtype=np.int32)
    assert Buckets(members, np.full(299, 2, dtype=np.int32)).components(300).tolist() == [0] * 300
