"""How many calls in flight are worth having at a server that queues without limit (Kleinrock 1979)."""

import math

GAIN = 0.1  # twice the calls in flight must bring so much more throughput, to double again,
CONFIRM = 3  # rounds of a second look
WORTH = 0.03  # and so much, to be kept
PROBE = 1.5  # later, try so many
PROBE_ROUNDS = (4, 256)  # after so many rounds, twice as many each time


class Knee:
    """Where the throughput of a server that queues stops growing, in calls in flight.

    A round is as many replies as calls are in flight; its throughput is that number over the mean latency, by Little's
    law (1961). While calls in flight double each round, it must grow too; where it does not, a longer look confirms it.
    """

    def __init__(self, most: int) -> None:
        self.ceiling = float(most)
        self.found = False
        self._most = most
        self._size = 0  # calls in flight when the round began
        self._skip = 0  # replies that still belong to more calls in flight
        self._replies = 0
        self._sum_s = 0.0
        self._doubted = False  # the last round brought too little: a longer one has to confirm it
        self._best = 0.0  # replies a second
        self._best_size = 0
        self._rounds = 0
        self._rest = PROBE_ROUNDS[0]

    def interrupt(self) -> None:
        """Not all slots are taken: the round says nothing."""
        self._size = 0

    def replied(self, latency_s: float, limit: float) -> float:
        """One reply while all slots are taken; returns the limit, lower where the last growth brought too little."""
        if self._skip:
            self._skip -= 1
            return limit
        if self._size == 0:
            self._size, self._replies, self._sum_s = int(limit), 0, 0.0
        self._replies += 1
        self._sum_s += latency_s
        if self._replies < self._size * (CONFIRM if self._doubted else 1):
            return limit
        size, self._size = self._size, 0
        rate = size * self._replies / max(1e-9, self._sum_s)
        if self.found and size <= self._best_size:
            self._rested(rate)
            return limit
        return self._grown(size, rate, limit)

    def _grown(self, size: int, rate: float, limit: float) -> float:
        more = size / self._best_size - 1 if self._best_size else math.inf
        if more < PROBE - 1 and size < self._most:
            return limit  # too few more to tell
        if rate >= self._best * (1 + GAIN * more) or not self._best:
            self._best, self._best_size, self._doubted, self._rest = rate, size, False, PROBE_ROUNDS[0]
            self.ceiling = float(size if self.found else self._most)
        elif not self._doubted:
            self._doubted, self._skip, self.ceiling = True, int(limit), float(size)
        else:
            self._doubted, self._skip, self._rounds, self.found = False, int(limit), 0, True
            if rate > self._best * (1 + WORTH):
                self._best, self._best_size = rate, size
            self.ceiling = float(self._best_size)
        return min(limit, self.ceiling)

    def _rested(self, rate: float) -> None:
        self._best += (rate - self._best) / 4
        self._rounds += 1
        if self._rounds >= self._rest and self._best_size < self._most:
            self._rounds, self._rest = 0, min(2 * self._rest, PROBE_ROUNDS[1])
            self.ceiling = float(min(self._most, math.ceil(PROBE * self._best_size)))
            self._skip = 2 * int(self.ceiling)
