import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blackbox_kd.repeats import Stretch, alike, alike_before, endings, stretches

LETTERS = st.text(st.characters(categories=["L"]), min_size=1, max_size=40)
FEW = st.text("ab", max_size=40)


def periodic(text: str, stretch: Stretch) -> bool:
    """Whether it is what it says, and no longer one holds it."""
    start, end, period = stretch

    def same(first: int, last: int) -> bool:
        return all(text[at] == text[at + period] for at in range(first, last - period))

    return (
        same(start, end)
        and (start == 0 or not same(start - 1, end))
        and (end == len(text) or not same(start, end + 1))
        and stretch.copies >= 2
    )


@given(st.text("abc", max_size=200) | st.lists(st.sampled_from(["ab", "abcd " * 8, "x", "yz" * 30])).map("".join))
def test_a_stretch_has_its_period_from_end_to_end(text: str) -> None:
    assert all(periodic(text, one) for one in stretches(text))
    assert all(periodic(text, one) and one.end == len(text) for one in endings(text))


@given(LETTERS, st.integers(3, 9), st.text("xyz .", max_size=100), st.text("uvw .", max_size=100))
def test_a_block_said_often_enough_is_found_wherever_it_stands(block: str, times: int, before: str, after: str) -> None:
    times += 60 // len(block)
    found = max((one.again for one in stretches(before + block * times + after)), default=0)
    assert found >= len(block) * (times - 1)


@given(FEW, st.integers(1, 6))
@example("a" * 40, 1)
@example("abaababaababa" * 3, 2)
def test_no_ending_is_missed_but_of_blocks_made_of_shorter_ones(text: str, probe: int) -> None:
    def reach(period: int) -> int:
        back = text[::-1]
        return period + next(
            (at for at in range(len(text) - period) if back[at] != back[at + period]), len(text) - period
        )

    wanted = {p for p in range(1, len(text)) if reach(p) >= 2 * p and reach(p) - p >= probe}
    found = {one.period for one in endings(text, probe)}
    assert found <= wanted
    assert all(any(p % q == 0 and reach(q) >= reach(p) for q in found) for p in wanted)


@given(FEW, FEW, st.integers(0, 40), st.integers(0, 40))
def test_what_two_places_share_is_counted(one: str, other: str, at: int, place: int) -> None:
    pairs = zip(one[at:], other[place:], strict=False)
    assert alike(one, at, other, place) == next(
        (n for n, (a, b) in enumerate(pairs) if a != b), min(len(one[at:]), len(other[place:]))
    )


@given(FEW, st.data())
def test_what_stands_alike_before_two_places_is_counted(text: str, data: st.DataObject) -> None:
    one = data.draw(st.integers(0, len(text)))
    other = data.draw(st.integers(one, len(text)))
    pairs = zip(text[:one][::-1], text[:other][::-1], strict=False)
    assert alike_before(text, one, other) == next((n for n, (a, b) in enumerate(pairs) if a != b), one)


@pytest.mark.parametrize(
    "text", ["a" * 10**6, "ab" * 10**6, "aab" * 10**5 + "b" * 10**5, "a" * 10**6 + "b", "[{" * 10**6]
)
def test_long_texts_are_quick(text: str) -> None:
    began = time.process_time()
    assert [*stretches(text)] or [*endings(text)]
    assert time.process_time() - began < 3
