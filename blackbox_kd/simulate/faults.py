"""Faults that are drawn: injected 429s and 500s."""

import random

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.script import Error


def injected(settings: Simulated, digest: str, attempt: int) -> Error | None:
    """The fault that meets this attempt (from 1) at a request, drawn anew for each attempt; None: it is answered."""
    if not settings.rate_429 and not settings.rate_500:
        return None
    draw = random.Random(f"{settings.seed}:{digest}:fault:{attempt}").random()
    if draw < settings.rate_429:
        return Error(429, "Rate limit reached (simulated).", retry_after_s=settings.retry_after_s)
    if draw < settings.rate_429 + settings.rate_500:
        return Error(500, "The server had an error while processing your request (simulated).")
    return None
