"""Files that are whole or absent: atomic writes, and typed JSON rows, one a line.

Lines end at `\\n` alone: U+2028 and other separators inside a string are data.
"""

import errno
import glob
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import msgspec

from blackbox_kd.errors import InputError, StorageFull

T = TypeVar("T")
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def atomic(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Open a file that appears under `path` only when the block ends well.

    Written beside it, fsynced, renamed, the folder fsynced. Raises `StorageFull`; the old file stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            yield cast(BinaryIO, out)
            out.flush()
            os.fsync(out.fileno())
        beside.chmod(mode)
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        if error.errno in FULL:
            raise storage_full(path) from error
        raise
    finally:
        beside.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what killed processes left of a file that they were writing; for whoever alone may write it."""
    for scrap in path.parent.glob(f".{glob.escape(path.name)}.????????.tmp"):  # as `tempfile` names it
        scrap.unlink(missing_ok=True)


def storage_full(path: Path) -> StorageFull:
    """The error for a full disk, naming the file that did not fit."""
    return StorageFull(
        f"no room left to write {path}", "Free some space, then run the same command: what was finished is kept."
    )


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_rows(path: Path, rows: Iterable[msgspec.Struct]) -> int:
    """Write rows atomically, one a line; returns how many."""
    encoder = msgspec.json.Encoder()
    count = 0
    with atomic(path) as out:
        for row in rows:
            out.write(encoder.encode(row))
            out.write(b"\n")
            count += 1
    return count


def read_rows(path: Path, kind: type[T]) -> Iterator[T]:
    """Read one of our own files back; raises `InputError` naming file and line."""
    decoder = msgspec.json.Decoder(kind)
    for number, line in lines(path):
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path}:{number}: {error}", "Run the stage that writes it again.") from error


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered lines from 1, without line ends, blank lines and byte order mark; raises `InputError` without a file."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if stripped := text.strip(b"\r\n \t"):
                    yield number, stripped
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file", "Check the path, or run the stage that writes it.") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: this is a folder, not a file") from error


def write_json(path: Path, value: object) -> None:
    """Write one object atomically, indented, keys as given."""
    with atomic(path) as out:
        out.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def read_json(path: Path, kind: type[T]) -> T:
    """Read one object; raises `InputError` naming the file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file", "Run the stage that writes it.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from error


def digest(path: Path) -> str:
    """sha256 of a file, or of a folder's files with their names; `absent` if there is none."""
    if path.is_dir():
        whole = hashlib.sha256()
        for member in sorted(p for p in path.rglob("*") if p.is_file()):
            whole.update(f"{member.relative_to(path)}\0{digest(member)}\0".encode())
        return whole.hexdigest()
    if not path.exists():
        return "absent"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(*parts: str, length: int = 16) -> str:
    """A short name for content: hex of blake2b over the parts, `length` characters long; no two lists of parts meet."""
    hasher = hashlib.blake2b(digest_size=32)
    for part in parts:
        # FF is no byte of UTF-8: a NUL inside a part cannot be taken for the end of one
        hasher.update(part.encode("utf-8", "surrogatepass").replace(b"\0", b"\0\xff"))
        hasher.update(b"\0")
    return hasher.hexdigest()[:length]
