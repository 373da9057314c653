"""Whom to ask and how: the settings that a wire turns into a request body."""

from typing import Annotated, Literal

import msgspec

from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Json, Message

Positive = Annotated[int, msgspec.Meta(ge=1)]
NonNegative = Annotated[float, msgspec.Meta(ge=0)]


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How each prompt is sampled; `n` samples are n calls. What is left out is not sent."""

    n: Positive = 1
    max_tokens: Positive = 1024
    temperature: NonNegative | None = None
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    stop: tuple[str, ...] = ()


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """US dollars a million tokens."""

    input_usd: NonNegative
    output_usd: NonNegative

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost."""
        return (prompt_tokens * self.input_usd + completion_tokens * self.output_usd) / 1_000_000


class Patience(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast and how patiently to ask; nothing here changes an answer."""

    concurrency: Positive = 32  # most calls in flight; it starts lower and grows
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 600.0  # a whole attempt
    attempts: Positive = 6
    grace_s: NonNegative = 60.0  # how long Ctrl-C waits for calls in flight


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One teacher, ready to be asked: texts read, prices looked up. The key is not part of it."""

    wire: Literal["openai", "anthropic"]
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


def choose(targets: tuple[Target, ...], prompt_id: str) -> Target:
    """The teacher of a prompt: fixed by its id, in proportion to the weights."""
    point = int(text_digest("teacher", prompt_id), 16) / 16**16 * sum(one.weight for one in targets)
    for one in targets:
        point -= one.weight
        if point < 0:
            return one
    return targets[-1]
