import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.errors import InputError
from blackbox_kd.records import Message
from blackbox_kd.strategies.files import drafts, expand

ROW = {"prompt": "Is it?", "id": "a", "family": "f", "slice": "s", "reference": "Yes.", "weight": 2, "split": "train"}


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(folder: Path, name: str, content: str | bytes) -> str:
    """The message with which a file is refused."""
    with pytest.raises(InputError) as caught:
        list(drafts(write(folder, name, content)))
    return caught.value.message


def parquet(folder: Path, rows: list[dict[str, object]]) -> Path:
    """A Parquet file of these rows."""
    path = folder / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def test_a_row_keeps_its_own_fields_and_the_other_columns_go_to_meta(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", json.dumps({**ROW, "topic": "x", "n": [1, {"a": None}]}))
    (draft,) = drafts(path)
    assert (draft.id, draft.family, draft.slice, draft.reference) == ("a", "f", "s", "Yes.")
    assert (draft.weight, draft.split, draft.source) == (2.0, "train", "rows.jsonl")
    assert draft.messages == (Message(role="user", content="Is it?"),)
    assert draft.meta == {"topic": "x", "n": [1, {"a": None}]}


def test_what_a_row_does_not_say_stays_open(tmp_path: Path) -> None:
    (draft,) = drafts(write(tmp_path, "rows.jsonl", '{"prompt": "Is it?", "reference": null, "id": ""}'))
    assert (draft.id, draft.family, draft.slice, draft.reference, draft.split) == (None, None, None, None, None)


def test_a_conversation_keeps_its_turns(tmp_path: Path) -> None:
    turns = [{"role": role, "content": role} for role in ("system", "user", "assistant", "user")]
    (draft,) = drafts(write(tmp_path, "rows.jsonl", json.dumps({"messages": turns})))
    assert [message.role for message in draft.messages] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize(("reference", "text"), [("x", "x"), (3, "3"), ({"b": 1, "a": "ü"}, '{"a": "ü", "b": 1}')])
def test_a_reference_that_is_no_text_becomes_json(reference: object, text: str, tmp_path: Path) -> None:
    (draft,) = drafts(write(tmp_path, "rows.jsonl", json.dumps({"prompt": "p", "reference": reference})))
    assert draft.reference == text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.jsonl", b'\xef\xbb\xbf{"prompt": "one"}\r\n\r\n{"prompt": "two"}\r\n'),
        ("rows.ndjson", b'{"prompt": "one"}\n{"prompt": "two"}'),
        ("rows.txt", b"\xef\xbb\xbfone\r\n\r\ntwo\r\n"),
        ("rows.csv", b"\xef\xbb\xbfprompt\r\none\r\n\r\ntwo\r\n"),
        ("ROWS.CSV", b"prompt\none\ntwo\n"),
    ],
)
def test_byte_order_marks_blank_lines_and_windows_line_ends_are_no_content(
    name: str, content: bytes, tmp_path: Path
) -> None:
    assert [draft.messages[0].content for draft in drafts(write(tmp_path, name, content))] == ["one", "two"]


def test_a_csv_cell_may_hold_commas_quotes_and_lines(tmp_path: Path) -> None:
    text = 'id,prompt,weight,topic\n7,"Say ""hi"",\nthen stop.",0.5,\n'
    (draft,) = drafts(write(tmp_path, "rows.csv", text))
    assert (draft.id, draft.messages[0].content, draft.weight) == ("7", 'Say "hi",\nthen stop.', 0.5)
    assert draft.meta == {}


def test_a_damaged_page_of_a_parquet_file_is_named(tmp_path: Path) -> None:
    path = parquet(tmp_path, [{"prompt": f"{number} " * 50} for number in range(2000)])
    data = bytearray(path.read_bytes())
    data[100:4000] = bytes(3900)
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        list(drafts(path))


def test_parquet_rows_are_rows(tmp_path: Path) -> None:
    path = parquet(tmp_path, [{"prompt": "one", "id": 1, "when": None}, {"prompt": "two", "id": 2, "when": b"x"}])
    one, two = drafts(path)
    assert (one.id, one.messages[0].content, one.meta) == ("1", "one", {})
    assert (two.id, list(two.meta)) == ("2", ["when"])


