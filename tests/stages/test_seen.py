from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.jsonl import text_digest
from blackbox_kd.stages.seen import Seen

# 63 bits of a key count; small numbers meet in a small table, and so do those a table's size apart
numbers = st.lists(st.integers(0, 40) | st.integers(0, 2**63 - 1) | st.integers(0, 20).map(lambda n: n * 15))


def key(number: int) -> str:
    """A key whose first 63 bits are that number."""
    return f"{number << 1:016x}" + "0" * 48


@given(numbers)
def test_a_key_is_new_once_as_in_a_set(keys: list[int]) -> None:
    table, known = Seen(len(set(keys))), set[int]()
    for number in keys:
        assert table.first(key(number)) is (number not in known)
        known.add(number)


@given(st.integers(0, 300))
def test_a_table_that_is_as_full_as_it_was_made_for_finds_every_key(most: int) -> None:
    table = Seen(most)
    keys = [text_digest(str(number)) for number in range(most)]
    assert [table.first(one) for one in keys] == [True] * most
    assert [table.first(one) for one in keys] == [False] * most


def test_a_million_keys_take_eleven_bytes_each() -> None:
    table = Seen(1_000_000)
    assert len(table._table) * table._table.itemsize < 11_000_000
