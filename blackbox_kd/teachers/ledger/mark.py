"""A few bytes beside the ledger that tell how far it got, so that a lost or foreign write-ahead log is noticed.

After each commit the process writes down the number of commits, of replies, and the first salt of the log's header
(SQLite's file format, section 4.1): it goes up by one whenever the log starts over, and is random in another log.
"""

import contextlib
import os
import struct
from pathlib import Path
from typing import NamedTuple

from blackbox_kd.teachers.ledger.owners import beside

LINE = "{:020d} {:020d} {:010d}\n"
RESTARTS = 1_000_000  # of one log, at most, between two marks
MAGIC = (0x377F0682, 0x377F0683)


class Seen(NamedTuple):
    """What the mark says."""

    commits: int
    replies: int
    salt: int  # 0: there was no log


class Mark:
    """The mark of a ledger that is open for writing."""

    def __init__(self, path: Path, mode: int) -> None:
        self._log = beside(path, "-wal")
        self._handle = os.open(beside(path, ".mark"), os.O_RDWR | os.O_CREAT, mode)
        with contextlib.suppress(PermissionError):
            os.fchmod(self._handle, mode)
        self._log_handle: int | None = None

    def write(self, commits: int, replies: int) -> None:
        """Note a commit that is on the disk; not fsynced, for it only has to survive the process."""
        with contextlib.suppress(OSError):  # a full disk, say: the mark only falls behind
            if self._log_handle is None:
                with contextlib.suppress(FileNotFoundError):
                    self._log_handle = os.open(self._log, os.O_RDONLY)
            head = b"" if self._log_handle is None else os.pread(self._log_handle, 32, 0)
            os.pwrite(self._handle, LINE.format(commits, replies, salt(head) or 0).encode(), 0)

    def close(self) -> None:
        """Close the files."""
        os.close(self._handle)
        if self._log_handle is not None:
            os.close(self._log_handle)


def seen(path: Path) -> Seen | None:
    """What the mark of a ledger says; None without one, or where it cannot be read."""
    try:
        return Seen(*map(int, beside(path, ".mark").read_bytes().split()))
    except (OSError, ValueError, TypeError):
        return None


def salt(head: bytes) -> int | None:
    """The first salt in the header of a write-ahead log; None if this is no such header."""
    if len(head) < 32 or struct.unpack_from(">I", head)[0] not in MAGIC:
        return None
    return int(struct.unpack_from(">I", head, 16)[0])


def foreign_log(path: Path) -> bool:
    """Whether the write-ahead log beside a ledger that nobody has open is another database's, or none at all."""
    known = seen(path)
    try:
        with beside(path, "-wal").open("rb") as file:
            head = file.read(32)
    except FileNotFoundError:
        return False
    if not head or known is None or known.salt == 0:
        return False
    found = salt(head)
    return found is None or min((found - known.salt) % 2**32, (known.salt - found) % 2**32) > RESTARTS
