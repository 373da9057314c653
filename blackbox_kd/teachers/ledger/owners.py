"""Who has a ledger open: each process holds a lock file of its own, which the kernel frees when it dies."""

import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from blackbox_kd.errors import BbkdError, RunInUse
from blackbox_kd.teachers.ledger.trouble import translated

OPENING_S = 60.0  # how long to wait for another process to open or close the ledger; saving a damaged one takes a while
NAME = re.compile(r"(?P<pid>[0-9]+)@(?P<host>[A-Za-z0-9._-]*)-[0-9a-f]{12}")


def beside(path: Path, suffix: str) -> Path:
    """The path of a file that belongs to the ledger."""
    return path.with_name(f"{path.name}{suffix}")


@contextmanager
def opening(path: Path, mode: int, wait_s: float = OPENING_S) -> Iterator[None]:
    """Alone in opening or closing this ledger; raises `RunInUse` where another process takes too long."""
    lock = filelock.FileLock(beside(path, ".lock"), mode=mode)
    try:
        lock.acquire(timeout=wait_s)
    except filelock.Timeout:
        fix = "Wait for it to end, or set BBKD_LEDGER to another file."
        raise RunInUse(f"ledger {path} is held by another process, perhaps of an older bbkd", fix) from None
    except OSError as error:
        raise translated(error, path) from error
    try:
        yield
    finally:
        lock.release()


class Owner:
    """This process's hold on a ledger. Make and end one while `opening` is held."""

    def __init__(self, path: Path, mode: int) -> None:
        host = re.sub(r"[^A-Za-z0-9._-]", "_", socket.gethostname())[:64]
        self.id = f"{os.getpid()}@{host}-{secrets.token_hex(6)}"
        self._file = file_of(path, self.id)
        self._lock = filelock.FileLock(self._file, mode=mode)
        try:
            self._lock.acquire(timeout=0)
        except OSError as error:
            raise translated(error, path) from error

    def end(self) -> None:
        """Let go."""
        self._file.unlink(missing_ok=True)
        self._lock.release()


def file_of(path: Path, owner: str) -> Path:
    """The lock file of an owner."""
    return beside(path, f".owner-{owner}.lock")


def alive(path: Path, owner: str | None) -> bool:
    """Whether an owner's process still holds its lock. A file that another user keeps to himself counts as held."""
    if owner is None or not NAME.fullmatch(owner) or not file_of(path, owner).exists():
        return False
    lock = filelock.FileLock(file_of(path, owner))
    try:
        lock.acquire(timeout=0)
    except (filelock.Timeout, PermissionError):
        return True
    lock.release()
    return False


def living(path: Path) -> list[str]:
    """The owners that are alive; the files of dead ones are removed. Call it while `opening` is held."""
    found = []
    start = f"{path.name}.owner-"
    for file in path.parent.iterdir():
        if file.name.startswith(start) and file.name.endswith(".lock"):
            owner = file.name.removeprefix(start).removesuffix(".lock")
            if alive(path, owner):
                found.append(owner)
            else:
                file.unlink(missing_ok=True)
    return found


def named(owner: str | None) -> str:
    """An owner for people."""
    match = NAME.fullmatch(owner or "")
    return f"pid {match['pid']} on {match['host']}" if match else "an unknown process"


def in_use(path: Path, others: list[str]) -> BbkdError:
    """The error for work that has to be alone."""
    return RunInUse(
        f"ledger {path} is in use by {', '.join(map(named, others))}", "Wait for it to end, then try again."
    )


def now_ms() -> int:
    """Milliseconds since 1970, UTC, for people to read."""
    return time.time_ns() // 1_000_000
