"""docs/reliability.md: each row of the fault matrix has a line, and names tests that exist and carry its number."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROWS = range(1, 65)
LINE = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$", re.MULTILINE)
LINES = LINE.findall((ROOT / "docs" / "reliability.md").read_text())
NAMED = {int(row): re.findall(r"`(\w+)`", tests) for row, _, _, tests in LINES}
TESTS = {
    node.name
    for path in (ROOT / "tests").rglob("test_*.py")
    for node in ast.walk(ast.parse(path.read_bytes()))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
}


def carries(name: str, row: int) -> bool:
    """Whether a test's name has the number of a row."""
    return re.search(rf"row_{row}(?!\d)", name) is not None


def test_each_row_has_one_line() -> None:
    assert [int(row) for row, *_ in LINES] == list(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_shown_by_tests_that_exist(row: int) -> None:
    assert NAMED[row], f"row {row}: there is " + (", ".join(name for name in TESTS if carries(name, row)) or "no test")
    assert [name for name in NAMED[row] if name not in TESTS] == []
    assert any(carries(name, row) for name in NAMED[row])


def test_the_number_of_a_row_is_not_the_beginning_of_another() -> None:
    assert carries("test_row_5_what_happens", 5)
    assert not carries("test_row_51_what_happens", 5)
