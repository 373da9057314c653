from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.errors import InputError
from blackbox_kd.records import Score
from blackbox_kd.stages.filtering.shards import Shard, rows_of, shards_of


@given(st.lists(st.binary(max_size=5).filter(lambda line: b"\n" not in line)), st.integers(1, 4), st.booleans())
def test_shards_are_the_whole_file_in_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], most: int, ended: bool
) -> None:
    path = tmp_path_factory.mktemp("shards") / "rows"
    whole = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    path.write_bytes(whole)
    parts = [whole[shard.start : shard.stop] for shard in shards_of(path, most)]
    assert b"".join(parts) == whole
    assert all(part.count(b"\n") == most and part.endswith(b"\n") for part in parts[:-1])
    assert parts[-1].count(b"\n") <= most


def test_an_empty_file_is_one_empty_shard(tmp_path: Path) -> None:
    (tmp_path / "rows").touch()
    assert shards_of(tmp_path / "rows") == (Shard(0, 0),)


def test_a_row_that_cannot_be_read_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(b'{"id":"a"}\n{"id":1}\n')
    with pytest.raises(InputError, match=r"rows:20002: "):
        list(rows_of(tmp_path / "rows", Shard(0, 20), 2, Score))
