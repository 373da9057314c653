"""How many calls are in flight, and when the next may go: as many and as fast as the server lets, and no more.

Slots: slow start, then additive increase and multiplicative decrease (Jacobson & Karels 1988), one cut a burst of 429s,
none for a 5xx. After a cut it is slow start again up to what the measured rate needs (as TCP Westwood, Mascolo et al.
2001). A server that queues without limit sends no 429s: there, growth ends at the knee of its throughput (Kleinrock
1979). Pace: see `pace` and `admitted`. A gate holds everybody back after a 429; when it opens, calls go out over time.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable

from blackbox_kd.teachers.admitted import Admitted
from blackbox_kd.teachers.hints import Window
from blackbox_kd.teachers.knee import Knee
from blackbox_kd.teachers.pace import Bucket

START = 8
CUT = 0.7
PAUSE_S = (0.05, 0.25)  # after a 429 that tells no time: the fastest reply's, within these bounds,
MOST_PAUSE_S = 60.0  # and four times as long after each more with no reply in between, up to this,
UNKNOWN_PAUSE_S = 2.0  # or this while no call was ever admitted: each row waits longer after each attempt by itself
RAMP_S = 2.0  # the slots open within a reply's time after a gate, or this
FREEZE_S = 10.0  # no growth so long after a 5xx


class Limiter:
    """Slots, pace and gate of one server. `enter` before each call, one of the reports after it, then `leave`.

    `queues`: the server queues without limit as far as is known. Once `stopping` is set nobody is held back: who enters
    then has to look before sending. The first call goes alone, so that a wrong key or model costs one call.
    """

    def __init__(
        self,
        most: int,
        stopping: asyncio.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        queues: bool = False,
    ) -> None:
        self.most = most
        self.limit = float(min(START, most))
        self.in_flight = 0
        self._stopping = stopping or asyncio.Event()
        self._clock = clock
        self._alone = True
        self._waiting: deque[tuple[asyncio.Future[bool], int]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[object] | None = None
        self._knee = Knee(most) if queues else None
        self._slow_start = True
        self._frozen_s = self._open_s = -math.inf
        self._ramp_s = 0.0
        self._full_s = -math.inf  # when somebody last waited for a slot
        self._bursts = 0  # of 429s, one after the other with no reply in between
        self._asked = False  # the gate is closed because the server said how long
        self._latency_s = 0.0  # mean, moving
        self._fastest_s = math.inf
        self._admitted = Admitted()
        self._buckets: dict[str, Bucket] = {}

    @property
    def waiting(self) -> int:
        """Callers that wait to enter."""
        return len(self._waiting)

    @property
    def load(self) -> float:
        """Calls in flight and waiting, as a part of those that may be in flight; infinite while the gate is closed."""
        now_s = self._clock()
        return math.inf if now_s < self._open_s else (self.in_flight + len(self._waiting)) / self._allowed(now_s)

    async def enter(self, tokens: int = 0) -> bool:
        """Wait for gate, pace and a slot, in turn; `tokens` is what the call may take at most, prompt included.

        Returns False, with no slot taken, for those who were sent away.
        """
        now_s = self._clock()
        if not self._waiting and self._wait_s(now_s, tokens) <= 0:
            self._take(now_s, tokens)
            return True
        place: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((place, tokens))
        if self._watch is None:
            self._watch = asyncio.ensure_future(self._stopping.wait())
            self._watch.add_done_callback(self._stopped)
        self._pump()
        try:
            return await place
        except asyncio.CancelledError:
            if not place.cancelled() and place.result():
                self.leave(tokens)
            self._pump()
            raise

    def send_away(self, callers: int) -> None:
        """Send away so many of those who wait, the last ones first: there is a better place for them."""
        while callers > 0 and self._waiting:
            place, _ = self._waiting.pop()
            if not place.done():
                place.set_result(False)
                callers -= 1
        self._pump()

    def alone(self) -> None:
        """The next call goes alone, and all others wait for its reply."""
        self._alone = True

    def leave(self, tokens: int = 0) -> None:
        """Free the slot; once for each `enter`."""
        self.in_flight -= 1
        if self._waiting:
            self._pump()

    def succeeded(self, latency_s: float, windows: tuple[Window, ...] = ()) -> None:
        """A reply after so many seconds: grow, if all slots are taken: double a round at first, later by one."""
        now_s = self._clock()
        self._bursts = 0
        self._fastest_s = min(self._fastest_s, latency_s)
        self._latency_s += (latency_s - self._latency_s) / (8 if self._latency_s else 1)
        if windows:
            for window in windows:
                self._bucket(window, now_s).read(now_s, now_s - latency_s, window)
            self._knee = None  # it tells its limits: no need to guess
        full = now_s - self._full_s <= latency_s and not self._alone
        self._alone = False
        if not full:
            if self._knee and self._waiting:
                self._knee.interrupt()
            return
        if self._knee:
            self.limit = self._knee.replied(latency_s, self.limit)
        if now_s >= self._frozen_s:
            fast = self._slow_start or self.limit < self._rate() * self._latency_s
            ceiling = self._knee.ceiling if self._knee else self.most
            self.limit = max(self.limit, min(ceiling, self.limit + (1.0 if fast else 1.0 / self.limit)))

    def throttled(self, wait_s: float, windows: tuple[Window, ...] = ()) -> None:
        """A 429: close the gate for `wait_s` seconds, at least; the first of a burst cuts the slots and sets the pace.

        It is one burst as long as the gate is closed: all of its calls were sent before.
        """
        now_s = self._clock()
        self._alone = self._slow_start = False
        first = now_s >= self._open_s
        self._bursts += first
        pause_s = min(PAUSE_S[1], max(PAUSE_S[0], self._fastest_s)) * 4 ** min(10, self._bursts - 1)
        most_s = MOST_PAUSE_S if self._latency_s else UNKNOWN_PAUSE_S
        open_s = now_s + max(wait_s, min(pause_s, most_s))
        if open_s > self._open_s:
            self._open_s, self._asked = open_s, wait_s > 0
        self._ramp_s = min(RAMP_S, self._latency_s)
        if self._knee:
            self._knee.interrupt()
        for window in windows:
            self._bucket(window, now_s).refused(now_s, window)
        if not first:
            self._admitted.stray()
            return
        self.limit = max(1.0, self.limit * CUT)
        spent = [bucket for bucket in self._buckets.values() if windows and bucket.spent]
        for bucket in spent:
            bucket.doubt()
        if all(bucket.tiny for bucket in spent):
            self._admitted.refused(now_s, self._open_s, self._asked)

    def failed(self, windows: tuple[Window, ...] = ()) -> None:
        """A 5xx or a timeout: no growth for a while, no cut. Its headers are of an unknown age, and not read."""
        self._alone = False
        self._frozen_s = self._clock() + FREEZE_S

    def waiting_for(self) -> str:
        """What the next call waits for, for people; empty if nobody waits, or only for the replies under way."""
        now_s = self._clock()
        tokens = next((tokens for place, tokens in self._waiting if not place.done()), None)
        if tokens is None or self._stopping.is_set():
            return ""
        if now_s < self._open_s:
            asked = "the server asked for it (429)" if self._asked else "a pause after a 429"
            return f"{math.ceil(self._open_s - now_s)} s: {asked}"
        if self.in_flight >= self._allowed(now_s):
            if self._alone:
                return "the first reply, before more is sent"
            held = self._knee and self._knee.found and self.in_flight >= int(self._knee.ceiling)
            return f"throughput stopped growing at {int(self.limit)} in flight" if held else ""
        waits = [(bucket.wait_s(now_s, tokens), bucket.said()) for bucket in self._buckets.values()]
        waits.append((self._admitted.wait_s(now_s), f"429s came above {self._admitted.rate:,.3g} calls a second"))
        wait_s, why = max(waits)
        return why if wait_s == math.inf else f"{math.ceil(wait_s)} s: {why}" if wait_s > 0 else ""

    def _allowed(self, now_s: float) -> int:
        if self._alone:
            return 1
        since_s = now_s - self._open_s
        part = since_s / self._ramp_s if since_s < self._ramp_s else 1.0
        return max(1, int(self.limit * part))

    def _wait_s(self, now_s: float, tokens: int) -> float:
        """Seconds until a call may go; infinite where only a reply can tell."""
        if self._stopping.is_set():
            return 0.0
        if now_s < self._open_s:
            return self._open_s - now_s
        if self.in_flight >= self._allowed(now_s):
            self._full_s = now_s
            ramp_s = self._open_s + self._ramp_s * (self.in_flight + 1) / self.limit - now_s
            return max(1e-4, ramp_s) if self.in_flight < int(self.limit) and not self._alone else math.inf
        wait_s = self._admitted.wait_s(now_s)
        for bucket in self._buckets.values():
            wait_s = max(wait_s, bucket.wait_s(now_s, tokens))
        if wait_s == math.inf and not self.in_flight:
            return 0.0  # no reply will tell: ask
        return wait_s

    def _take(self, now_s: float, tokens: int) -> None:
        self.in_flight += 1
        self._admitted.take(now_s)
        for bucket in self._buckets.values():
            bucket.take(now_s, tokens)

    def _pump(self) -> None:
        """Let in whoever may go, in turn; a timer looks again when the next one may."""
        now_s = self._clock()
        while self._waiting:
            place, tokens = self._waiting[0]
            if not place.done():
                wait_s = self._wait_s(now_s, tokens)
                if wait_s > 0:
                    self._look_again(wait_s)
                    return
                self._take(now_s, tokens)
                place.set_result(True)
            self._waiting.popleft()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _stopped(self, watch: asyncio.Task[object]) -> None:
        if not watch.cancelled():
            self._pump()

    def _look_again(self, wait_s: float) -> None:
        loop = asyncio.get_running_loop()
        at_s = loop.time() + wait_s
        if self._timer is not None:
            if wait_s == math.inf or self._timer.when() <= at_s:
                return
            self._timer.cancel()
        if wait_s < math.inf:
            self._timer = loop.call_at(at_s, self._timed)

    def _timed(self) -> None:
        self._timer = None
        self._pump()

    def _rate(self) -> float:
        """Calls a second that the server is known to admit; 0 where that is not known."""
        requests = self._buckets.get("requests")
        known = [requests.rate] if requests and requests.rate else []
        return min([*known, *([self._admitted.rate] if self._admitted.measured else [])], default=0.0)

    def _bucket(self, window: Window, now_s: float) -> Bucket:
        if window.dimension not in self._buckets:
            self._buckets[window.dimension] = Bucket(window, now_s)
        return self._buckets[window.dimension]
