import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import InputError
from blackbox_kd.stages.scoring.cells import STARTS, neutral, original, read_sheet, write_sheet

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''=1")
TEXTS = st.text(st.characters(codec="utf-8")) | st.sampled_from(FORMULAS) | st.just("'tis")


@given(TEXTS)
def test_no_cell_begins_as_a_formula_and_every_one_is_read_back(text: str) -> None:
    assert not neutral(text).startswith(STARTS)
    assert original(neutral(text)) == text


@given(TEXTS)
def test_what_people_write_stands_unless_it_is_a_formula_made_harmless(text: str) -> None:
    if not text.startswith("'"):
        assert original(text) == text
    assert original("'tis") == "'tis"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_a_sheet_is_read_as_it_was_written(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    path = tmp_path / "sheet.csv"
    write_sheet(path, ("a", "b"), rows)
    assert [(row["a"], row["b"]) for _, row in read_sheet(path)] == rows


def test_the_first_line_of_a_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    write_sheet(path, ("a",), [("one\ntwo",), ("three",)])
    assert [where for where, _ in read_sheet(path)] == [f"{path}:2", f"{path}:4"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_spreadsheets_own_separator_is_known(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(f"id{separator}verdict\nx{separator}keep\n")
    assert [row for _, row in read_sheet(path)] == [{"id": "x", "verdict": "keep"}]


def test_a_long_cell_is_read_and_the_limit_of_others_stands(tmp_path: Path) -> None:
    path, before = tmp_path / "sheet.csv", csv.field_size_limit()
    write_sheet(path, ("a",), [("x" * 200_000,)])
    assert [len(row["a"]) for _, row in read_sheet(path)] == [200_000]
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\nx,y\n", r":2: more cells"),
        (b'a\n"x\n', r":2: unexpected end of data"),
        (b"a\n\xe4\n", r"not UTF-8: invalid continuation byte at byte 2|not UTF-8"),
    ],
)
def test_what_is_no_sheet_is_named_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_sheet(path))


def test_a_sheet_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.csv: cannot be read"):
        list(read_sheet(tmp_path / "gone.csv"))
