"""How many calls are in flight: grows while the provider is content, shrinks when it says 429, and waits when told to.

Additive increase, multiplicative decrease after a slow start (Jacobson & Karels 1988).
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

START = 8
CUT = 0.7
DEBOUNCE_S = 15.0  # one cut an episode: a burst of 429s is one piece of news


class Limiter:
    """Slots for calls in flight, and one gate that all of them wait at when the server asked for a pause.

    Once `stopping` is set the gate holds nobody back: who then gets a slot has to look before sending.
    """

    def __init__(
        self, most: int, stopping: asyncio.Event | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most = most
        self.stopping = stopping or asyncio.Event()
        self.limit = float(min(START, most))
        self.in_flight = 0
        self._waiting = 0
        self.clock = clock
        self._slow_start = True
        self._last_cut = float("-inf")
        self._open_at = float("-inf")
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one slot; waits for the gate and for a free place. Leave it before backing off."""
        while True:
            while (wait_s := self._closed_for_s()) > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), wait_s)
            async with self._changed:
                self._waiting += 1
                try:
                    await self._changed.wait_for(lambda: self.in_flight < int(self.limit))
                finally:
                    self._waiting -= 1
                if self._closed_for_s() <= 0:  # the gate may have closed while one waited for a place
                    self.in_flight += 1
                    break
                self._changed.notify_all()  # so that all wait at the gate, and go on together
        try:
            yield
        finally:
            async with self._changed:
                self.in_flight -= 1
                self._changed.notify(max(1, int(self.limit) - self.in_flight))

    def _closed_for_s(self) -> float:
        return 0.0 if self.stopping.is_set() else self._open_at - self.clock()

    def succeeded(self) -> None:
        """Grow, if somebody waits for a slot: double a round at first, later by one."""
        if self._waiting:
            self.limit = min(self.most, self.limit + (1.0 if self._slow_start else 1.0 / self.limit))

    def throttled(self, wait_s: float) -> None:
        """Cut once an episode, and keep everybody at the gate for `wait_s` seconds."""
        now = self.clock()
        self._open_at = max(self._open_at, now + wait_s)
        self._slow_start = False
        if now - self._last_cut >= DEBOUNCE_S:
            self.limit = max(1.0, self.limit * CUT)
            self._last_cut = now
