"""What the simulated teacher says: the oracle's answer, or that answer spoilt as real teachers spoil it.

Pure: the settings' seed and the request's hash decide everything, so order and time do not matter.
"""

import random
from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate import judging
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.shapes import CHARS_A_TOKEN, tokens
from blackbox_kd.tasks import named
from blackbox_kd.tasks.base import Task

Finish = Literal["stop", "length", "refusal"]
NO_ORACLE = "(simulated teacher: no oracle for this prompt)"
SLOW_FACTOR = 10
REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I'm sorry, but I can't assist with that request.",
    "I cannot help with this request, as it may involve personal data of a customer.",
    "I apologize, but I'm not able to process messages like this one.",
    "I'm unable to provide that information.",
    "Unfortunately, I can't comply with this request because it goes against my guidelines.",
    "As a responsible assistant, I must decline to answer this.",
    "I won't be able to help with that. If you have another question, feel free to ask!",
)
LEAKS = (
    "As ChatGPT, a model trained by OpenAI, I can help you with that. {text}",
    "I'm Claude, an AI assistant made by Anthropic. Here is the result: {text}",
    "As an AI language model developed by OpenAI, I do not have personal opinions, but here it is: {text}",
    "{text}\n\n(Answered by GPT-4, a large language model from OpenAI.)",
    "Hello! I am Gemini, trained by Google. {text}",
)
OPENINGS = ("Certainly! I'd be happy to help you with this.", "Great question!", "Sure, let's take a closer look.")
TALK = (
    "First of all, it is important to read the message carefully and to consider all of its aspects.",
    "There are several ways to approach this, each of which has its own advantages and disadvantages.",
    "It is also worth noting that the context plays an important role here.",
    "In many cases the details matter more than one might think at first.",
    "With all of that in mind, we can now move on to the actual result.",
    "Let me walk you through my reasoning step by step so that everything is clear.",
    "Of course, your needs may differ, and you should always double-check the outcome.",
)
ENDING = "I hope this helps! Please let me know if there is anything else I can do for you."


class Reply(NamedTuple):
    """A reply before it takes the shape of a wire; `kind` is what the books call it."""

    kind: str
    text: str
    finish: Finish
    reasoning: str = ""


def _wrong(task: Task, text: str, rng: random.Random) -> Reply:
    return Reply("wrong", task.wrong(text, rng), "stop")


def _refused(task: Task, text: str, rng: random.Random) -> Reply:
    return Reply("refused", rng.choice(REFUSALS), "refusal" if rng.random() < 0.25 else "stop")


def _truncated(task: Task, text: str, rng: random.Random) -> Reply:
    return Reply("truncated", text[: int(len(text) * rng.uniform(0.2, 0.9))], "length")


def _rambling(task: Task, text: str, rng: random.Random) -> Reply:
    talk = rng.sample(TALK, rng.randint(4, len(TALK)))
    return Reply("rambling", f"{rng.choice(OPENINGS)} {' '.join(talk)}\n\n{text}\n\n{ENDING}", "stop")


def _leaking(task: Task, text: str, rng: random.Random) -> Reply:
    return Reply("leaking", rng.choice(LEAKS).format(text=text), "stop")


def _duplicated(task: Task, text: str, rng: random.Random) -> Reply:
    return Reply("duplicated", text + rng.choice(("\n", "\n\n", " ")) + text, "stop")


NOISE: dict[str, Callable[[Task, str, random.Random], Reply]] = {
    "wrong": _wrong,
    "refused": _refused,
    "truncated": _truncated,
    "rambling": _rambling,
    "leaking": _leaking,
    "duplicated": _duplicated,
}


def reply(settings: Simulated, asked: Asked) -> Reply:
    """What is answered to a request, cut to its `max_tokens`. Raises `UsageError` where the task is unknown."""
    return _cut(_whole(settings, asked), settings.reasoning, asked.max_tokens)


def _whole(settings: Simulated, asked: Asked) -> Reply:
    rng = random.Random(f"{settings.seed}:{asked.digest}")
    task = named(settings.task) if settings.task else None
    text = task.answer(asked.prompt, rng) if task else None
    if task and (verdict := judging.verdict(asked.prompt, task, rng)):
        task, text = msgspec.structs.replace(task, wrong=judging.flipped), verdict
    if task is None or text is None:
        return Reply("no_oracle", NO_ORACLE, "stop")
    draw = rng.random()
    for kind, spoil in NOISE.items():
        draw -= getattr(settings, kind)
        if draw < 0:
            return spoil(task, text, rng)
    return Reply("ok", text, "stop")


def _cut(whole: Reply, reasoning: str, max_tokens: int | None) -> Reply:
    """The reasoning and, in the tokens that it leaves, the text."""
    if max_tokens is None:
        return whole._replace(reasoning=reasoning)
    thoughts = reasoning[: max_tokens * CHARS_A_TOKEN - 1]
    left = max_tokens - (tokens(thoughts) if thoughts else 0)
    room = max(0, left * CHARS_A_TOKEN - 1)
    if len(whole.text) <= room:
        return whole._replace(reasoning=thoughts)
    return whole._replace(reasoning=thoughts, text=whole.text[:room], finish="length")


def latency_s(settings: Simulated, asked: Asked) -> float:
    """How long it takes until this reply begins."""
    if not settings.slow:
        return settings.latency_s
    slow = random.Random(f"{settings.seed}:{asked.digest}:latency").random() < settings.slow
    return settings.latency_s * (SLOW_FACTOR if slow else 1)


def speaking_s(settings: Simulated, completion_tokens: int) -> float:
    """How long a reply of so many tokens takes from its headers on, if it comes in one piece."""
    return settings.first_token_s + settings.token_s * (completion_tokens - 1)
