"""The user's own rows: JSONL, text (one prompt a line), CSV and Parquet."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import lines
from blackbox_kd.records import Json, Message
from blackbox_kd.strategies.base import Draft, asked

OWN = ("id", "family", "slice")
KNOWN = {"prompt", "messages", "reference", "weight", "split", *OWN}
Row = Mapping[str, Any]


def expand(patterns: tuple[str, ...], root: Path, key: str = "prompts.files") -> list[Path]:
    """The files that the patterns of a setting name, sorted, each once; raises `InputError` for one that names none."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = root / pattern
        anchor = Path(pattern).anchor  # of an absolute pattern; `root` itself is no pattern, whatever is in its name
        matches = [path] if path.exists() else sorted((Path(anchor) if anchor else root).glob(pattern[len(anchor) :]))
        if not matches:
            raise InputError(f"{key}: {pattern}: no such file below {root}", "Paths start at bbkd.toml.")
        found.update(dict.fromkeys(matches))
    return list(found)


def drafts(path: Path) -> Iterator[Draft]:
    """One draft a row; raises `InputError` naming file and line."""
    for where, row in rows(path):
        yield draft(row, where, path.name)


def rows(path: Path) -> Iterator[tuple[str, Row]]:
    """(file:line, row) of any of the four kinds of file; raises `InputError`."""
    kind = path.suffix.lower()
    if kind in (".jsonl", ".ndjson"):
        yield from json_rows(path)
    elif kind == ".txt":
        for number, line in lines(path):
            yield f"{path}:{number}", {"prompt": text_of(line, f"{path}:{number}")}
    elif kind == ".csv":
        yield from csv_rows(path)
    elif kind == ".parquet":
        yield from parquet_rows(path)
    else:
        raise InputError(f"{path}: unknown kind of file `{kind}`", "Prompts come as .jsonl, .txt, .csv or .parquet.")


def json_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """One JSON object a line."""
    for number, line in lines(path):
        where = f"{path}:{number}"
        try:
            row = json.loads(text_of(line, where))
        except json.JSONDecodeError as error:
            message = f"{where}: not valid JSON: {error.msg} (column {error.colno})"
            raise InputError(message, "Each line is one JSON object.") from None
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}: not valid JSON: {error}", "Each line is one JSON object.") from None
        if not isinstance(row, dict):
            raise InputError(f"{where}: a JSON {type(row).__name__}, not an object", 'Write {"prompt": "..."}.')
        yield where, row


def text_of(line: bytes, where: str) -> str:
    """A line as text; raises `InputError` if it is not UTF-8."""
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8: {error.reason} at byte {error.start}", "Save it as UTF-8.") from None


def csv_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """A header line, then a row a prompt; an empty cell is an absent one."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", "Check the path.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8: {error.reason} at byte {error.start}", "Save it as UTF-8.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    names = reader.fieldnames or []
    if "prompt" not in names and not {"id", "completion"} <= {*names}:  # a log may name its prompts by id
        header = ", ".join(names)
        fix = f"The header has: {header}. Conversations (`messages`) come as JSONL or Parquet."
        raise InputError(f"{path}:1: no column `prompt`", fix)
    try:
        for row in reader:
            if None in row:
                raise ValueError("more cells than the header has columns: a cell with a comma needs quotes")
            cells = {name: cell for name, cell in row.items() if name and (cell or name in ("prompt", "completion"))}
            if "weight" in cells:
                cells["weight"] = json.loads(cells["weight"])
            yield f"{path}:{reader.line_num}", cells
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num + 1}: {error}", "Check the quotes from this line on.") from None
    except ValueError as error:
        raise InputError(f"{path}:{reader.line_num}: {error}", "Check quotes and the weight on this line.") from None


def parquet_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """A row a prompt; read in batches."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: not a Parquet file: {error}", "") from None
    number = 0
    for batch in batches(file, path):
        for row in batch.to_pylist():
            number += 1
            yield f"{path}:row {number}", {name: cell for name, cell in row.items() if cell is not None}


def batches(file: Any, path: Path) -> Iterator[Any]:
    """The batches of a Parquet file; raises `InputError` where one is damaged."""
    import pyarrow

    try:
        yield from file.iter_batches()
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: damaged: {error}", "Fetch or write the file again.") from None


def draft(row: Row, where: str, source: str) -> Draft:
    """A row checked and typed; columns that are not ours go to `meta`. Raises `InputError`."""
    weight = row.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < float("inf"):
        raise InputError(f"{where}: weight must be a number above 0, not {weight!r}", "")
    split = row.get("split")
    if split not in (None, "train", "held_out"):
        raise InputError(f"{where}: split must be train or held_out, not {split!r}", "Leave it out to have it chosen.")
    own = {name: plain(row[name]) for name in OWN if row.get(name) not in (None, "")}
    reference = row.get("reference")
    made = Draft(
        messages=turns(row, where),
        where=where,
        id=own.get("id"),
        family=own.get("family"),
        slice=own.get("slice"),
        reference=None if reference is None else plain(reference),
        split=split,
        weight=float(weight),
        source=source,
        meta={name: jsonable(value) for name, value in row.items() if name not in KNOWN},
    )
    try:
        msgspec.json.encode(made)
    except UnicodeEncodeError as error:
        lone = f"half of a surrogate pair, {error.object[error.start]!r}"
        raise InputError(f"{where}: {lone}", "Write the whole character, or U+FFFD in its place.") from None
    return made


def turns(row: Row, where: str) -> tuple[Message, ...]:
    """The row's messages, ending with the user's; raises `InputError` if there is nothing to answer."""
    fix = 'A row has "prompt": "..." or "messages": [{"role": "user", "content": "..."}].'
    if ("prompt" in row) == ("messages" in row):
        raise InputError(f"{where}: exactly one of `prompt` and `messages` is needed", fix)
    if "prompt" in row:
        if not isinstance(row["prompt"], str):
            raise InputError(f"{where}: prompt must be text, not {type(row['prompt']).__name__}", fix)
        messages = asked(row["prompt"])
    else:
        try:
            messages = msgspec.convert(row["messages"], tuple[Message, ...])
        except msgspec.ValidationError as error:
            raise InputError(f"{where}: messages: {error}", fix) from None
    if not messages or messages[-1].role != "user":
        raise InputError(f"{where}: the last message must be the user's: it is what the teacher answers", fix)
    if not messages[-1].content.strip():
        raise InputError(f"{where}: the prompt is empty", "Remove the row, or write what should be asked.")
    return messages


def plain(value: object) -> str:
    """A value as text: strings as they are, others as JSON."""
    return value if isinstance(value, str) else json.dumps(jsonable(value), ensure_ascii=False, sort_keys=True)


def jsonable(value: object) -> Json:
    """A column's value as JSON; what JSON has no form for becomes text."""
    result: Json = msgspec.to_builtins(value, enc_hook=str)
    return result
