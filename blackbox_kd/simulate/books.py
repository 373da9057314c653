"""The server's own books: one line for every billed reply, written before the reply is sent."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from blackbox_kd.jsonl import read_rows
from blackbox_kd.records import Record


class BookEntry(Record, frozen=True, kw_only=True):
    """One billed reply; `request` is the hash of the request's body, `count` its how many-th reply this is."""

    request: str
    response_id: str
    path: str
    kind: str  # ok, wrong, refused, truncated, rambling, leaking, duplicated or no_oracle
    prompt_tokens: int  # all of them, cached ones included
    completion_tokens: int  # all of them, reasoning included
    count: int
    cached_tokens: int = 0
    cache_write_tokens: int = 0


class Books:
    """The open books; without a path they only count. Books of an earlier server are continued."""

    def __init__(self, path: Path | None) -> None:
        self._billed: Counter[str] = Counter()
        self._file: int | None = None
        if path is None:
            return
        if path.exists():
            self._billed.update(entry.request for entry in read_books(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def bill(
        self,
        request: str,
        path: str,
        kind: str,
        prompt_tokens: int,
        completion_tokens: int,
        cached_tokens: int = 0,
        cache_write_tokens: int = 0,
    ) -> BookEntry:
        """Write one reply down and name it; the response id is `sim-<request>-<count>`."""
        self._billed[request] += 1
        count = self._billed[request]
        entry = BookEntry(
            request=request,
            response_id=f"sim-{request[:12]}-{count}",
            path=path,
            kind=kind,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            count=count,
            cached_tokens=cached_tokens,
            cache_write_tokens=cache_write_tokens,
        )
        if self._file is not None:
            os.write(self._file, msgspec.json.encode(entry) + b"\n")  # one write: a killed server leaves no half line
        return entry

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read_books(path: Path) -> Iterator[BookEntry]:
    """Read the books back in the order of billing; raises `InputError` naming file and line."""
    return read_rows(path, BookEntry)
