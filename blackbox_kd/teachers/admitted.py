"""How fast to send to a server that tells no limits: what it admitted between its 429s.

A token bucket is empty at each 429, so what was admitted between two of them, over the time between, is its refill
rate: a measured delivery rate, as in BBR (Cardwell et al. 2016). Where the bucket may have been full in between, it is
the rate that makes a bucket of the size of the first burst run empty just now. The pace starts a little below the
measured rate and follows a cubic curve: slowly near it, faster beyond (CUBIC, Ha, Rhee & Xu 2008).
"""

import math

from blackbox_kd.teachers.pace import ALMOST, JITTER_S

MEASURED = 20  # calls that make a measurement
SEARCH = 4.0  # after the first 429, begin with this part of the rate until then,
DOUBLING_S = (0.5, 10.0)  # and double it in so long, until the second; so too, if few calls came between, in this time
LEAST_CUT = 0.04  # begin so far below the measured rate
CURVE_S = (1.0, 20.0, 60.0)  # the shortest and the longest time back to it, and the longest of all if few were measured
CURVE_CALLS = 20.0  # nor in fewer calls, once so many were admitted
CURVE_PAUSES = 4.0  # nor in so many times the pause that the next 429 would cost
BIN_S = 0.01  # calls are remembered in bins of this width,
MOST_BINS = 256  # or wider ones


class Admitted:
    """The calls a second that a server admits, learned from its 429s; no pace before the first."""

    def __init__(self) -> None:
        self.measured: float | None = None  # calls a second
        self._searching = False
        self._weak = False  # few calls were measured
        self._cut = LEAST_CUT
        self._curve_s = CURVE_S[0]
        self._age_s = 0.0  # on the curve: only time in which it was the pace that held calls back
        self._credit = 1.0  # calls that may go at once
        self._at_s = 0.0
        self._first_s = math.inf
        self._sent = 0
        self._burst = (0, 0.0)  # calls until the first 429, and seconds
        self._since_s = 0.0  # a 429: the bucket was empty
        self._bins: list[tuple[float, int]] = []  # when calls were sent since then, and how many
        self._bin_s = BIN_S

    @property
    def rate(self) -> float:
        """Calls a second now; infinite before the first 429."""
        if self.measured is None:
            return math.inf
        if self._searching:
            return self.measured * math.exp2(min(60.0, self._age_s / DOUBLING_S[0]))
        rate = self.measured * (1 + self._cut * (self._age_s / self._curve_s - 1) ** 3)
        late_s = self._age_s - 2 * self._curve_s
        return rate * math.exp2(min(60.0, late_s / DOUBLING_S[1])) if self._weak and late_s > 0 else rate

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next call may go."""
        if self.measured is None:
            return 0.0
        rate = self.rate
        short = 1 - self._credit - (now_s - self._at_s) * rate
        return short / rate if short > ALMOST else 0.0

    def take(self, now_s: float) -> None:
        """A call is sent now."""
        if self.measured is None:
            self._first_s = min(self._first_s, now_s)
            self._sent += 1
            return
        passed_s, rate = max(0.0, now_s - self._at_s), self.rate
        credit, most = self._credit + passed_s * rate, min(1 + JITTER_S * rate, self._size(rate))
        self._age_s += passed_s if credit < most + ALMOST else 0.0
        self._credit = min(credit, most) - 1
        self._at_s = now_s
        if self._bins and now_s - self._bins[-1][0] < self._bin_s:
            self._bins[-1] = (self._bins[-1][0], self._bins[-1][1] + 1)
        else:
            self._bins.append((now_s, 1))
            self._merge()

    def stray(self) -> None:
        """One more 429 of a burst: that call was not admitted."""
        if self._bins:
            at_s, calls = self._bins[-1]
            self._bins[-1] = (at_s, calls - 1)
        elif self._burst[0] > 1:
            self._burst = (self._burst[0] - 1, self._burst[1])

    def refused(self, now_s: float, open_s: float, asked: bool) -> None:
        """The first 429 of a burst; nobody sends before `open_s`, when there is room for one, if the server `asked`."""
        if self.measured is None:
            self._burst = (max(1, self._sent - 1), max(0.001, now_s - self._first_s))
            self.measured = self._burst[0] / self._burst[1] / SEARCH
            self._searching, self._since_s = True, now_s
        else:
            self.stray()
            self._measure(now_s, open_s - now_s)
        self._age_s, self._credit, self._at_s = 0.0, float(asked), open_s

    def _measure(self, now_s: float, pause_s: float) -> None:
        took_s, admitted = max(0.001, now_s - self._since_s), sum(calls for _, calls in self._bins)
        if admitted <= 0:
            return  # it is closed, not slow
        low, high = admitted / took_s, self.rate
        for _ in range(20 if low < high else 0):
            rate = (low + high) / 2
            low, high = (low, rate) if self._left(rate, now_s) > 0 else (rate, high)
        self.measured, self._searching = low, False
        self._cut = max(LEAST_CUT, 1 / (admitted + 2))
        self._weak = admitted < MEASURED
        calls_s = min(CURVE_CALLS, admitted + 2) / low
        curve_s = max(calls_s, CURVE_PAUSES * pause_s, min(CURVE_S[1], max(CURVE_S[0], took_s)))
        self._curve_s = min(curve_s, CURVE_S[2]) if self._weak else curve_s
        if not self._weak:
            self._since_s, self._bins, self._bin_s = now_s, [], BIN_S

    def _size(self, rate: float) -> float:
        """What a bucket with that rate holds, going by the first burst."""
        return max(1.0, self._burst[0] - rate * self._burst[1])

    def _left(self, rate: float, now_s: float) -> float:
        """What a bucket with that rate would hold now that was empty at the last 429."""
        size, level, last_s = self._size(rate), 0.0, self._since_s
        for at_s, calls in self._bins:
            level = min(size, level + rate * (at_s - last_s)) - calls
            last_s = at_s
        return min(size, level + rate * (now_s - last_s))

    def _merge(self) -> None:
        """Coarser bins, once there are many."""
        if len(self._bins) > MOST_BINS:
            self._bin_s *= 2
            pairs = zip(self._bins[::2], self._bins[1::2], strict=False)
            self._bins = [(one[0], one[1] + two[1]) for one, two in pairs] + self._bins[len(self._bins) // 2 * 2 :]
