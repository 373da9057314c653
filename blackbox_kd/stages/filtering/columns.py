"""Verdicts as columns: a row a completion, eight columns a filter, in Parquet that any tool can read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from blackbox_kd.filters import Filter
from blackbox_kd.records import Verdict

WORD = pa.dictionary(pa.int32(), pa.string())
FIELDS: dict[str, pa.DataType] = {
    "kept": pa.bool_(),  # null where the filter did not look
    "reason": WORD,
    "value": pa.float64(),
    "word": WORD,  # the value, where it is a class
    "threshold": pa.float64(),
    "span_start": pa.int32(),  # characters
    "span_end": pa.int32(),
    "duplicate_of": pa.string(),
}
RULES = b"bbkd.rules"  # in the schema's metadata: the filters with their settings, in order


def columns(rule: str, verdicts: Sequence[Verdict | None]) -> dict[str, pa.Array]:
    """One filter's verdicts; None where it did not look."""
    found = [one or NOTHING for one in verdicts]
    spans = [one.span or (None, None) for one in found]
    values: dict[str, list[Any]] = {
        "kept": [None if one is NOTHING else one.kept for one in found],
        "reason": [one.reason or None for one in found],
        "value": [None if isinstance(one.value, str) else one.value for one in found],
        "word": [one.value if isinstance(one.value, str) else None for one in found],
        "threshold": [None if isinstance(one.threshold, str) else one.threshold for one in found],
        "span_start": [start for start, _ in spans],
        "span_end": [end for _, end in spans],
        "duplicate_of": [one.duplicate_of for one in found],
    }
    return {f"{rule}.{name}": array(values[name], kind) for name, kind in FIELDS.items()}


NOTHING = Verdict(rule="", kept=True)


def array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """A column of one type."""
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind)


def verdicts_in(table: pa.Table, rules: Sequence[str]) -> list[tuple[Verdict, ...]]:
    """The verdicts of each row, of the filters that looked at it, in order."""
    found: list[list[Verdict]] = [[] for _ in range(table.num_rows)]
    for rule in rules:
        parts = {name: table.column(f"{rule}.{name}").to_pylist() for name in FIELDS}
        for index, kept in enumerate(parts["kept"]):
            if kept is not None:
                found[index].append(verdict({name: part[index] for name, part in parts.items()}, rule))
    return [tuple(one) for one in found]


def verdict(cells: dict[str, Any], rule: str) -> Verdict:
    """One filter's verdict of its cells."""
    start, end = cells["span_start"], cells["span_end"]
    return Verdict(
        rule=rule,
        kept=cells["kept"],
        reason=cells["reason"] or "",
        value=cells["value"] if cells["word"] is None else cells["word"],
        threshold=cells["threshold"],
        span=None if start is None else (start, end),
        duplicate_of=cells["duplicate_of"],
    )


def write(path: Path, table: pa.Table, rules: Sequence[Filter] = ()) -> None:
    """Write a table; the rules go into its metadata, so that it says what it was decided by."""
    named = table.replace_schema_metadata({RULES: msgspec.json.encode(list(rules))}) if rules else table
    pq.write_table(named, path, compression="zstd")


def read(path: Path, names: Sequence[str] | None = None) -> pa.Table:
    """Read a file, or some of its columns."""
    return pq.read_table(path, columns=None if names is None else list(names))


def rules_of(path: Path) -> list[Filter]:
    """The filters that decided, from a file's metadata."""
    found: list[Filter] = msgspec.json.decode(pq.read_schema(path).metadata[RULES], type=list[Filter])
    return found


def verdicts_of(folder: Path, name: str) -> tuple[Verdict, ...]:
    """The verdicts on the completion of this id; none where no file has it."""
    for path in sorted(folder.glob("*.parquet")):
        table = pq.read_table(path, filters=[("id", "=", name)])  # files whose ids lie elsewhere are not read
        if table.num_rows:
            return verdicts_in(table, [rule.name for rule in rules_of(path)])[0]
    return ()
