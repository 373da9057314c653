"""What a demonstration task is: prompts, an oracle that reads nothing but the prompt's text, and a checker."""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeVar

import msgspec

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Message, Record, Split

T = TypeVar("T")
UNSEEN_SHARE = 0.45  # of the held-out prompts: reserved phrasings and reserved values
TRIES = 200  # draws before the space of distinct prompts counts as used up


class TaskRow(Record, frozen=True, kw_only=True):
    """One prompt with its gold answer; `split` is pinned for unseen rows and left to the pipeline for the others."""

    prompt: str
    reference: str
    family: str  # the phrasing it was made from, and what it is about
    slice: Literal["seen", "unseen"]
    split: Split | None = None


class Draft(NamedTuple):
    """What a task's own maker draws: the prompt, its answer by construction, and the phrasing used."""

    prompt: str
    reference: str
    family: str


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task small enough to learn from a few hundred rows and decidable from the prompt's text alone.

    `answer` is None where the text is no prompt of this task; `wrong` never checks as right; `check` gives 1.0 or 0.0.
    """

    name: str
    student_system: str  # short, with the output format
    teacher_system: str  # long rules that only the teacher sees
    shots: tuple[Message, ...]  # user and assistant in turn, for the teacher
    reserved: tuple[str, ...]  # values that only unseen rows may hold
    make: Callable[[random.Random, bool], Draft]
    answer: Callable[[str, random.Random], str | None]
    wrong: Callable[[str, random.Random], str]
    check: Callable[[str, str], float]

    def generate(self, count: int, seed: int, held_out: int = 0) -> Iterator[TaskRow]:
        """Draw `count` distinct prompts; 45 % of `held_out` are pinned to that split, in unseen phrasings and values.

        Raises `UsageError` when more is asked for than there is.
        """
        if held_out > count:
            raise UsageError(f"{self.name}: {held_out} held-out prompts of {count}", "Ask for more prompts.")
        rng = random.Random(f"{self.name}:{seed}")
        unseen = set(rng.sample(range(count), round(held_out * UNSEEN_SHARE)))
        taken: set[str] = set()
        for index in range(count):
            draft = self._fresh(rng, index in unseen, taken)
            taken.add(draft.prompt)
            if index in unseen:
                yield TaskRow(**draft._asdict(), slice="unseen", split="held_out")
            else:
                yield TaskRow(**draft._asdict(), slice="seen")

    def _fresh(self, rng: random.Random, unseen: bool, taken: set[str]) -> Draft:
        for _ in range(TRIES):
            draft = self.make(rng, unseen)
            if draft.prompt not in taken:
                return draft
        raise UsageError(f"{self.name}: no more distinct prompts after {len(taken)}", "Ask for fewer prompts.")


def shots(*pairs: tuple[str, str]) -> tuple[Message, ...]:
    """Pairs of prompt and answer as alternating user and assistant messages."""
    return tuple(
        message
        for prompt, answer in pairs
        for message in (Message(role="user", content=prompt), Message(role="assistant", content=answer))
    )


def pick(rng: random.Random, seen: tuple[T, ...], reserved: tuple[T, ...], unseen: bool) -> T:
    """One of the reserved values for an unseen row, else one of the others."""
    return rng.choice(reserved if unseen else seen)


def pattern(template: str, slots: Mapping[str, str]) -> re.Pattern[str]:
    """A template as a regular expression: each `{slot}` a named group, and the same text wherever it comes again."""
    out, used = "", set[str]()
    for index, part in enumerate(re.split(r"\{(\w+)\}", template)):
        if index % 2 == 0:
            out += re.escape(part)
        else:
            out += f"(?P={part})" if part in used else f"(?P<{part}>{slots[part]})"
            used.add(part)
    return re.compile(out)
