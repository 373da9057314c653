"""Retry policy: a pure function of what went wrong, how often, and what is left of the endpoint's retry budget.

Full jitter (Brooker, "Exponential Backoff And Jitter", 2015); a server's own hint is a floor, never a ceiling. The
budget is a token bucket as in the AWS SDKs and gRPC (proposal A6): an outage costs a bounded number of calls.
"""

import random
from datetime import datetime

import msgspec

from blackbox_kd.errors import BbkdError, ProviderRefused, ProviderUnavailable
from blackbox_kd.teachers.wire import WireError

BASE_S = 1.0
OVERLOADED_BASE_S = 3.0
CAP_S = 60.0
PATIENCE_S = 900.0  # a server that asks for more than this has a daily limit: stop, and go on later
CONNECT_ATTEMPTS = 3  # nothing listens there: no use in asking six times
AMBIGUOUS_ATTEMPTS = 3  # each may be paid for, and none is seen
AMBIGUOUS = frozenset(("timeout", "connection_lost", "incomplete"))
MOST_TOKENS = 100.0
RETRY_TOKENS = 5.0
TIMEOUT_TOKENS = 10.0
DENIED_IN_A_ROW = 10  # retries that an empty budget denies, with no answer in between, before the run stops


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


class RetryBudget:
    """What one endpoint may still be retried: a retry costs 5 tokens, after a timeout 10; an answer gives 1 back.

    It starts full, with 100 tokens, or 10 for each of `concurrency` calls where that is more: a break that hits all
    calls in flight at once is one piece of news.
    """

    def __init__(self, concurrency: int = 1) -> None:
        self.most = max(MOST_TOKENS, TIMEOUT_TOKENS * concurrency)
        self.tokens = self.most
        self._denied = 0

    @property
    def dead(self) -> bool:
        """Whether 10 retries were denied since the last answer: the endpoint is away."""
        return self._denied >= DENIED_IN_A_ROW

    def succeeded(self) -> None:
        """Count an answer."""
        self.tokens = min(self.most, self.tokens + 1.0)
        self._denied = 0

    def take(self, error: WireError) -> bool:
        """Pay for a retry; False where the budget cannot. A wait that a 429 asks for is no fault, and costs nothing."""
        if error.throttled and error.retry_after_s:
            return True
        cost = TIMEOUT_TOKENS if error.code == "timeout" else RETRY_TOKENS
        if self.tokens < cost:
            self._denied += 1
            return False
        self.tokens -= cost
        return True


def decide(error: WireError, attempt: int, attempts: int, rng: random.Random, budget: RetryBudget) -> Decision:
    """What to do after failed attempt number `attempt` (from 1) of at most `attempts`; `budget` pays for a retry."""
    if error.scope != "attempt":
        return StopRun(refused=True) if error.scope == "run" else GiveUpRow(retryable=False)
    hint_s = error.retry_after_s or 0.0
    if hint_s > PATIENCE_S or (error.code == "connect" and attempt >= min(CONNECT_ATTEMPTS, attempts)):
        return StopRun(refused=False)
    if error.final or attempt >= (min(AMBIGUOUS_ATTEMPTS, attempts) if error.code in AMBIGUOUS else attempts):
        return GiveUpRow(retryable=True)
    if not budget.take(error):
        return StopRun(refused=False) if budget.dead else GiveUpRow(retryable=True)
    return Again(backoff_s(hint_s, attempt, OVERLOADED_BASE_S if error.overloaded else BASE_S, rng))


def backoff_s(hint_s: float, attempt: int, base_s: float, rng: random.Random) -> float:
    """Seconds to wait after failed attempt number `attempt`: a little more than the hint, else between 5 and 100 % of
    a ceiling that starts at `base_s`, doubles with every attempt and ends at 60 s."""
    if hint_s:
        return hint_s + rng.uniform(0.0, 0.1 * hint_s + 0.5)
    ceiling = min(CAP_S, base_s * 2.0 ** min(attempt - 1, 10))
    return rng.uniform(0.05 * ceiling, ceiling)


def stopped(error: WireError, refused: bool, now_s: float) -> BbkdError:
    """The error that ends the run; `now_s` (Unix time) turns a long wait into the time at which to go on."""
    if refused:
        fix = error.fix or "Correct the request in [teacher], then run the same command: what was paid is kept."
        return ProviderRefused(f"the teacher refused the run: {error.message} ({error.code})", fix)
    wait_s, when = error.retry_after_s or 0.0, "later"
    asks = ""
    if wait_s > PATIENCE_S:
        when = f"after {clock_time(now_s + wait_s)}"
        asks = f" It asks to wait {in_words(wait_s)}."
    message = f"the teacher cannot be reached: {error.message} ({error.code}).{asks}"
    return ProviderUnavailable(message, f"{error.fix} Run the same command {when}: what was paid is kept.".strip())


def clock_time(at_s: float) -> str:
    """Unix time as local date and time to the minute, rounded up, with its zone."""
    return datetime.fromtimestamp(-(-at_s // 60) * 60).astimezone().strftime("%Y-%m-%d %H:%M %Z")


def in_words(wait_s: float) -> str:
    """A wait as hours and minutes, rounded up."""
    hours, minutes = divmod(int(-(-wait_s // 60)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
