"""Runs a command as its user would and measures its processes whole: seconds, CPU and memory; serves a teacher."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

SERVER = Path(__file__).parent / "server.py"
SAMPLE_S = 0.1
SESSION = 3  # field of /proc/PID/stat, counted after the command's name


class Measured(NamedTuple):
    """What one process and its children took; CPU is theirs whole, imports included."""

    seconds: float
    cpu_s: float
    peak_mb: float  # largest resident memory of all of its processes together; pages that they share count once
    code: int | None  # None: still running at the time limit
    log: str  # the end of what it wrote, where it failed


class Address(NamedTuple):
    """Where a teacher listens."""

    root: str

    @property
    def url(self) -> str:
        """The base URL that clients are given."""
        return f"{self.root}/v1"

    def get(self, path: str) -> dict[str, Any]:
        """`counts` or `books`."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.root}/{path}", timeout=30) as response:
            got: dict[str, Any] = json.load(response)
        return got


@contextmanager
def serving(*arguments: str) -> Iterator[Address]:
    """A teacher in a process of its own while the block runs."""
    with subprocess.Popen(
        [sys.executable, str(SERVER), *arguments], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Address(process.stdout.readline().strip())
        finally:
            process.terminate()


def measured(
    command: list[str],
    folder: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    killed_when: Callable[[], bool] | None = None,
) -> Measured:
    """Run a command in `folder`; `kill -9` to all of its processes at the time limit, or once `killed_when` says so."""
    log = folder / "log.txt"
    before_s = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdout=out, stderr=out, start_new_session=True
        )
    peak_mb, late, sampled_s = 0.0, False, 0.0
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        now_s = time.monotonic()
        if now_s - sampled_s >= SAMPLE_S:
            peak_mb, sampled_s = max(peak_mb, resident_mb(process.pid)), now_s
        late = now_s - before_s > timeout_s
        if late or (killed_when is not None and killed_when()):
            os.killpg(process.pid, signal.SIGKILL)
            ended = os.wait4(process.pid, 0)
            break
        time.sleep(0.01)
    seconds = time.monotonic() - before_s
    _, status, used = ended
    process.returncode = os.waitstatus_to_exitcode(status)
    kill_rest(process.pid)
    tail = "" if process.returncode == 0 else log.read_bytes()[-600:].decode("utf-8", "replace")
    peak_mb = max(peak_mb, used.ru_maxrss * 1024 / 1e6)
    return Measured(seconds, used.ru_utime + used.ru_stime, peak_mb, None if late else process.returncode, tail)


def resident_mb(session: int) -> float:
    """Resident memory of all processes of a session, in MB, a page that several share counted once (PSS)."""
    total_kib = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[SESSION]) == session:
                rollup = (folder / "smaps_rollup").read_text()
                total_kib += int(rollup.partition("\nPss:")[2].split()[0])
        except (OSError, LookupError):  # it has just ended
            continue
    return total_kib * 1024 / 1e6


def kill_rest(session: int) -> None:
    """End what a command's process left behind."""
    try:
        os.killpg(session, signal.SIGKILL)
    except ProcessLookupError:
        return
