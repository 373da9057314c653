"""Request files of batches while they grow, on disk."""

import contextlib
from array import array
from collections.abc import Container, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from blackbox_kd.jsonl import FULL, storage_full
from blackbox_kd.teachers.batches import MOST, PREFIX, custom_id, entry
from blackbox_kd.teachers.request import WIRES
from blackbox_kd.teachers.target import Api

CHUNK = 64 * 1024
NAMED = len(b'{"custom_id":"')


class Spool:
    """The request file of one batch while it grows, on disk without a name: a killed process leaves nothing behind.

    Writing raises `StorageFull`.
    """

    def __init__(self, wire: Api, folder: Path) -> None:
        self.file = unnamed(folder)
        self.size = 0
        self.uploaded = ""  # the file's id at OpenAI
        self._wire = wire
        self._path = WIRES[wire].path
        self._folder = folder
        self._at = array("Q")  # where each row's custom_id begins
        self._end = 0  # of the last row
        self._between, self._after = (b",", b"") if wire == "anthropic" else (b"", b"\n")
        self._write(b'{"requests":[' if wire == "anthropic" else b"")

    @property
    def rows(self) -> int:
        """Rows so far."""
        return len(self._at)

    def add(self, key: str, body: bytes, most_rows: int) -> bool:
        """Write a row down, or return False where it is one too many; its fingerprint comes with `seal`."""
        most = MOST[self._wire]
        line = entry(self._wire, self._path, custom_id("0" * PREFIX, key), body) + self._after
        full = self.rows >= min(most.rows, most_rows) or self.size + len(line) > most.size
        if self.rows and full:
            return False
        self._row(line)
        return True

    def _row(self, line: bytes) -> None:
        self._write(self._between if self.rows else b"")
        self._at.append(self.size + NAMED)
        self._write(line)
        self._end = self.size

    def _write(self, data: bytes) -> None:
        with room(self._folder):
            self.file.write(data)
        self.size += len(data)

    def seal(self, name: str) -> None:
        """End the file, and write the fingerprint into every `custom_id`."""
        self._write(b"]}" if self._wire == "anthropic" else b"")
        with room(self._folder):
            for place in self._at:
                self.file.seek(place)
                self.file.write(name[:PREFIX].encode())
            self.file.flush()

    def without(self, places: Container[int]) -> "Spool":
        """Another file, not sealed, of the rows but those at these places, from 0."""
        kept = Spool(self._wire, self._folder)
        starts = [at - NAMED for at in self._at]
        ends = [*(start - len(self._between) for start in starts[1:]), self._end]
        for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
            if place not in places:
                self.file.seek(start)
                kept._row(self.file.read(end - start))
        return kept

    def chunks(self) -> Iterator[bytes]:
        """The whole file."""
        self.file.seek(0)
        while chunk := self.file.read(CHUNK):
            yield chunk

    def close(self) -> None:
        """Free the disk."""
        self.file.close()


def unnamed(folder: Path) -> BinaryIO:
    """A file without a name: it is gone when it is closed, or its process dies."""
    return cast(BinaryIO, TemporaryFile(dir=folder))


@contextlib.contextmanager
def room(folder: Path) -> Iterator[None]:
    """While the block writes, a full disk raises `StorageFull`."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise storage_full(folder) from error
        raise
