import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.shingles import Shingles
from blackbox_kd.stages.splitting.overlapping import blocks, frequent, runs, shared

SETS = st.lists(st.sets(st.integers(0, 12), max_size=9), max_size=12)


def arrays(sets: list[set[int]]) -> list[Shingles]:
    """Sets as the package has them."""
    return [np.array(sorted(one), dtype=np.uint64) for one in sets]


@settings(max_examples=60)
@given(SETS, SETS, st.sets(st.integers(0, 12)), st.sampled_from([1, 3, 1 << 21]), st.sampled_from([1, 5, 2048]))
def test_every_pair_is_counted_once_and_exactly_whatever_the_size_of_a_block(
    one: list[set[int]], other: list[set[int]], template: set[int], cells: int, width: int
) -> None:
    seen = {}
    for block in blocks(arrays(one), arrays(other), arrays([template])[0], cells, width):
        for (a, b), whole in np.ndenumerate(block.whole):
            place = a + block.row, b + block.column
            assert place not in seen
            seen[place] = int(whole), int(block.rare[a, b])
    assert seen == {
        (a, b): (len(one[a] & other[b]), len(one[a] & other[b] - template))
        for a, b in itertools.product(range(len(one)), range(len(other)))
    }


@given(st.integers(1, 5))
def test_what_many_share_is_multiplied_out_to_the_same_numbers_in_any_width(most: int) -> None:
    rng = np.random.default_rng(most)
    sets = [set(rng.choice(40, 20, replace=False).tolist()) | {n + 100} for n in range(30)]
    one, other = arrays(sets[:20]), arrays(sets[20:])
    owners = [np.repeat(np.arange(len(side)), [len(values) for values in side]) for side in (one, other)]
    table = shared(np.concatenate(one), owners[0], np.concatenate(other), owners[1], (20, 10), most)
    assert table.tolist() == [[len(a & b) for b in sets[20:]] for a in sets[:20]]


def test_a_shingle_is_of_the_template_above_one_percent_and_above_ten() -> None:
    few = arrays([{1} if n < 11 else {2} if n < 21 else {n + 9} for n in range(100)])
    assert frequent(few).tolist() == [1]
    many = arrays([{1} if n < 20 else {2} if n < 41 else {n + 9} for n in range(2000)])
    assert frequent(many).tolist() == [2]


def test_a_run_ends_at_so_many_sets_or_shingles_and_a_larger_set_stands_alone() -> None:
    sets = arrays([{1}, {1}, {1}, set(range(9)), {1}, {1, 2}, {1, 2, 3}])
    assert [(start, len(part)) for start, part in runs(sets, 2, 4)] == [(0, 2), (2, 1), (3, 1), (4, 2), (6, 1)]
