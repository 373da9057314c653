"""Reads rows out of a damaged SQLite file, page by page, without its tables, trees or indexes.

Layout: SQLite's file format, sections 1.5 (pages), 1.6 (cells, overflow), 2.1 (records) and 4 (write-ahead log). A page
that cannot be read costs the rows on it and no others.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from blackbox_kd.teachers.ledger.mark import salt
from blackbox_kd.teachers.ledger.owners import beside

Value = None | int | float | str | bytes
LEAF = 0x0D  # a leaf of a table's tree
PAGE = 4096  # where the header does not tell
MOST_COLUMNS = 64
SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)  # bytes of a value by its serial type
FRAME = 24  # bytes before each page in the log


class Record(NamedTuple):
    """One row: its rowid and its values in the order of the columns; `values` is None where a part is missing."""

    rowid: int
    values: tuple[Value, ...] | None


class Pages:
    """The pages of a database: of its file, or newer ones of its write-ahead log."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb") if path.exists() else None
        log = beside(path, "-wal")
        self._log = log.open("rb") if log.exists() else None
        head = self._at(0, 100)
        log_head = os.pread(self._log.fileno(), 32, 0) if self._log else b""
        self.size = size_of(head, log_head)
        self.usable = self.size - (head[20] if len(head) == 100 and head.startswith(b"SQLite") else 0)
        self._newer = logged(self._log, log_head, self.size) if self._log else {}
        file_pages = path.stat().st_size // self.size if path.exists() else 0
        self.count = max([file_pages, *self._newer])

    def _at(self, offset: int, length: int) -> bytes:
        if self._file is None:
            return b""
        return os.pread(self._file.fileno(), length, offset)

    def page(self, number: int) -> bytes:
        """A page by its number, from 1; empty where there is none."""
        if (offset := self._newer.get(number)) is not None and self._log:
            return os.pread(self._log.fileno(), self.size, offset)
        found = self._at((number - 1) * self.size, self.size)
        return found if len(found) == self.size else b""

    def close(self) -> None:
        """Close the files."""
        for file in (self._file, self._log):
            if file is not None:
                file.close()


def size_of(head: bytes, log_head: bytes) -> int:
    """The size of a page: the file's, else the log's, else SQLite's usual one."""
    for found in (
        struct.unpack_from(">H", head, 16)[0] if len(head) >= 18 else 0,
        struct.unpack_from(">I", log_head, 8)[0] if salt(log_head) is not None else 0,
    ):
        size = 65536 if found == 1 else int(found)
        if 512 <= size <= 65536 and size & (size - 1) == 0:
            return size
    return PAGE


def logged(log: BinaryIO, head: bytes, size: int) -> dict[int, int]:
    """Page -> where the log holds its newest committed version."""
    found: dict[int, int] = {}
    pending: dict[int, int] = {}
    if salt(head) is None:
        return found
    offset = 32
    while len(frame := os.pread(log.fileno(), FRAME, offset)) == FRAME and frame[8:16] == head[16:24]:
        number, commit = struct.unpack_from(">II", frame)
        pending[number] = offset + FRAME
        if commit:
            found.update(pending)
            pending.clear()
        offset += FRAME + size
    return found


def carve(path: Path) -> Iterator[Record]:
    """Every row of every table that can be made out, in no order; a row may come in an older version too."""
    pages = Pages(path)
    try:
        for number in range(1, pages.count + 1):
            yield from cells(pages, number)
    finally:
        pages.close()


def cells(pages: Pages, number: int) -> Iterator[Record]:
    """The rows whose cells are on one page."""
    page, start = pages.page(number), 100 if number == 1 else 0
    if len(page) < start + 8 or page[start] != LEAF:
        return
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    for index in range(min(count, pages.size // 4)):
        at = int.from_bytes(page[start + 8 + 2 * index : start + 10 + 2 * index], "big")
        if start + 8 <= at < pages.usable and (record := cell(pages, page, at)) is not None:
            yield record


def cell(pages: Pages, page: bytes, at: int) -> Record | None:
    """The row of a cell; None where no cell can be."""
    length, at = varint(page, at)
    rowid, at = varint(page, at)
    if not 0 < length <= pages.count * pages.size:
        return None
    most = pages.usable - 35
    local = length
    if length > most:
        least = (pages.usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (pages.usable - 4)
        local = least if local > most else local
    payload = page[at : at + local]
    if length > local:
        payload += overflow(pages, int.from_bytes(page[at + local : at + local + 4], "big"), length - local)
    return Record(rowid, values(payload) if len(payload) == length else None)


def overflow(pages: Pages, number: int, length: int) -> bytes:
    """What a chain of overflow pages holds, up to so many bytes; less where the chain is broken."""
    parts: list[bytes] = []
    room = pages.usable - 4
    while length > 0 and 0 < number <= pages.count:
        page = pages.page(number)
        if not page:
            break
        parts.append(page[4 : 4 + min(room, length)])
        length -= len(parts[-1])
        number = int.from_bytes(page[:4], "big")
    return b"".join(parts)


def values(payload: bytes) -> tuple[Value, ...] | None:
    """The values of a record; None where it is not one."""
    end, at = varint(payload, 0)
    kinds: list[int] = []
    while at < end <= len(payload) and len(kinds) < MOST_COLUMNS:
        kind, at = varint(payload, at)
        kinds.append(kind)
    if at != end or not kinds:
        return None
    found: list[Value] = []
    for kind in kinds:
        size = SIZES[kind] if kind < 10 else (kind - 12) // 2
        if size < 0 or kind in (10, 11) or at + size > len(payload):
            return None
        found.append(value(kind, payload[at : at + size]))
        at += size
    return tuple(found)


def value(kind: int, raw: bytes) -> Value:
    """One value by its serial type."""
    if kind == 0:
        return None
    if kind in (8, 9):
        return kind - 8
    if kind == 7:
        return float(struct.unpack(">d", raw)[0])
    if kind < 7:
        return int.from_bytes(raw, "big", signed=True)
    return raw if kind % 2 == 0 else raw.decode("utf-8", "replace")


def varint(data: bytes, at: int) -> tuple[int, int]:
    """SQLite's variable-length integer at a place, and the place after it; 0 past the end."""
    number = 0
    for index in range(9):
        if at >= len(data):
            return 0, at
        byte = data[at]
        at += 1
        if index == 8:
            return number << 8 | byte, at
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return number, at
