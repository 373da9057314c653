"""Answers that say the same thing over and over, as models do that do not find an end."""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.records import Completion, Span, Verdict
from blackbox_kd.repeats import Stretch, stretches

COUNTED = 12  # copies that differ in their digits (a list, a table of data) are a loop from here on
PLAIN = frozenset("0123456789-=_*#~.+|:,;/\\()[]{}<>&")  # what rules, numbers and tables are made of ...
PLAIN_SHARE = 4  # ... and repeat: a quarter counts
MOST = 12  # of a third copy, so many characters have to be there
DIGITS = b"0123456789"
WHITE = b" \t\n\r\x0b\x0c"
LOWER = bytes(range(65)) + bytes(range(97, 123)) + bytes(range(91, 256))  # A-Z as a-z
FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
TABLE = re.compile(r"(?:^[ \t]*\|.*(?:\n|\Z))+", re.MULTILINE)
MARKED = (("$$", "$$"), ("\\[", "\\]"), ("\\begin{", "\\end{"), ("<table", "</table>"))  # LaTeX and HTML
LINK = re.compile(r"\]\(|href=|://")  # what a list of versions or pages repeats beside its numbers ...
LINKED = 48  # ... in so many characters


class Loops(RowRule, frozen=True, kw_only=True, tag="loops"):
    """Rejects a completion where more than `max_chars` characters in a row say again what stands right before them.

    A block has to stand there more than twice, at the end or anywhere else. Case, digits and white space are nothing;
    but copies that differ in digits count from 12 on, short ones with a link (lists of versions) not at all, and of
    blocks without words (rules, equal numbers) a quarter counts. Whole JSON, closed code blocks, tables and LaTeX may
    repeat themselves.
    """

    thresholds: ClassVar[frozenset[str]] = frozenset({"max_chars"})
    max_chars: Annotated[int, msgspec.Meta(ge=1)] = 60

    def measure(self, completion: Completion) -> Measured:
        """The most characters that say again what stands before them, and where they do so."""
        text = completion.text
        best, where, aside = 0, None, None
        for folded, dropped, stretch in found_in(text):
            part = PLAIN_SHARE if PLAIN.issuperset(folded[stretch.start : stretch.start + stretch.period]) else 1
            if stretch.again // part <= best:
                continue
            span = (place_of(text, stretch.start, dropped), place_of(text, stretch.end, dropped))
            count = counted(text[slice(*span)], stretch) // part
            if count > best:
                aside = set_aside(text) if aside is None else aside
                if not any(start <= span[0] and span[1] <= end for start, end in aside):
                    best, where = count, span
        return Measured(best, where)

    def decide(self, found: Measured) -> Verdict:
        """Reject what is said again at too great a length."""
        kept = not isinstance(found.value, int | float) or found.value <= self.max_chars
        return Verdict(
            rule=self.name,
            kept=kept,
            reason="" if kept else "loop",
            value=found.value,
            threshold=self.max_chars,
            span=found.span,
        )


def fold(text: str, dropped: bytes = b"") -> str:
    """The text in lower case without white space and other characters to drop (ASCII), as fast as bytes are."""
    data = text.encode("utf-8", "surrogatepass").translate(LOWER, WHITE + dropped)
    return data.decode("utf-8", "surrogatepass")


def place_of(text: str, folded: int, dropped: bytes) -> int:
    """The character of the text up to which the folded text has so many characters."""
    low, high, known = 0, len(text), 0
    while low < high:
        middle = (low + high) // 2
        size = known + len(fold(text[low:middle], dropped))
        if size < folded:
            low, known = middle + 1, size + len(fold(text[middle], dropped))
        else:
            high = middle
    return low


def looped(stretch: Stretch) -> bool:
    """Whether the block stands there more than twice."""
    return stretch.again >= stretch.period + min(stretch.period, MOST)


def found_in(text: str) -> Iterator[tuple[str, bytes, Stretch]]:
    """Where the text says something again: the folded text, what was dropped to fold it, and a stretch of it."""
    digits = len(fold(text, DIGITS)) < len(text) // 2  # they may be all that is said again
    for dropped in (DIGITS, b"")[: 1 + digits]:
        folded = fold(text, dropped)
        yield from ((folded, dropped, stretch) for stretch in stretches(folded) if looped(stretch))


def counted(text: str, stretch: Stretch) -> int:
    """How many of the characters that are said again in such a part of a text count."""
    exact = fold(text)
    listed = stretch.period <= LINKED and LINK.search(text)
    if len(exact) == stretch.end - stretch.start or (stretch.copies >= COUNTED and not listed):
        return stretch.again
    return max((one.again for one in stretches(exact) if looped(one)), default=0)


def set_aside(text: str) -> list[Span]:
    """Where a text may repeat itself: the whole if it is JSON, its closed code blocks, tables and LaTeX."""
    if text.lstrip()[:1] in ("{", "["):
        with contextlib.suppress(ValueError, RecursionError):
            json.loads(text)
            return [(0, len(text))]
    fences = [fence.start() for fence in FENCE.finditer(text)]
    blocks = list(zip(fences[::2], fences[1::2], strict=False))
    return [
        *blocks,
        *(table.span() for table in TABLE.finditer(text)),
        *(p for pair in MARKED for p in pairs(text, *pair)),
    ]


def pairs(text: str, opening: str, closing: str) -> Iterator[Span]:
    """From each opening to the next closing."""
    start = text.find(opening)
    while start >= 0 and (end := text.find(closing, start + len(opening))) >= 0:
        yield start, end + len(closing)
        start = text.find(opening, end + len(closing))
