"""Stretches that say one block again and again: in one of period p, `text[i] == text[i + p]` throughout.

One that is no shorter than two blocks is a square or a run (Crochemore 1981; Kolpakov & Kucherov 1999). Not all are
found: an endless answer is to be recognised in the time of a few searches, whatever it is made of.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

PROBE = 16  # characters that have to occur again before anything is compared
STEP = 44  # characters from one probe to the next
WINDOW = 4096  # how far ahead a probe is looked for, characters
TRIES = 4  # places that are compared for one probe


class Stretch(NamedTuple):
    """Where one block stands twice or more in a row; the last copy may be cut. All in characters."""

    start: int
    end: int
    period: int

    @property
    def again(self) -> int:
        """How many characters say again what stands before them."""
        return self.end - self.start - self.period

    @property
    def copies(self) -> float:
        """How often the block stands there."""
        return (self.end - self.start) / self.period


def stretches(text: str) -> Iterator[Stretch]:
    """Stretches anywhere, in order, of blocks up to 4,096 characters; none that says 60 characters again is missed.

    It may be missed if its block holds one and the same piece of 16 characters several times.
    """
    at, last = 0, len(text) - PROBE
    while at < last:
        probe = text[at : at + PROBE]
        place = text.find(probe, at + 1, at + PROBE + WINDOW)
        stretch = _around(text, at, place) if place >= 0 else None
        if stretch:
            yield stretch
        at = max(at + STEP, stretch.end if stretch else 0)


def _around(text: str, at: int, place: int) -> Stretch | None:
    """The stretch at the probe that occurs again at `place`, or at one of the next places where it does."""
    for _ in range(TRIES):
        start, end = at - alike_before(text, at, place), place + alike(text, at, text, place)
        if end - start >= 2 * (place - at):
            return Stretch(start, end, place - at)
        place = text.find(text[at : at + PROBE], place + 1, at + PROBE + WINDOW)
        if place < 0:
            break
    return None


def endings(text: str, probe: int = PROBE) -> Iterator[Stretch]:
    """The stretches that the text ends in, shortest block first, if they repeat `probe` characters or more.

    Of blocks that are made of a shorter one of these, only the shorter.
    """
    size, limit = len(text), len(text)
    while (place := text.rfind(text[size - probe :], 0, limit - 1)) >= 0 and size >= probe:
        period = size - probe - place
        stretch = Stretch(place - alike_before(text, place, size - probe), size, period)
        if stretch.copies >= 2:
            yield stretch
        limit = min(place + probe, stretch.start + period + probe if stretch.copies >= 2 else size)


def alike(one: str, at: int, other: str, place: int) -> int:
    """How many characters of the one text from `at` on are those of the other from `place` on."""
    return _longest(
        lambda first, last: one[at + first : at + last] == other[place + first : place + last],
        min(len(one) - at, len(other) - place),
    )


def alike_before(text: str, one: int, other: int) -> int:
    """How many characters up to `one` are those up to `other`; `one` comes first."""
    return _longest(lambda first, last: text[one - last : one - first] == text[other - last : other - first], one)


def _longest(same: Callable[[int, int], bool], limit: int) -> int:
    """How far from 0 on two texts are the same, where `same` compares a part; by parts that grow, then by bisection."""
    known, size = 0, 32
    while known < limit and same(known, min(known + size, limit)):
        known, size = min(known + size, limit), size * 2
    high = min(known + size, limit) - 1
    while known < high:
        middle = (known + high + 1) // 2
        known, high = (middle, high) if same(known, middle) else (known, middle - 1)
    return known
