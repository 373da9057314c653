"""Whom to ask and how: the settings that a wire turns into a request body."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Json, Message, Usage

Positive = Annotated[int, msgspec.Meta(ge=1)]
NonNegative = Annotated[float, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Api = Literal["openai", "responses", "anthropic"]


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How each prompt is sampled; `n` samples are n calls. What is left out is not sent."""

    n: Positive = 1
    max_tokens: Positive = 1024
    temperature: NonNegative | None = None
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    stop: tuple[str, ...] = ()


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """US dollars a million tokens. What the provider's prompt cache takes or gives costs as `input_usd` unless set."""

    input_usd: NonNegative | None = None
    output_usd: NonNegative | None = None
    cached_usd: NonNegative | None = None  # prompt tokens read from the cache
    cache_write_usd: NonNegative | None = None  # prompt tokens written to it
    cache_write_hour_usd: NonNegative | None = None  # for an hour, as batches do; None: as `cache_write_usd`

    def rates(self, batch: bool) -> tuple[float, float, float, float]:
        """Input, output, cached and cache-write price of a million tokens, in USD; 0 where tokens are not paid for."""
        fresh, output = self.input_usd or 0.0, self.output_usd or 0.0
        cached, written = self.cached_usd, self.cache_write_usd
        if batch and self.cache_write_hour_usd is not None:
            written = self.cache_write_hour_usd
        return fresh, output, fresh if cached is None else cached, fresh if written is None else written


class Tier(Rates, frozen=True, kw_only=True):
    """What all tokens of a call cost if its prompt is longer than `above_tokens`."""

    above_tokens: Positive
    input_usd: NonNegative
    output_usd: NonNegative


class Price(Rates, frozen=True, kw_only=True):
    """What a teacher costs: by the million tokens, in tiers by length of prompt, or by the hour of one's own GPUs."""

    tiers: tuple[Tier, ...] = ()
    batch: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None  # share that a batch API takes; None: all of it
    gpu_hour_usd: NonNegative | None = None  # of one GPU, for the time in which calls are in flight
    gpus: Positive = 1

    def __post_init__(self) -> None:
        # ValueError: msgspec adds the path.
        if (self.input_usd is None) != (self.output_usd is None):
            raise ValueError("input_usd and output_usd go together")
        if self.input_usd is None and self.gpu_hour_usd is None:
            raise ValueError("a price is input_usd and output_usd, or gpu_hour_usd")

    @property
    def by_token(self) -> bool:
        """Whether tokens have a price; else hours alone have one, and a single reply's cost is not known."""
        return self.input_usd is not None

    def cost_usd(self, usage: Usage, batch: bool = False) -> float:
        """What the tokens of one reply cost."""
        fresh, output, cached, written = self._at(usage.prompt_tokens).rates(batch)
        rest = max(0, usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens)
        prompt = rest * fresh + usage.cached_tokens * cached + usage.cache_write_tokens * written
        return (prompt + usage.completion_tokens * output) * self._share(batch) / 1_000_000

    def worst_usd(self, prompt_tokens: int, completion_tokens: int, batch: bool = False) -> float:
        """The most that a call of at most so many tokens can cost, however its prompt is cached."""
        worst = _worst(self.rates(batch), prompt_tokens, completion_tokens)
        for tier in self.tiers:
            if tier.above_tokens < prompt_tokens:
                worst = max(worst, _worst(tier.rates(batch), prompt_tokens, completion_tokens))
        return worst * self._share(batch) / 1_000_000

    def flat(self, prompt_tokens: int) -> "Price":
        """What calls with prompts of this length cost, without tiers: for sums over many of them."""
        rates = self._at(prompt_tokens)
        return Price(batch=self.batch, **{name: getattr(rates, name) for name in Rates.__struct_fields__})

    def hours_usd(self, busy_s: float) -> float:
        """What one's own GPUs cost for so many seconds of work; 0 where they are not paid for by the hour."""
        return busy_s / 3600 * self.gpus * (self.gpu_hour_usd or 0.0)

    def _share(self, batch: bool) -> float:
        return self.batch if batch and self.batch is not None else 1.0

    def _at(self, prompt_tokens: int) -> Rates:
        reached = [tier for tier in self.tiers if tier.above_tokens < prompt_tokens] if self.tiers else None
        return max(reached, key=lambda tier: tier.above_tokens) if reached else self


def _worst(rates: tuple[float, float, float, float], prompt_tokens: int, completion_tokens: int) -> float:
    fresh, output, cached, written = rates
    return prompt_tokens * max(fresh, cached, written) + completion_tokens * output


class Patience(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast and how patiently to ask; nothing here changes an answer."""

    concurrency: Positive = 64  # most calls in flight; it starts lower and grows
    timeout_s: Seconds = 600.0  # a whole attempt that is not streamed
    first_token_s: Seconds = 120.0  # streaming: from the request to the first event
    idle_s: Seconds = 60.0  # streaming: between two events
    attempts: Positive = 6
    grace_s: NonNegative = 60.0  # how long Ctrl-C waits for calls in flight
    poll_s: Seconds = 5.0  # until the first look at a batch, and between the first ones
    max_tokens_total: Positive | None = None  # prompt and completion tokens that may be bought, worst case reserved
    offline: bool = False  # a call that would be needed is an error
    retry_failed: bool = False  # ask again for rows that failed for good
    share_ledger: bool = False  # the ledger's files are for the group too


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One teacher, ready to be asked: texts read, prices looked up. The key is not part of it."""

    wire: Api
    model: str  # the name on the wire
    label: str  # provider/model, as in bbkd.toml
    base_url: str | None
    identity: str  # what makes an equal request the same request: provider origin, or the name of an own server
    system: str = ""
    shots: tuple[Message, ...] = ()
    schema: dict[str, Json] | None = None
    sampling: Sampling = Sampling()
    extra: dict[str, Json] = {}
    price: Price | None = None  # None: unknown
    weight: float = 1.0
    official: bool = True  # the provider's own API, which knows more field names than compatible servers
    stream: bool = False
    batch: bool = False
    prompt_cache: bool = True  # mark the long system prompt for the provider's cache, where it has one
    on_model_mismatch: Literal["fail", "warn"] = "fail"
    endpoints: Path | None = None  # a file of base URLs, one a line, read again while running
    allow_http: bool = False  # plain http to another machine that this file names


def choose(targets: tuple[Target, ...], prompt_id: str) -> Target:
    """The teacher of a prompt: fixed by its id, in proportion to the weights."""
    if len(targets) == 1:
        return targets[0]
    point = int(text_digest("teacher", prompt_id), 16) / 16**16 * sum(one.weight for one in targets)
    for one in targets:
        point -= one.weight
        if point < 0:
            return one
    return targets[-1]
