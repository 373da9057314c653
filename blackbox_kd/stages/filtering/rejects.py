"""`bbkd rejects`: what was rejected and why, shown so that no text can harm a terminal."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from blackbox_kd.errors import UsageError
from blackbox_kd.jsonl import read_rows
from blackbox_kd.records import Record, Rejection, Verdict
from blackbox_kd.run import REJECTED, RunDir, require
from blackbox_kd.text import safe

AROUND = 60  # characters shown on each side of the evidence
START = 160  # characters of a text without evidence, and of a prompt


class Shown(Record, frozen=True, kw_only=True):
    """One rejected completion, for people; texts are excerpts, harmless and in one line."""

    id: str
    reason: str
    also: tuple[str, ...]  # further reasons
    value: float | str | None
    threshold: float | str | None
    duplicate_of: str | None
    prompt: str
    text: str
    chars: int  # of the whole text


def reasons(run: RunDir) -> dict[str, int]:
    """How many were rejected for which reason, by any filter that spoke against them, the most common first."""
    found = Counter(named(verdict) for one in rejected(run) for verdict in one.verdicts)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def rejects(run: RunDir, reason: str, most: int) -> list[Shown]:
    """The first so many that a filter rejected: `length` or `length:too_long`. Raises `UsageError` for a wrong name."""
    matching = (one for one in rejected(run) if any(matches(verdict, reason) for verdict in one.verdicts))
    found = [shown(one, reason) for one in islice(matching, most)]
    if not found:
        known = ", ".join(reasons(run)) or "none: nothing was rejected"
        raise UsageError(f"nothing was rejected for {reason!r}", f"There are: {known}.")
    return found


def rejected(run: RunDir) -> Iterator[Rejection]:
    """The rows that did not pass, one at a time."""
    return read_rows(require(run / REJECTED, "filter"), Rejection)


def matches(verdict: Verdict, reason: str) -> bool:
    """Whether a verdict is of this filter, or of this very reason."""
    return reason in (verdict.rule, named(verdict))


def named(verdict: Verdict) -> str:
    """rule:reason."""
    return f"{verdict.rule}:{verdict.reason}"


def shown(one: Rejection, reason: str) -> Shown:
    """A rejection for people, with the evidence of the verdict that was asked for."""
    verdict = next(found for found in one.verdicts if matches(found, reason))
    prompt = one.completion.messages[-1].content if one.completion.messages else ""
    return Shown(
        id=one.id,
        reason=named(verdict),
        also=tuple(named(found) for found in one.verdicts if found is not verdict),
        value=verdict.value,
        threshold=verdict.threshold,
        duplicate_of=verdict.duplicate_of,
        prompt=excerpt(prompt, None),
        text=excerpt(one.completion.text, verdict.span),
        chars=len(one.completion.text),
    )


def excerpt(text: str, span: tuple[int, int] | None) -> str:
    """A part of a text in one line, harmless; the evidence stands between » and «."""
    if span is None:
        start, stop, marked = 0, START, text[:START]
    else:
        start, stop = max(0, span[0] - AROUND), span[1] + AROUND
        inside = text[span[0] : span[1]]
        inside = inside if len(inside) <= 2 * START else f"{inside[:START]} ... {inside[-START:]}"
        marked = f"{text[start : span[0]]}»{inside}«{text[span[1] : stop]}"
    line = " ".join(safe(marked).split())
    return f"{'... ' if start else ''}{line}{' ...' if stop < len(text) else ''}"


def lines_of(found: list[Shown]) -> Iterator[str]:
    """The same as lines."""
    for one in found:
        measured = "" if one.value is None else f" (value {plain(one.value)}"
        measured += f", threshold {plain(one.threshold)})" if one.threshold is not None and measured else ")"
        twin = f", like {one.duplicate_of}" if one.duplicate_of else ""
        also = f"; also {', '.join(one.also)}" if one.also else ""
        yield f"{safe(one.id)}: {one.reason}{measured if one.value is not None else ''}{safe(twin)}{also}"
        yield f"  prompt: {one.prompt}"
        yield f"  answer ({one.chars:,} characters): {one.text}"


def plain(value: float | str) -> str:
    """A value in few characters."""
    return value if isinstance(value, str) else f"{value:.6g}"
