"""`[teacher.simulated]`: the teacher that needs no provider, and how unreliable it is."""

from typing import Annotated

import msgspec

Rate = Annotated[float, msgspec.Meta(ge=0, le=1)]  # share of all replies
Delay = Annotated[float, msgspec.Meta(ge=0)]  # seconds
Limit = Annotated[int, msgspec.Meta(ge=1)]


class Simulated(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A teacher that answers one of our own tasks from an oracle, with noise and faults at the given rates.

    The rates of noise, wrong to duplicated, are shares of the billed replies and add up to at most 1; `rate_429` and
    `rate_500` are shares of the attempts.
    """

    task: str = ""  # tickets, units or word_problems; "": no oracle, a fixed sentence for every prompt
    seed: int = 0
    wrong: Rate = 0.0
    refused: Rate = 0.0
    truncated: Rate = 0.0  # cut in the middle, finish_reason length
    rambling: Rate = 0.0  # the answer inside a long talk
    leaking: Rate = 0.0  # the answer after "As ChatGPT, a model trained by OpenAI, ..."
    duplicated: Rate = 0.0  # the answer twice over
    reasoning: str = ""  # thoughts before each answer: reasoning_content, a thinking block or a reasoning summary
    rate_429: Rate = 0.0
    rate_500: Rate = 0.0
    retry_after_s: Delay = 1.0  # what an injected 429 tells
    latency_s: Delay = 0.0  # before a reply's headers
    slow: Rate = 0.0  # share of the replies whose latency_s is ten times as long
    first_token_s: Delay = 0.0  # before the first token of a reply
    token_s: Delay = 0.0  # before each further token; a reply that is not streamed takes as long as one that is
    concurrent: Limit | None = None  # most requests worked on at once, the others wait, as at an own server
    max_requests_per_minute: Limit | None = None  # for each of the two vendors, as the two below
    max_tokens_per_minute: Limit | None = None  # OpenAI: the larger of prompt and max_tokens; Anthropic: the prompt
    max_output_tokens_per_minute: Limit | None = None  # Anthropic's; None: a fifth of max_tokens_per_minute
    burst: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1  # size of each token bucket, as share of its limit
    rate_headers: bool = True  # replies tell the limits and what remains
    retry_headers: bool = True  # a 429 tells when to come back
    served_model: str | None = None  # the name that replies carry; None: simulated-TASK
    api_key: str | None = None  # the only key that is let in; None: any or none

    def __post_init__(self) -> None:
        total = self.wrong + self.refused + self.truncated + self.rambling + self.leaking + self.duplicated
        # A rounding error of the user's own decimals is no mistake. ValueError: msgspec adds the path.
        if total > 1 + 1e-9:
            raise ValueError(f"the rates of noise, from wrong to duplicated, add up to {total:g}, which is above 1")
        if self.rate_429 + self.rate_500 > 1 + 1e-9:
            raise ValueError(f"rate_429 and rate_500 add up to {self.rate_429 + self.rate_500:g}, which is above 1")
