"""Only answers that the teacher finished: a truncated or refused reply is data about the teacher, not an example."""

from collections.abc import Callable
from typing import ClassVar

from blackbox_kd.filters.base import Given, Measured, PreparedRule
from blackbox_kd.filters.endings import Cut, cut
from blackbox_kd.records import Completion, FinishReason, Verdict

SHOWN = 40  # characters at the end of a text that was cut


class Gate(PreparedRule, frozen=True, kw_only=True, tag="gate"):
    """Keeps completions by `finish_reason`; where it is unknown, only if nothing says that the text was cut.

    It was cut if the provider counted as many tokens as the teacher was allowed, or if it leaves reasoning, a JSON
    value, a code block, LaTeX or a table's row open; where nobody counted, also if it stops inside a sentence.
    """

    thresholds: ClassVar[frozenset[str]] = frozenset({"accept"})
    accept: tuple[FinishReason | Cut, ...] = ("stop", "unknown")

    def measurer(self, given: Given) -> Callable[[Completion], Measured]:
        """The finish reason; where it is unknown, how the text was cut, if it was."""

        def measure(one: Completion) -> Measured:
            if one.finish_reason != "unknown":
                return Measured(one.finish_reason)
            how, size = how_cut(one, given.max_tokens.get(one.teacher)), len(one.text)
            return Measured(how, (max(0, size - SHOWN), size)) if how else Measured("unknown")

        return measure

    def decide(self, found: Measured) -> Verdict:
        """Reject what did not end by itself; the reason is the finish reason, or how the text was cut."""
        kept = found.value in self.accept
        return Verdict(
            rule=self.name, kept=kept, reason="" if kept else str(found.value), value=found.value, span=found.span
        )


def how_cut(one: Completion, limit: int | None) -> Cut | None:
    """How a completion was cut that may have had at most `limit` tokens; None if nothing says that it was."""
    counted = one.usage.completion_tokens if one.usage.source == "provider" else 0
    if limit and counted >= limit:
        return "at_limit"
    return cut(one.text, sentences=not (limit and counted))
