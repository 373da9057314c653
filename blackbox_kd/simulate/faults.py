"""What stands between a request and its reply: injected 429s and 500s, and a limit on requests a minute."""

import random
from collections import deque

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.wires import Fault

WINDOW_S = 60.0
UNLIMITED_PER_MINUTE = 10_000  # what the headers claim where no limit is set


def injected(settings: Simulated, digest: str, attempt: int) -> Fault | None:
    """The fault that meets this attempt (from 1) at a request, drawn anew for each attempt; None: it is answered."""
    draw = random.Random(f"{settings.seed}:{digest}:fault:{attempt}").random()
    if draw < settings.rate_429:
        return Fault(429, "Rate limit reached (simulated).", settings.retry_after_s)
    if draw < settings.rate_429 + settings.rate_500:
        return Fault(500, "The server had an error while processing your request (simulated).")
    return None


class Window:
    """A sliding window of one minute over the requests let in."""

    def __init__(self, limit_per_minute: int | None) -> None:
        self.limit = limit_per_minute
        self._times: deque[float] = deque()

    def refusal(self, now_s: float) -> Fault | None:
        """Let a request in at a time on a monotonic clock, or tell how long to wait."""
        while self._times and self._times[0] <= now_s - WINDOW_S:
            self._times.popleft()
        if self.limit is not None and len(self._times) >= self.limit:
            wait_s = self._times[0] + WINDOW_S - now_s
            return Fault(429, f"Rate limit of {self.limit} requests a minute reached (simulated).", wait_s)
        self._times.append(now_s)
        return None

    @property
    def state(self) -> tuple[int, int]:
        """Limit and what remains of it, in requests, for the headers."""
        limit = self.limit or UNLIMITED_PER_MINUTE
        return limit, max(0, limit - len(self._times))