def test_parquet_conversations_are_conversations(tmp_path: Path) -> None:
    (draft,) = drafts(parquet(tmp_path, [{"messages": [{"role": "user", "content": "one"}]}]))
    assert draft.messages == (Message(role="user", content="one"),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"prompt": "p"}\n{"prompt": ', "rows.jsonl:2: not valid JSON"),
        ('\n\n["p"]', "rows.jsonl:3: a JSON list, not an object"),
        (b'{"prompt": "\xff"}', "rows.jsonl:1: not UTF-8"),
        ("{}", "rows.jsonl:1: exactly one of `prompt` and `messages`"),
        ('{"prompt": "p", "messages": []}', "rows.jsonl:1: exactly one of `prompt` and `messages`"),
        ('{"promt": "p"}', "rows.jsonl:1: exactly one of `prompt` and `messages`"),
        ('{"prompt": 3}', "rows.jsonl:1: prompt must be text, not int"),
        ('{"prompt": " \\n"}', "rows.jsonl:1: the prompt is empty"),
        ('{"messages": []}', "rows.jsonl:1: the last message must be the user's"),
        ('{"messages": [{"role": "assistant", "content": "a"}]}', "rows.jsonl:1: the last message must be the user's"),
        ('{"messages": [{"role": "robot", "content": "a"}]}', "rows.jsonl:1: messages: Invalid enum value 'robot'"),
        ('{"prompt": "p", "weight": 0}', "rows.jsonl:1: weight must be a number above 0"),
        ('{"prompt": "p", "weight": true}', "rows.jsonl:1: weight must be a number above 0"),
        ('{"prompt": "p", "weight": NaN}', "rows.jsonl:1: weight must be a number above 0"),
        ('{"prompt": "p", "split": "test"}', "rows.jsonl:1: split must be train or held_out"),
        ('{"prompt": "cut \\ud83d"}', "rows.jsonl:1: half of a surrogate pair"),
        ('{"prompt": "p", "topic": ["\\udc00"]}', "rows.jsonl:1: half of a surrogate pair"),
        ("[" * 100_000, "rows.jsonl:1: not valid JSON"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_by_file_and_line(
    content: str | bytes, message: str, tmp_path: Path
) -> None:
    assert message in refused(tmp_path, "rows.jsonl", content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("question\nIs it?\n", "rows.csv:1: no column `prompt`"),
        ("", "rows.csv:1: no column `prompt`"),
        ("prompt\nHello, world\n", "rows.csv:2: more cells than the header has columns"),
        ('prompt\n"open\n', "rows.csv:2:"),
        ("prompt,weight\na,heavy\n", "rows.csv:2:"),
        ("id,prompt\n1,\n", "rows.csv:2: the prompt is empty"),
        (b"prompt\n\xff\n", "rows.csv: not UTF-8"),
    ],
)
def test_a_csv_that_cannot_be_used_is_named_by_file_and_line(
    content: str | bytes, message: str, tmp_path: Path
) -> None:
    assert message in refused(tmp_path, "rows.csv", content)


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    assert "unknown kind of file `.xlsx`" in refused(tmp_path, "rows.xlsx", "")
    assert "not a Parquet file" in refused(tmp_path, "rows.parquet", "prompt")


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(str.strip), st.integers() | st.text("ab"))
def test_any_text_is_a_prompt_just_as_it_is(tmp_path_factory: pytest.TempPathFactory, text: str, note: object) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text(json.dumps({"prompt": text, "note": note}))
    (draft,) = drafts(path)
    assert (draft.messages[0].content, draft.meta) == (text, {"note": note})


def test_patterns_give_each_file_once_and_sorted(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.txt"):
        write(tmp_path, name, "")
    found = expand(("c.txt", "*.jsonl", str(tmp_path / "a*")), tmp_path)
    assert [path.name for path in found] == ["c.txt", "a.jsonl", "b.jsonl"]


def test_brackets_in_the_name_of_the_folder_are_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "run[1]"
    folder.mkdir()
    write(folder, "a.jsonl", "")
    assert expand(("*.jsonl",), folder) == [folder / "a.jsonl"]


def test_a_pattern_that_names_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"prompts\.files: \*\.jsonl: no such file"):
        expand(("*.jsonl",), tmp_path)
