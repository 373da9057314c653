"""Cells of a CSV that people open: what a spreadsheet would run as a formula gets an apostrophe (OWASP, CSV Injection).

The way back is exact.
"""

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import atomic

QUOTE = "'"
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
GUARDED = tuple(QUOTE + start for start in (*STARTS, QUOTE))


def neutral(text: str) -> str:
    """The cell that shows this text and is no formula."""
    return QUOTE + text if text.startswith((*STARTS, *GUARDED)) else text


def original(cell: str) -> str:
    """The text that such a cell shows: `original(neutral(text)) == text`."""
    return cell[1:] if cell.startswith(GUARDED) else cell


def write_sheet(path: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV that spreadsheets read as UTF-8, every cell quoted; the file is whole or as it was."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    with atomic(path) as out:
        out.write(text.getvalue().encode("utf-8-sig"))


def read_sheet(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """(file:line, cells by column) of a CSV, its separator a comma, semicolon or tab.

    Raises `InputError` for what is no such file; a cell that is not there is empty.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", "Paths start at bbkd.toml.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8: {error.reason} at byte {error.start}", "Save it as UTF-8 CSV.") from None
    separator = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    start = 1
    try:
        with any_length():
            names = next(reader, [])
            start = reader.line_num + 1
            for cells in reader:
                where, start = f"{path}:{start}", reader.line_num + 1
                if len(cells) > len(names):
                    raise InputError(f"{where}: more cells than the header has columns", "Quote cells with commas.")
                yield where, dict.fromkeys(names, "") | {k: original(v) for k, v in zip(names, cells, strict=False)}
    except csv.Error as error:
        raise InputError(f"{path}:{start}: {error}", "Check the quotes from this line on.") from None


@contextmanager
def any_length() -> Iterator[None]:
    """Let cells be longer than 131,072 characters meanwhile."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)
