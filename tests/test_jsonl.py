import errno
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import atomic, digest, lines, read_json, read_rows, text_digest, write_json, write_rows
from blackbox_kd.records import Json, Message, Prompt

# Any text that UTF-8 can hold, with more than their share of the separators that are data here.
TEXT = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\u2028\u2029\x85\x0b\x0c\0\r\n\ufeff"))
)
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
PROMPTS = st.builds(
    Prompt,
    id=TEXT,
    messages=st.lists(st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), content=TEXT)).map(
        tuple
    ),
    split=st.sampled_from(["train", "held_out"]),
    family=TEXT,
    reference=st.none() | TEXT,
    weight=st.floats(0.1, 9),
    meta=st.dictionaries(TEXT, JSON, max_size=3),
)
HI = Message(role="user", content="hi")


@settings(max_examples=40)
@given(rows=st.lists(PROMPTS, max_size=4))
def test_rows_read_back_are_the_rows_written(rows: list[Prompt], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("rows") / "prompts.jsonl"
    assert write_rows(path, rows) == len(rows)
    assert list(read_rows(path, Prompt)) == rows


def test_a_line_separator_inside_a_string_ends_no_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, [Message(role="user", content="one\u2028two\x85three")])
    assert path.read_bytes().count(b"\n") == 1
    assert len(list(lines(path))) == 1


def test_numbers_of_lines_count_blank_ones_and_the_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbffirst\r\n\r\n  \t\nfourth")
    assert list(lines(path)) == [(1, b"first"), (4, b"fourth")]


@pytest.mark.parametrize(
    "bad", [b'{"role": "user"', b'{"role": "robot", "content": ""}', b'{"role": "user", "content": "\xff"}', b"[]"]
)
def test_a_damaged_row_is_named_by_file_and_line(bad: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(msgspec.json.encode(HI) + b"\n" + bad + b"\n")
    with pytest.raises(InputError, match=r"rows\.jsonl:2: "):
        list(read_rows(path, Message))


def test_a_row_with_an_unknown_field_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"role": "user", "content": "hi", "name": "x"}\n')
    with pytest.raises(InputError, match="unknown field `name`"):
        list(read_rows(path, Message))


def test_an_absent_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(lines(tmp_path / "none.jsonl"))
    with pytest.raises(InputError, match="folder"):
        list(lines(tmp_path))


def test_an_error_while_writing_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("old")
    with pytest.raises(KeyError), atomic(path) as out:
        out.write(b"new")
        raise KeyError
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("rows.jsonl", "old")]


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("old")
    with atomic(path) as out:
        out.write(b"new")
        out.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_only_the_owner_may_read_what_is_written(tmp_path: Path) -> None:
    write_json(tmp_path / "one.json", {"a": 1})
    assert (tmp_path / "one.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT"])
def test_a_full_disk_has_the_exit_code_for_it(name: str, tmp_path: Path) -> None:
    from blackbox_kd.errors import StorageFull

    def fill(out: BinaryIO) -> None:
        out.write(b"new")
        raise OSError(getattr(errno, name), "no room")

    with pytest.raises(StorageFull, match=r"rows\.jsonl") as caught, atomic(tmp_path / "rows.jsonl") as out:
        fill(out)
    assert caught.value.exit_code == 74


def test_other_system_errors_pass_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="bad sector"), atomic(tmp_path / "rows.jsonl"):
        raise OSError(errno.EIO, "bad sector")


FILL = """
import resource, sys
from pathlib import Path
from blackbox_kd.errors import StorageFull
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Message
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_rows(Path(sys.argv[1]), (Message(role="user", content="x" * 1000) for _ in range(100)))
except StorageFull as error:
    sys.exit(error.exit_code)
"""


def test_a_file_that_does_not_fit_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("old")
    assert subprocess.run([sys.executable, "-c", FILL, path], timeout=60, check=False).returncode == 74
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("rows.jsonl", "old")]


@settings(max_examples=40)
@given(value=st.dictionaries(TEXT, JSON, max_size=4))
def test_an_object_read_back_is_the_object_written(
    value: dict[str, Json], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("json") / "one.json"
    write_json(path, value)
    assert read_json(path, dict[str, Json]) == value


def test_a_damaged_object_is_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text('{"role": ')
    with pytest.raises(InputError, match=r"one\.json"):
        read_json(tmp_path / "one.json", Message)


def test_a_folder_changes_its_digest_with_content_and_with_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = digest(tmp_path)
    (tmp_path / "a").write_text("2")
    second = digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, second, digest(tmp_path)}) == 3


def test_an_absent_file_has_a_digest_of_its_own(tmp_path: Path) -> None:
    assert digest(tmp_path / "none") == "absent"


@given(one=st.lists(st.text(max_size=4), max_size=4), other=st.lists(st.text(max_size=4), max_size=4))
def test_equal_digests_mean_equal_parts(one: list[str], other: list[str]) -> None:
    assert (text_digest(*one) == text_digest(*other)) == (one == other)


def test_a_nul_in_a_part_is_no_end_of_a_part() -> None:
    assert text_digest("a\0b") != text_digest("a", "b")
