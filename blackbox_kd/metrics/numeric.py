"""Numeric: the same value, whichever way it is written, by math-verify (Kydlíček 2025)."""

import functools
import json
import os
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec

from blackbox_kd.errors import BbkdError
from blackbox_kd.metrics.base import Base

CHILD = Path(__file__).with_name("numeric_child.py")
MOST_CHARS = 4_000


class Numeric(Base, frozen=True, kw_only=True, tag="numeric"):
    r"""1.0 where the answer's last stated number or expression has the reference's value, else 0.0.

    1/2, 0.5, 50% and $\frac{1}{2}$ are the same; decimals are compared to six places, small ones to six digits. With
    `relative_tolerance` a number may be off by that share of the reference. The last 4,000 characters are read. Algebra
    runs in a process of its own, which has `timeout_s` seconds of processor time an answer and 2 GiB: what takes more
    (9**9**9**9) scores 0.
    """

    relative_tolerance: Annotated[float, msgspec.Meta(ge=0)] | None = None
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 3.0

    def score(self, prediction: str, reference: str) -> float:
        """Score one answer, 0.0 or 1.0; raises `BbkdError` where math-verify does not start."""
        question = (prediction[-MOST_CHARS:], reference[-MOST_CHARS:], self.relative_tolerance, self.timeout_s)
        return float(_checker().ask(json.dumps(question)))


class Checker:
    """The process that compares, for any thread; begun when first asked, and anew after a question that ended it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, question: str) -> bool:
        """Whether the two are equal; False where the process dies of it. Raises `BbkdError` where it does not start."""
        with self._lock:
            process = self._process or self._begun()
            answer = _told(process, question)
            if not answer:
                _end(process)
                self._process = None
        return answer == b"1\n"

    def _begun(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", str(CHILD)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={"PATH": os.environ.get("PATH", "")},  # no keys where a model's text is parsed
        )
        weakref.finalize(self, _end, process)  # at exit, too
        if not _told(process, "[]"):
            raise BbkdError("math-verify does not start", f"Its error: {' '.join(command)} <<< '[]'")
        self._process = process
        return process


@functools.cache
def _checker() -> Checker:
    return Checker()


def _told(process: "subprocess.Popen[bytes]", question: str) -> bytes:
    """The line that the process answers; empty where it is dead."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(question.encode() + b"\n")
        return process.stdout.readline()
    except BrokenPipeError:
        return b""


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    with suppress(BrokenPipeError):
        process.communicate()
