"""The records that pass between stages, one JSON object a line, and the teacher that makes them.

All are frozen `msgspec.Struct`s that refuse unknown fields: what is read back is what was written.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

Role = Literal["system", "user", "assistant"]
Split = Literal["train", "held_out"]
Span = tuple[int, int]  # character offsets
FinishReason = Literal["stop", "length", "content_filter", "refusal", "tool", "other", "unknown"]
if TYPE_CHECKING:
    Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
else:
    Json = Any  # msgspec resolves no recursive alias; JSON is all that it can decode anyway


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Base of all records: immutable, strict, defaults left out on disk."""


class Message(Record, frozen=True, kw_only=True):
    """One turn of a conversation."""

    role: Role
    content: str


class Prompt(Record, frozen=True, kw_only=True):
    """What is asked: the user's messages, without the teacher's or the student's system prompt.

    `family` groups prompts that must stay on one side of the split; `reference` is the gold answer,
    which no filter sees.
    """

    id: str
    messages: tuple[Message, ...]
    split: Split
    family: str
    reference: str | None = None
    slice: str | None = None
    weight: float = 1.0
    source: str = ""
    second_sample: bool = False  # held out, and asked twice: how far the teacher agrees with itself
    meta: dict[str, Json] = {}


class Usage(Record, frozen=True, kw_only=True):
    """Tokens of one reply; `source` says whether the provider counted them or we estimated (4 characters a token)."""

    prompt_tokens: int  # all of them, read from or written to the provider's prompt cache included
    completion_tokens: int  # all of them, reasoning included
    source: Literal["provider", "estimated", "none"] = "provider"
    cached_tokens: int = 0  # of the prompt's: read from the provider's cache
    cache_write_tokens: int = 0  # of the prompt's: written to it
    reasoning_tokens: int = 0  # of the completion's


class Completion(Record, frozen=True, kw_only=True):
    """One reply of the teacher to sample number `sample` of a prompt. It carries no reference."""

    prompt_id: str
    sample: int
    messages: tuple[Message, ...]
    split: Split
    text: str
    finish_reason: FinishReason
    teacher: str  # provider/model as configured
    served_model: str  # the model's name as the reply gives it
    usage: Usage
    reasoning: str | None = None
    category: str = ""  # why the provider refused, where it says so
    cost_usd: float | None = None  # None where the price is unknown
    weight: float = 1.0  # the prompt's
    family: str = ""  # the prompt's
    imported: bool = False
    scores: dict[str, float] = {}  # by judge, verification, student or people; only where the judge stage ran

    @property
    def id(self) -> str:
        """`prompt_id#sample`: the name of this completion in every later file."""
        return f"{self.prompt_id}#{self.sample}"


class Failure(Record, frozen=True, kw_only=True):
    """A row that brought no completion: which, why, and whether a later run may get it."""

    prompt_id: str
    sample: int
    code: str
    message: str
    retryable: bool
    attempts: int = 1


class Verdict(Record, frozen=True, kw_only=True):
    """What one filter says of one completion; `span` are character offsets of the evidence in its text."""

    rule: str
    kept: bool
    reason: str = ""
    value: float | str | None = None
    threshold: float | str | None = None
    span: Span | None = None
    duplicate_of: str | None = None


class Score(Record, frozen=True, kw_only=True):
    """What judge says of one completion; line n is about line n of completions.jsonl.

    `scores`: `verified` 0 to 1 against the reference; `judged` 1 to 5, or the share of comparisons won; `difficulty`,
    nats with the prompt over nats without it; `human` 1.0 to keep, 0.0 to reject. What was not scored is not there.
    """

    id: str  # the completion's
    scores: dict[str, float] = {}
    correction: str | None = None  # what is to be learnt in place of the teacher's answer
    note: str = ""  # the reviewer's


class Rejection(Record, frozen=True, kw_only=True):
    """A completion that did not pass, with every rule that spoke against it."""

    id: str
    reason: str  # rule:reason of the first verdict against it
    verdicts: tuple[Verdict, ...]
    completion: Completion


class Example(Record, frozen=True, kw_only=True):
    """A row to train on, in TRL's conversational prompt-completion form; training adds the student's system prompt."""

    id: str
    prompt: tuple[Message, ...]
    completion: tuple[Message, ...]
    weight: float = 1.0


class Item(Record, frozen=True, kw_only=True):
    """A prompt that is measured. `key` names its content, so that items of two runs can be paired.

    Of the retention set, which the training data does not cover, only what was forgotten is told.
    """

    id: str  # the prompt's
    key: str
    family: str
    slices: tuple[str, ...] = ()  # the user's slice, and whether training prompts come near
    reference: str | None = None  # the gold answer
    nearest: float | None = None  # similarity of the nearest training prompt, 0 to 1; None where not measured
    retention: bool = False


class Prediction(Record, frozen=True, kw_only=True):
    """What one model answered to one item, and how it scored on each metric; likelihoods in nats, None if unknown."""

    prompt_id: str
    model: str  # the arm: base, base_full_prompt, base_few_shot, student, teacher, shuffled, gold, 1/4, seed:2 ...
    text: str
    finish_reason: FinishReason
    completion_tokens: int
    scores: dict[str, float] = {}
    agreements: dict[str, float] = {}  # its scores against the teacher's answer, by metrics that compare two answers
    logprob: float | None = None  # mean over its own tokens: how sure the model was
    nll: float | None = None  # summed over the tokens of the teacher's answer (of the base's, in the retention set)
    nll_tokens: int = 0
    nll_bytes: int = 0  # of that answer, in UTF-8


class Teacher(Protocol):
    """Whoever answers: the client over a provider, or a fake in a test."""

    async def ask(self, prompt: Prompt, sample: int) -> Completion:
        """Answer one sample of a prompt; raises `ProviderRefused` or `ProviderUnavailable`."""


def conversation(messages: Sequence[Message], system: str | None = None) -> tuple[Message, ...]:
    """The messages with a system prompt put first; a system message that the prompt brings itself is kept after it."""
    if not system:
        return tuple(messages)
    own = "\n\n".join(m.content for m in messages if m.role == "system")
    text = f"{system}\n\n{own}" if own else system
    return (Message(role="system", content=text), *(m for m in messages if m.role != "system"))
