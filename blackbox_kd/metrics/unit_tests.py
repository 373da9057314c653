"""Unit tests: whether the code in an answer passes the tests that are its reference."""

import json
import os
import re
import secrets
import select
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Annotated, ClassVar

import msgspec

from blackbox_kd.errors import UsageError
from blackbox_kd.metrics.base import Base, labelled

CHILD = Path(__file__).with_name("unit_tests_child.py")
BLOCK = re.compile(r"^[ \t]*```([^`\n]*)\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
PYTHON = {"", "py", "python", "python3"}


class UnitTests(Base, frozen=True, kw_only=True, tag="unit_tests"):
    """1.0 where the reference, which is Python test code, passes after the answer's code has run; else 0.0.

    The answer's code is its last fenced Python block, else the whole of it. Both run in one fresh `python -I` of this
    environment, without environment variables, in an empty folder that is then removed; `test_...` functions of the
    reference that need no argument are called. It is ended with its process group after `timeout_s` seconds, and has
    so much processor time, `memory_mb` MiB of address space, 16 MiB a file and no further processes. POSIX only.

    This is NO sandbox: code that a model wrote runs on this machine with your rights. It can read and remove your
    files and use the network, and its limits keep off carelessness, not intent: a process made without Python's help
    that leaves its group outlives them. Nor does it defend against answers made to cheat: code that looks through the
    interpreter's frames for the token that says "passed", or whose objects are equal to everything. It does against
    `sys.exit(0)`, `os._exit(0)`, printing, and replaced builtins.
    """

    reference_is_answer: ClassVar[bool] = False
    run_code: bool = False
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    memory_mb: Annotated[int, msgspec.Meta(ge=64)] = 1024

    @property
    def label(self) -> str:
        """The name that reports show."""
        return labelled(self, hidden=("run_code",))

    def allowed(self) -> "UnitTests":
        """The metric itself; raises `UsageError` unless `run_code` is set."""
        if not self.run_code:
            raise UsageError(
                "unit_tests runs code that a model wrote, on this machine and with your rights: it is no sandbox",
                'If that is acceptable here, set { name = "unit_tests", run_code = true }.',
            )
        return self

    def score(self, prediction: str, reference: str) -> float:
        """Score one answer, 0.0 or 1.0; raises `UsageError` unless `run_code` is set."""
        self.allowed()
        token = secrets.token_bytes(16)
        parts = {"code": code(prediction), "tests": reference, "token": token.hex()}
        with (
            tempfile.TemporaryDirectory(prefix="bbkd-", ignore_cleanup_errors=True) as folder,
            tempfile.TemporaryFile() as asked,
        ):
            asked.write(json.dumps(parts).encode())
            asked.seek(0)
            return float(self._told(asked, folder) == token)

    def _told(self, asked: IO[bytes], folder: str) -> bytes:
        """What the child says before it ends or its time is over."""
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb", buffering=0) as verdict:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-I", str(CHILD), str(writing), str(self.timeout_s), str(self.memory_mb)],
                    stdin=asked,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd=folder,
                    env={},
                    start_new_session=True,
                    pass_fds=(writing,),
                )
            finally:
                os.close(writing)
            try:
                ended = select.select([verdict], [], [], self.timeout_s)[0]
                return verdict.read(64) if ended else b""
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def code(prediction: str) -> str:
    """The Python code of an answer: its last fenced Python block, also one that is not closed, else the whole text."""
    blocks = [text for kind, text in BLOCK.findall(prediction) if kind.strip().lower() in PYTHON]
    return blocks[-1] if blocks else prediction
