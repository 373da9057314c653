"""Retry policy: a pure function of what went wrong and how often.

Full jitter (Brooker, "Exponential Backoff And Jitter", 2015); a server's own hint is a floor, never a ceiling.
"""

import random

import msgspec

from blackbox_kd.teachers.wire import WireError

BASE_S = 1.0
CAP_S = 60.0
PATIENCE_S = 900.0  # a server that asks for more than this has a daily limit: stop, and go on later
CONNECT_ATTEMPTS = 3  # nothing listens there: no use in asking six times


class Again(msgspec.Struct, frozen=True):
    """Try the row again after `after_s` seconds."""

    after_s: float


class GiveUpRow(msgspec.Struct, frozen=True):
    """The row brings nothing in this run; `retryable` says whether a later run may get it."""

    retryable: bool


class StopRun(msgspec.Struct, frozen=True):
    """No row can succeed now; `refused` tells a refusal (exit 5) from an outage (exit 6)."""

    refused: bool


Decision = Again | GiveUpRow | StopRun


def decide(error: WireError, attempt: int, attempts: int, rng: random.Random) -> Decision:
    """What to do after failed attempt number `attempt` (from 1) of at most `attempts`."""
    if error.scope == "run":
        return StopRun(refused=True)
    if error.scope == "row":
        return GiveUpRow(retryable=False)
    hint = error.retry_after_s or 0.0
    if hint > PATIENCE_S:
        return StopRun(refused=False)
    if error.code == "connect" and attempt >= min(CONNECT_ATTEMPTS, attempts):
        return StopRun(refused=False)
    if attempt >= attempts:
        return GiveUpRow(retryable=True)
    if hint:
        return Again(hint + rng.uniform(0.0, 0.1 * hint + 0.5))
    ceiling = min(CAP_S, BASE_S * 2 ** (attempt - 1))
    return Again(rng.uniform(0.05 * ceiling, ceiling))
