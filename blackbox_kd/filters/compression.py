"""Answers that keep turning over a few phrases, in whatever order."""

import zlib
from typing import Annotated, ClassVar

import msgspec

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.filters.loops import set_aside
from blackbox_kd.records import Completion, Verdict

END = 4096  # characters at the end that are looked at: any long text holds repetition
LOW = 4.0  # up to here honest text goes, and nothing has to be set aside


class Compression(RowRule, frozen=True, kw_only=True, tag="compression"):
    """Rejects a completion whose last 4,096 characters zlib makes more than `max_ratio` times smaller.

    Whole JSON, closed code blocks, tables and LaTeX are set aside.
    """

    thresholds: ClassVar[frozenset[str]] = frozenset({"max_ratio"})
    max_ratio: Annotated[float, msgspec.Meta(ge=1)] = 8.0

    def measure(self, completion: Completion) -> Measured:
        """How many times smaller the end becomes (UTF-8, zlib's level 1)."""
        found = ratio(completion.text)
        return Measured(found if found <= LOW else ratio(without(completion.text)))

    def decide(self, found: Measured) -> Verdict:
        """Reject what is mostly repetition."""
        kept = not isinstance(found.value, int | float) or found.value <= self.max_ratio
        return Verdict(
            rule=self.name,
            kept=kept,
            reason="" if kept else "repetitive",
            value=found.value,
            threshold=self.max_ratio,
            span=found.span,
        )


def ratio(text: str) -> float:
    """The size of a text's end over its compressed size, to three decimals; below 1 if it becomes larger."""
    data = text[-END:].encode("utf-8", "surrogatepass")
    return round(len(data) / len(zlib.compress(data, 1)), 3)


def without(text: str) -> str:
    """The text without the parts that may repeat themselves."""
    parts, last = [], 0
    for start, end in sorted(set_aside(text)):
        parts.append(text[last : max(last, start)])
        last = max(last, end)
    return "".join((*parts, text[last:]))
