"""Stop rate: how many answers end by themselves."""

from collections.abc import Iterable

from blackbox_kd.records import FinishReason


def stop_rate(reasons: Iterable[FinishReason]) -> float | None:
    """The share of answers that ended with `stop`, of those whose finish reason is known; None where none is."""
    known = [reason == "stop" for reason in reasons if reason != "unknown"]
    return sum(known) / len(known) if known else None
