from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import blackbox_kd.filters.selection as module
from blackbox_kd.filters.base import InMemory, in_turn
from blackbox_kd.filters.selection import Selection, shared_out
from blackbox_kd.records import Completion

TOPICS = ("How do I bake bread?", "Who wrote Hamlet?", "What is a prime number?")


def table_of(vectors: np.ndarray) -> InMemory:
    return InMemory(({"pair": vectors.astype(np.float16)},), (len(vectors),))


def test_it_is_off_by_default() -> None:
    assert not Selection.on


def test_one_of_each_kind_stays(completion: Callable[..., Completion]) -> None:
    rows = [completion(f"{one} Well. {'Yes.' * n}", one, sample=n) for one in TOPICS for n in range(3)]
    verdicts = list(Selection(rows=3).run(rows))
    kept = [one.messages[0].content for one, verdict in zip(rows, verdicts, strict=True) if verdict.kept]
    assert sorted(kept) == sorted(TOPICS)
    assert {(one.reason, one.threshold) for one in verdicts if not one.kept} == {("not_selected", 3)}


def test_of_equals_the_best_stays(completion: Callable[..., Completion]) -> None:
    rows = [completion("Paris.", sample=n) for n in range(3)]
    assert [one.kept for one in Selection(rows=1).run(rows)] == [True, False, False]


def test_few_enough_all_stay(completion: Callable[..., Completion]) -> None:
    assert all(one.kept for one in Selection(rows=3).run([completion(sample=n) for n in range(3)]))


@settings(max_examples=30)
@given(st.integers(2, 40), st.data(), st.sampled_from([5, 4096]))
def test_exactly_so_many_of_those_alive_stay(count: int, data: st.DataObject, most: int) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    alive = rng.random(count) < 0.8
    rows = data.draw(st.integers(1, count))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "EXACT", most)
        found = Selection(rows=rows).decide(
            table_of(rng.normal(size=(count, 4))), alive, rng.permutation(count), in_turn
        )
    assert found.kept[alive].sum() == min(rows, alive.sum())
    assert found.kept[~alive].all()


@settings(max_examples=30)
@given(st.integers(2, 25), st.integers(1, 6), st.integers(0, 1000))
def test_it_is_the_greedy_choice_by_brute_force(count: int, rows: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).integers(-3, 4, size=(count, 4)).astype(np.float16)
    found = Selection(rows=rows, quality=0).decide(table_of(vectors), np.ones(count, bool), np.arange(count), in_turn)
    covers = np.maximum(vectors.astype(np.float64) @ vectors.T.astype(np.float64), 0)
    chosen: list[int] = []
    while len(chosen) < min(rows, count):
        left = [place for place in range(count) if place not in chosen]
        chosen.append(max(left, key=lambda place: (covers[[*chosen, place]].max(axis=0).sum(), -place)))
    assert np.flatnonzero(found.kept).tolist() == sorted(chosen)


def test_quality_decides_between_what_is_nearly_alike() -> None:
    vectors = np.array([[1, 0.2, 0], [1, 0, 0], [1, 0, 0.2]])  # the one in the middle covers best
    for quality, best in ((0.0, 1), (1.0, 0)):
        rule = Selection(rows=1, quality=quality)
        found = rule.decide(
            table_of(vectors / np.linalg.norm(vectors, axis=1)[:, None]), np.ones(3, bool), np.arange(3), in_turn
        )
        assert np.flatnonzero(found.kept).tolist() == [best]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.data())
def test_rows_are_shared_out_by_size(sizes: list[int], data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, sum(sizes)))
    counts = shared_out(rows, sizes)
    assert sum(counts) == rows
    assert all(
        abs(count - rows * size / sum(sizes)) < 1 and count <= size for count, size in zip(counts, sizes, strict=True)
    )
