"""Progress on stderr: a live line on a terminal, one plain line now and then in a pipe."""

import sys
import time
from typing import TYPE_CHECKING

from blackbox_kd.run import Progress
from blackbox_kd.text import safe

if TYPE_CHECKING:
    from rich.progress import TaskID

PLAIN_EVERY_S = 30.0
PLAIN_EVERY_SHARE = 0.05


class Plain:
    """For pipes and logs: notes as they come, and a line every 30 seconds or 5 %, whichever is rarer to spam."""

    def __init__(self) -> None:
        self._label, self._total, self._done = "", 0, 0
        self._said_at, self._said_done = 0.0, 0

    def start(self, label: str, total: int) -> None:
        """Begin counting towards `total`."""
        self._label, self._total, self._done = label, total, 0
        self._said_at, self._said_done = time.monotonic(), 0

    def advance(self, status: str = "", steps: int = 1) -> None:
        """Count, and say so if enough has happened since the last line."""
        self._done += steps
        enough = self._done - self._said_done >= max(1.0, PLAIN_EVERY_SHARE * self._total)
        late = time.monotonic() - self._said_at >= PLAIN_EVERY_S
        if late or (enough and self._done == self._total):
            share = 100 * self._done / self._total if self._total else 100.0
            self.note(f"{self._label}: {self._done:,}/{self._total:,} ({share:.0f} %) {status}".rstrip())
            self._said_at, self._said_done = time.monotonic(), self._done

    def note(self, text: str) -> None:
        """Say one line."""
        sys.stderr.write(f"{safe(text)}\n")
        sys.stderr.flush()

    def finish(self) -> None:
        """End the count."""


class Live:
    """For terminals: rich's bar with time left, and notes above it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        status = TextColumn("{task.fields[status]}", markup=False)
        self._bar = Bar(*columns, TimeRemainingColumn(), status, console=Console(stderr=True), transient=True)
        self._task: TaskID | None = None

    def start(self, label: str, total: int) -> None:
        """Show a bar towards `total`."""
        self._bar.start()
        self._task = self._bar.add_task(label, total=total, status="")

    def advance(self, status: str = "", steps: int = 1) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bar.update(self._task, advance=steps, status=safe(status))

    def note(self, text: str) -> None:
        """Say one line above the bar."""
        self._bar.console.print(safe(text), markup=False, highlight=False, soft_wrap=True)

    def finish(self) -> None:
        """Take the bar away."""
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
        self._bar.stop()


def progress(quiet: bool = False) -> Progress:
    """What suits stderr: a live bar on a terminal, else plain lines; nothing but errors if `quiet`."""
    if quiet:
        from blackbox_kd.run import Silent

        return Silent()
    return Live() if sys.stderr.isatty() else Plain()
