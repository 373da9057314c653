"""Rate limits as providers keep them: token buckets that refill all the time, and the headers that tell of them."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.shapes import Billed, Fault

OUTPUT_SHARE = 5  # Anthropic's output limits are about a fifth of its input limits
RFC_3339 = "%Y-%m-%dT%H:%M:%SZ"
MS = 1000


class Bucket:
    """A bucket of requests or tokens, on a monotonic clock; what is larger than it waits until it is full."""

    def __init__(self, limit_per_minute: int, burst: float) -> None:
        self.limit = limit_per_minute
        self.rate_per_s = limit_per_minute / 60
        self.size = max(1.0, limit_per_minute * burst)
        self.level = self.size
        self._at_s: float | None = None

    def refill(self, now_s: float) -> None:
        """Let the time since the last call flow in."""
        if self._at_s is not None:
            self.level = min(self.size, self.level + (now_s - self._at_s) * self.rate_per_s)
        self._at_s = now_s

    def wait_s(self, cost: float) -> float:
        """How long until there is enough; 0 where there is."""
        missing = min(cost, self.size) - self.level
        return missing / self.rate_per_s if missing > 1e-9 else 0.0

    def take(self, cost: float) -> None:
        """Take so much out; less than nothing puts it back."""
        self.level = min(self.size, self.level - cost)

    @property
    def remaining(self) -> int:
        """What there is, in whole requests or tokens."""
        return max(0, int(self.level + 1e-9))

    @property
    def reset_s(self) -> float:
        """How long until it is full."""
        return (self.size - self.level) / self.rate_per_s


def buckets(limits: Mapping[str, int | None], burst: float) -> dict[str, Bucket]:
    """A bucket for each limit that is set."""
    return {name: Bucket(limit, burst) for name, limit in limits.items() if limit is not None}


class Limits(ABC):
    """The limits of one vendor; a request must fit into all of them, and takes from all or from none."""

    def __init__(self, settings: Simulated, limits: Mapping[str, int | None]) -> None:
        self.told = settings.rate_headers
        self.buckets = buckets(limits, settings.burst)

    @abstractmethod
    def cost(self, asked: Asked) -> Mapping[str, float]:
        """What a request takes from each bucket when it is let in."""

    def refusal(self, asked: Asked, now_s: float) -> Fault | None:
        """Let a request in at a time on a monotonic clock, or tell how long to wait."""
        if not self.buckets:
            return None
        self._refill(now_s)
        cost = self.cost(asked)
        waits_s = {name: bucket.wait_s(cost[name]) for name, bucket in self.buckets.items()}
        name, wait_s = max(waits_s.items(), key=lambda item: item[1])
        if wait_s == 0.0:
            for other, bucket in self.buckets.items():
                bucket.take(cost[other])
            return None
        self.failed(now_s)  # counts against the other limits
        bucket = self.buckets[name]
        message = (
            f"Rate limit reached for {asked.model} on {name.replace('_', ' ')} per min: Limit {bucket.limit}, "
            f"Remaining {bucket.remaining}, Requested {cost[name]:.0f}. Please try again in {_duration(wait_s)}."
        )
        return Fault(429, message, math.ceil(wait_s * MS) / MS, self.kind(name))

    def kind(self, name: str) -> str | None:
        """What the error of a limit is called; None: as any 429."""
        return None

    def failed(self, now_s: float) -> None:
        """A request failed before it was let in."""
        self._refill(now_s)

    def settle(self, asked: Asked, billed: Billed) -> None:
        """A reply was made: put back what was taken too much."""
        for name, tokens in self.unused(asked, billed).items():
            if name in self.buckets:
                self.buckets[name].take(-tokens)

    def unused(self, asked: Asked, billed: Billed) -> Mapping[str, float]:
        """What a reply did not use of what its request took, by bucket."""
        return {}

    def headers(self, now_s: float) -> dict[str, str]:
        """What a response tells of the limits."""
        if not self.told or not self.buckets:
            return {}
        self._refill(now_s)
        return self._headers()

    def _refill(self, now_s: float) -> None:
        for bucket in self.buckets.values():
            bucket.refill(now_s)

    @abstractmethod
    def _headers(self) -> dict[str, str]:
        """What a response tells of the limits that are set, the buckets being filled up to now."""


class OpenAILimits(Limits):
    """Requests and tokens; failed requests count too, and a request counts the larger of prompt and max_tokens."""

    def __init__(self, settings: Simulated) -> None:
        super().__init__(
            settings, {"requests": settings.max_requests_per_minute, "tokens": settings.max_tokens_per_minute}
        )

    def cost(self, asked: Asked) -> Mapping[str, float]:
        """One request, and the larger of prompt and max_tokens."""
        return {"requests": 1, "tokens": max(asked.prompt_tokens, asked.max_tokens or 0)}

    def kind(self, name: str) -> str | None:
        """`requests` or `tokens`."""
        return name

    def failed(self, now_s: float) -> None:
        """Counts as a request where there is room for one."""
        super().failed(now_s)
        requests = self.buckets.get("requests")
        if requests is not None and requests.wait_s(1) == 0.0:
            requests.take(1)

    def _headers(self) -> dict[str, str]:
        told = {}
        for name, bucket in self.buckets.items():
            told[f"x-ratelimit-limit-{name}"] = str(bucket.limit)
            told[f"x-ratelimit-remaining-{name}"] = str(bucket.remaining)
            told[f"x-ratelimit-reset-{name}"] = _duration(bucket.reset_s)
        return told


class AnthropicLimits(Limits):
    """Requests, input and output tokens; output counts `max_tokens` until the reply is there, cached input never."""

    def __init__(self, settings: Simulated) -> None:
        tokens = settings.max_tokens_per_minute
        output = settings.max_output_tokens_per_minute
        if output is None and tokens is not None:
            output = max(1, tokens // OUTPUT_SHARE)
        super().__init__(
            settings,
            {"requests": settings.max_requests_per_minute, "input_tokens": tokens, "output_tokens": output},
        )

    def cost(self, asked: Asked) -> Mapping[str, float]:
        """One request, the prompt, and `max_tokens`."""
        return {"requests": 1, "input_tokens": asked.prompt_tokens, "output_tokens": asked.max_tokens or 0}

    def unused(self, asked: Asked, billed: Billed) -> Mapping[str, float]:
        """Cached input, and the output that was not made."""
        output = (asked.max_tokens or 0) - billed.completion_tokens
        return {"input_tokens": billed.cached_tokens, "output_tokens": output}

    def _headers(self) -> dict[str, str]:
        now = datetime.now(UTC)
        told = {}
        for name, group in self._groups().items():
            reset = now + timedelta(seconds=max(bucket.reset_s for bucket in group) + 0.999999)  # strftime rounds down
            told[f"anthropic-ratelimit-{name}-limit"] = str(sum(bucket.limit for bucket in group))
            told[f"anthropic-ratelimit-{name}-remaining"] = str(sum(bucket.remaining for bucket in group))
            told[f"anthropic-ratelimit-{name}-reset"] = reset.strftime(RFC_3339)
        return told

    def _groups(self) -> dict[str, list[Bucket]]:
        groups = {name.replace("_", "-"): [bucket] for name, bucket in self.buckets.items()}
        tokens = [bucket for name, bucket in self.buckets.items() if name.endswith("tokens")]
        return groups | ({"tokens": tokens} if tokens else {})


def _duration(seconds: float) -> str:
    """As OpenAI writes it: 12ms, 1.5s, 6m0s."""
    ms = math.ceil(seconds * MS - 1e-6)
    if ms < MS:
        return f"{ms}ms"
    minutes, rest = divmod(ms, 60 * MS)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{head}{rest / MS:g}s"
