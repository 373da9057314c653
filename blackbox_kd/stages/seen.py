"""Which requests were met before, for millions of rows in little memory."""

from array import array

LOAD = 0.75


class Seen:
    """A set of at most `most` request keys: 63 bits of each in an open-addressing table, 11 bytes a key.

    Two of 10 million different keys are taken for equal with probability 5e-6 (birthday bound).
    """

    def __init__(self, most: int) -> None:
        self._table = array("Q", bytes(8 * (int(most / LOAD) + 2)))

    def first(self, key: str) -> bool:
        """Add a key of hexadecimal digits; whether it is new."""
        table, size, value = self._table, len(self._table), int(key[:16], 16) | 1  # 0 is an empty place
        place = (value >> 1) % size
        while (found := table[place]) != value:
            if not found:
                table[place] = value
                return True
            place = (place + 1) % size
        return False
