"""Adds up what one teacher would be asked, and learns from its earlier replies what that takes."""

import contextlib
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from blackbox_kd.records import Message, Usage, conversation
from blackbox_kd.stages.buying import Row
from blackbox_kd.teachers.budget import worst
from blackbox_kd.teachers.ledger import Ledger
from blackbox_kd.teachers.request import WIRES, Asked, framed
from blackbox_kd.teachers.target import Target
from blackbox_kd.teachers.wire import Malformed

CHARS_A_TOKEN = 4  # until a teacher's own replies tell
FEW = 5  # replies that say nothing of the others
MANY = 20  # replies of one family or slice that have a mean of their own
NEWEST = (
    "SELECT identity, raw, sent_ms, ended_ms, batch FROM attempt JOIN request USING (hash)"
    " WHERE state = 'stored' AND label = ? ORDER BY id DESC LIMIT 500"
)
Basis = Literal["replies", "references", "limits"]


class Spread:
    """Count, mean and variance of numbers that come one by one."""

    def __init__(self) -> None:
        self.n = 0
        self.total = 0
        self.squares = 0

    def add(self, value: int) -> None:
        """Take one in."""
        self.n += 1
        self.total += value
        self.squares += value * value

    @property
    def mean(self) -> float:
        """The mean; 0 of nothing."""
        return self.total / self.n if self.n else 0.0

    def margin(self, calls: int) -> float:
        """Three standard errors of the sum of so many more of their kind: few long answers decide on it."""
        if self.n < 2:
            return 0.0
        variance = max(0.0, (self.squares - self.n * self.mean**2) / (self.n - 1))
        return 3.0 * math.sqrt(variance * calls * (1 + calls / self.n))


class Tally:
    """What the rows of one teacher add up to: calls to make, and replies that tell how long answers are."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.prompts = self.rows = self.cached = self.failed = self.calls = self.in_batches = 0
        self.guessed = self.referenced = self.with_reference = self.limit = 0
        self.groups: Counter[tuple[str, str]] = Counter()
        self.held_guessed = self.held_prompt = self.held_cached = 0
        self.outputs: dict[str, Spread] = {"": Spread()}
        self.took_ms = Spread()
        self.worst_usd = self.spent_usd = 0.0
        self.worst_tokens = self.spent_tokens = 0

    def send(self, row: Row, asked: Asked) -> None:
        """Count a call to make."""
        most = worst(asked, self.target.batch)
        self.calls += 1
        self.guessed += guess(asked.messages, self.target)
        self.limit += asked.max_tokens
        self.groups[f"family {row.prompt.family}", f"slice {row.prompt.slice}"] += 1
        self.worst_usd, self.worst_tokens = max(self.worst_usd, most.usd), max(self.worst_tokens, most.tokens)
        if row.prompt.reference is not None:
            self.with_reference += 1
            self.referenced += min(asked.max_tokens, len(row.prompt.reference) // CHARS_A_TOKEN + 1)

    def calibrate(self, usage: Usage, guessed: int) -> None:
        """Take in how many tokens a prompt has."""
        if usage.source == "provider":
            self.held_guessed += guessed
            self.held_prompt += usage.prompt_tokens
            self.held_cached += usage.cached_tokens

    def learn(self, usage: Usage, *groups: str) -> None:
        """Take in how many tokens an answer has."""
        for group in ("", *groups):
            self.outputs.setdefault(group, Spread()).add(usage.completion_tokens)

    @property
    def prompt_tokens(self) -> int:
        """Of the calls to make: four characters a token, corrected by what the provider counted before."""
        return round(self.guessed * (self.held_prompt / self.held_guessed if self.held_guessed else 1.0))

    def answers(self) -> tuple[Basis, int | None, int, int]:
        """Tokens of the answers to come: what they rest on, the likely number, the lowest and the highest."""
        known = self.outputs[""]
        if known.n >= FEW:
            likely, margin = sum(self._mean(group) * n for group, n in self.groups.items()), known.margin(self.calls)
            low, high = max(self.calls, round(likely - margin)), min(self.limit, round(likely + margin))
            return "replies", round(likely), min(low, high), high
        if self.calls and self.with_reference == self.calls:
            return "references", self.referenced, self.referenced, self.limit
        return "limits", None, self.calls, self.limit

    def _mean(self, group: tuple[str, str]) -> float:
        found = (self.outputs[name] for name in (*group, "") if name in self.outputs)
        return next((one.mean for one in found if one.n >= MANY), self.outputs[""].mean)


def guess(messages: Iterable[Message], target: Target) -> int:
    """The tokens of a prompt with the teacher's system prompt and shots, at four characters each."""
    turns = (*conversation(tuple(messages), target.system), *target.shots)
    return sum(len(turn.content) // CHARS_A_TOKEN + 1 for turn in turns)


def recent(tally: Tally, ledger: Ledger) -> None:
    """Learn from the teacher's newest replies, to whatever prompts: how long they took; and, where these prompts have
    few, how many tokens their characters make, and how long the answers to the same system prompt and settings are.
    """
    target, few = tally.target, tally.outputs[""].n < FEW
    frame = framed(target)
    for identity, raw, sent_ms, ended_ms, batch in ledger.stream(NEWEST, (target.label,)):
        if batch is None:
            tally.took_ms.add(ended_ms - sent_ms)
        with contextlib.suppress(Malformed):
            if few:
                usage = WIRES[target.wire].parse(raw).usage
                tally.calibrate(usage, spoken(identity))
                if identity.startswith(frame.head) and frame.tail in identity:
                    tally.learn(usage)


def spoken(identity: bytes) -> int:
    """The tokens of a request's texts, at four characters each, by its identity."""
    body = msgspec.json.decode(identity)["body"]
    found = [body.get("system"), body.get("instructions"), *(one["content"] for one in messages_in(body))]
    return sum(len(text) // CHARS_A_TOKEN + 1 for text in found if isinstance(text, str))


def messages_in(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The turns of a request body of any wire."""
    turns: list[dict[str, Any]] = body.get("messages") or body.get("input") or []
    return turns
