"""How fast to send to a server that tells its limits: local copies of its token buckets.

Every header sets a bucket's level anew, less what was sent since that call. The refill rate follows from limit,
remaining and reset, bounded by what can have been refilled between two headers.
"""

import math
from collections import deque
from typing import NamedTuple

from blackbox_kd.teachers.hints import Window

SHORTEST_S = 0.9  # no limit is for less than a second: where it seems so, the bucket does not hold `limit`
FULL = 0.9  # of the most that ever remained: it may have been full since, and refill was lost
MEASURED = 20  # headers that make a measurement
OLD_S = 10.0  # a measurement begins anew after so long
ALMOST = 1e-6  # of a call: rounding
ROUNDED_S = 1.0  # a time to reset may be wrong by a second
OFTEN_S = 0.01  # while more than half is left, headers are read no more often
SPREAD_S = 0.005  # calls sent so close together may arrive in another order
JITTER_S = 0.05  # calls may reach the server so much closer together than they were sent
UNITS = ((1.0, "a second"), (60.0, "a minute"), (3_600.0, "an hour"), (86_400.0, "a day"))


class Reading(NamedTuple):
    """A header: when its call was sent (seconds), what remained, and how much had been sent by then."""

    at_s: float
    remaining: float
    total: float


class Bucket:
    """One limit of the server as its headers tell it: size, level and refill a second, in calls or tokens."""

    def __init__(self, window: Window, now_s: float) -> None:
        self.dimension = window.dimension
        self._tokens = window.dimension != "requests"
        self.size = window.limit or math.inf
        self.rate = 0.0  # 0: not known, only headers raise the level
        self.level = window.remaining
        self.share = 1.0  # so much of what is reserved is counted in the end: max_tokens is an upper bound
        self._at_s = now_s
        self._full_s = math.inf  # when it is full again, by the last header
        self._caution = 1.0
        self._doubt = 1.0
        self._again = False  # the last header was that of a 429
        self._largest = 1.0  # cost of a call
        self._top = window.remaining  # the most that ever remained
        self._room = min(self.size, self._top + 1)  # what it holds at most, as far as is known
        self._margin = 0.0
        self._told = 0.0  # the rate by limit, remaining and reset
        self._used = 0.0  # of the limit, when that was told
        self._small: bool | None = None  # `limit` is another measure than what it holds, and `reset` fills the room
        self._least = 0.0  # what the rate is at least, by what was admitted
        self._most = math.inf  # what the rate can be at most, by what was sent between two headers
        self._total = 0.0
        self._counted = 0.0  # of the total, what the last header knows of
        self._sent: deque[tuple[float, float]] = deque()
        self._last = self._since = Reading(-math.inf, window.remaining, 0.0)
        self._news = 0
        self._next_s = -math.inf
        self._low = -math.inf, window.remaining  # of the calls sent about that time, what remained at least

    def wait_s(self, now_s: float, tokens: int) -> float:
        """Seconds until the bucket holds what such a call takes, and a margin; infinite if only a header can tell."""
        if now_s > self._at_s:
            self._refill(now_s)
        cost = tokens * self.share if self._tokens else 1.0
        short = min(cost + self._margin, self._room) - self.level
        if short <= ALMOST:
            return 0.0
        full_in_s = max(0.0, self._full_s - now_s)
        return min(short / self.rate, full_in_s) if self.rate > 0 else full_in_s

    def take(self, now_s: float, tokens: int) -> None:
        """Reserve what a call takes that is sent now."""
        if now_s > self._at_s:
            self._refill(now_s)
        cost = float(tokens) if self._tokens else 1.0
        counted = cost * self.share
        self.level -= counted
        if self.rate > 0:
            self._full_s += counted / self.rate
        if counted > self._largest:
            self._largest = counted
            self._room = min(self.size, self._top + counted)
        self._total += cost
        self._sent.append((now_s, self._total))

    def read(self, now_s: float, sent_s: float, window: Window) -> None:
        """A header of the call sent at `sent_s`; ignored if that of a later call has been read, or there is plenty."""
        if sent_s < self._last.at_s or (now_s < self._next_s and 2 * window.remaining > self.size):
            return
        self._next_s = now_s + OFTEN_S
        self._resize(window)
        sent = self._sent
        while sent and sent[0][0] < sent_s - SPREAD_S:
            self._counted = sent.popleft()[1]
        if sent and sent[0][0] <= sent_s:  # the call itself; those sent with it may have come after it
            self._counted = sent.popleft()[1]
        self._again = False
        if self._doubt < 1:
            self._doubt = min(1.0, self._doubt * (1.02 if self._doubt < 0.9 else 1.00002))
        if sent_s - self._low[0] > SPREAD_S or window.remaining < self._low[1]:
            self._low = sent_s, window.remaining
        self._last = Reading(sent_s, self._low[1], self._counted)
        self._learn(window)
        refilled = self.rate * (now_s - sent_s)
        told = self._low[1] + refilled - (self._total - self._counted) * self.share
        self._refill(now_s)
        if told > self.level:  # the longer ago, the likelier it was full in between, and less was refilled
            told = self.level + (told - self.level) * max(0.0, 1 - refilled / self._room)
        self.level = min(self._room, told)
        self._full_s = math.inf if window.reset_s is None else now_s + window.reset_s + ROUNDED_S

    @property
    def spent(self) -> bool:
        """Whether the last header explains a 429."""
        return self._last.remaining < self._largest

    @property
    def tiny(self) -> bool:
        """Whether it holds so little that a header is out of date when it is read."""
        return self._room < 2 * JITTER_S * self.rate

    def refused(self, now_s: float, window: Window) -> None:
        """The header of a 429. All that was sent has arrived by the time the gate opens."""
        self._resize(window)
        if window.reset_s and not self._small:  # where it is, a part of a call that remains, and is not told, is much
            self._read_rate(window.remaining, window.reset_s)
        self._sent.clear()
        self._counted = self._total
        self._last = self._since = Reading(now_s, window.remaining, self._total)
        self._news = 0
        self.level, self._at_s = window.remaining, now_s
        self._full_s = math.inf if window.reset_s is None else now_s + window.reset_s + ROUNDED_S

    def doubt(self) -> None:
        """A 429 in spite of the margin: double the margin, and trust the rate and the age of headers less.

        The first at a bucket that was never seen nearly full says that it holds no more than that.
        """
        if self._small is None and self._room < FULL * self.size:
            self._small, self._told, self._used = True, 0.0, 0.0  # by the next header
            return
        fell = 0.5 if self._again else 0.97
        self._again = True
        self._caution = min(8.0, 2 * self._caution)
        self._take_care()
        self._doubt *= fell
        self.rate *= fell

    def said(self) -> str:
        """What is left, for people."""
        window_s = self.size / self.rate if self.rate > 0 else math.inf
        unit = next((f" {name}" for length_s, name in UNITS if 0.8 < window_s / length_s < 1.25), "")
        return f"{max(0.0, self.level):,.0f} of {self.size:,.0f} {self.dimension.replace('_', ' ')}{unit} left"

    def _refill(self, now_s: float) -> None:
        if now_s >= self._full_s:
            self.level, self._full_s = max(self.level, self._room), math.inf
        self.level = min(self._room, self.level + self.rate * (now_s - self._at_s))
        self._at_s = now_s

    def _resize(self, window: Window) -> None:
        if window.limit == self.size and window.remaining <= self._top:
            return
        if window.limit and window.limit != self.size:
            self.size, self._top, self._told, self._used, self._most = window.limit, 0.0, 0.0, 0.0, math.inf
        if window.remaining > self._top:
            if self._small and window.remaining >= self._top + self._largest:
                self._small, self._told, self._used = None, 0.0, 0.0  # it was not full
            self._top = window.remaining
        self._room = min(self.size, self._top + self._largest)

    def _take_care(self) -> None:
        holds = self._room if self._small else self.size
        self._margin = min(holds / 4, self._caution * (1 + JITTER_S * self.rate))

    def _learn(self, window: Window) -> None:
        """The refill rate: by the header if it is plausible, else measured."""
        if window.reset_s:
            self._read_rate(window.remaining, window.reset_s)
        last, since = self._last, self._since
        self._news += 1
        took_s, spent = last.at_s - since.at_s, last.total - since.total
        if last.remaining >= FULL * self._top or (took_s > OLD_S and self._news > MEASURED):
            self._since, self._news = last, 0
        elif took_s > 0:
            gained = last.remaining - since.remaining
            most = (gained + 1.1 * spent + 2 * self._largest) / took_s
            if most > 0:  # else calls overtook each other
                self._most = most if self._news >= MEASURED else min(self._most, most)
            if self._news >= MEASURED:
                self._least = max(self._least, (gained + self.share * spent - self._largest) / took_s)
            if self._news == MEASURED and self._tokens and self._told and spent > 0:
                counted = (self._told * took_s - gained) / spent
                self.share = (self.share + min(1.0, max(0.02, counted))) / 2
            if self._news >= MEASURED and not self._told and not self._tokens:
                self.rate = max(0.0, 0.95 * (gained + spent) / took_s)
        if self._told:
            known = self._small or self._room >= FULL * self.size  # else `limit` may be another measure than the room
            self.rate = self._doubt * (self._told if known else min(self._told, self._most))
        self._take_care()

    def _read_rate(self, remaining: float, reset_s: float) -> None:
        """`reset` is the time to a full bucket; the more is used, the more exact. Rounding makes the rate too high.

        In a small one little is ever used, and rounding the time up, by as much as a second, makes the rate too low.
        """
        used = (self._room if self._small else self.size) - remaining
        if used <= 0 or used < self._used / 2:
            return
        rate = used / (reset_s + JITTER_S if self._small else reset_s)
        if self._small and rate < self._least / 2:  # more than that was admitted
            self._small, used = False, self.size - remaining
            rate = used / reset_s
        if self.size / rate < SHORTEST_S and self._room < FULL * self.size:
            return
        if used >= 1.25 * self._used:
            self._told, self._used = rate, used
        elif self._small:
            self._told = max(rate, 0.99 * self._told)
        else:
            self._told = min(rate, 1.01 * self._told)
