"""The circuit breaker of a run: rows that fail for good, many in a row or most of the last ones, stop it."""

from collections import Counter, deque

FIRST = 5  # rows refused alike before any was answered: the request itself is wrong
IN_A_ROW = 20
WINDOW = 200  # newest rows that are looked at
FEWEST = 50  # of them, before a share says anything
SHARE = 0.5


class Circuit:
    """Counts rows that were answered and rows that failed for good; rows that a later run may get count as neither."""

    def __init__(self) -> None:
        self.answered = 0
        self._in_a_row = 0
        self._codes: Counter[str] = Counter()  # of the failures since the last answer
        self._newest: deque[bool] = deque(maxlen=WINDOW)  # True: failed

    def succeeded(self) -> None:
        """Count a row that was answered."""
        self.answered += 1
        self._in_a_row = 0
        self._codes.clear()
        self._newest.append(False)

    def failed(self, code: str) -> str:
        """Count a row that failed for good; returns why the run has to stop, "" where it goes on.

        Where `answered` is 0 then, the provider refuses the run as a whole.
        """
        self._in_a_row += 1
        self._codes[code] += 1
        self._newest.append(True)
        if not self.answered and self._in_a_row == self._codes[code] >= FIRST:
            return f"the first {self._in_a_row} rows all failed with {code}"
        if self._in_a_row >= IN_A_ROW:
            return f"{self._in_a_row} rows in a row failed for good, most with {self._codes.most_common(1)[0][0]}"
        bad, seen = sum(self._newest), len(self._newest)
        if seen >= FEWEST and bad > SHARE * seen:
            return f"{bad} of the last {seen} rows failed for good, the last with {code}"
        return ""
