"""Answers that the user's own functions do not want: Python code, named as `path.py:function`."""

import contextlib
import math
import numbers
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from blackbox_kd import own
from blackbox_kd.errors import UsageError
from blackbox_kd.filters.base import Given, Measured, PreparedRule
from blackbox_kd.records import Completion, Verdict

SIGNATURE = "It has to be `def function(prompt: str, completion: str) -> bool | float`: whether to keep it, or a score."
NONE = Measured()


class Own(PreparedRule, frozen=True, kw_only=True, tag="own"):
    """Rejects completions to which one of the user's functions gives False, or a score below `min_score`.

    A function gets the prompt, all turns of it a line apart, and the completion's text. The value of a single function
    is its score, 1 for True and 0 for False; of several the lowest, with the name: `no_urls=0.25`.
    """

    thresholds: ClassVar[frozenset[str]] = frozenset({"min_score"})
    functions: tuple[str, ...] = ()  # `team/checks.py:no_urls`, from the folder of bbkd.toml
    min_score: float = 0.5

    def __post_init__(self) -> None:
        # ValueError: msgspec adds the path.
        if wrong := [spec for spec in self.functions if not _is_spec(spec)]:
            raise ValueError(f"functions: {wrong[0]!r} is not written as path.py:function")

    def files(self) -> tuple[str, ...]:
        """The Python files."""
        return tuple(dict.fromkeys(spec.rpartition(":")[0] for spec in self.functions))

    def measurer(self, given: Given) -> Callable[[Completion], Measured]:
        """The function that calls them all; raises `UsageError` naming what is missing, or what a function did."""
        loaded = [(spec, own.load(spec, given.root, 2, SIGNATURE)) for spec in self.functions]
        if not loaded:
            return lambda completion: NONE

        def measure(completion: Completion) -> Measured:
            prompt = "\n".join(turn.content for turn in completion.messages)
            scores = [(_score(function, spec, prompt, completion), spec) for spec, function in loaded]
            lowest, spec = min(scores, key=lambda one: one[0])
            return Measured(lowest if len(scores) == 1 else f"{_function(spec)}={lowest!r}")

        return measure

    def decide(self, found: Measured) -> Verdict:
        """Reject a score below the threshold; the reason is the function's name."""
        name, _, number = found.value.rpartition("=") if isinstance(found.value, str) else ("", "", found.value)
        kept = number is None or float(number) >= self.min_score
        reason = "" if kept else name or _function(self.functions[0])
        return Verdict(rule=self.name, kept=kept, reason=reason, value=found.value, threshold=self.min_score)


def _score(function: Callable[..., object], spec: str, prompt: str, completion: Completion) -> float:
    value = own.call(function, f"{spec} at {completion.id}", SIGNATURE, prompt, completion.text)
    with contextlib.suppress(OverflowError):  # of an int that no float can hold
        if isinstance(value, numbers.Real | np.bool_) and math.isfinite(score := float(value)):
            return score
    raise UsageError(f"{spec} at {completion.id}: it gave {value!r:.99}, which is neither bool nor number", SIGNATURE)


def _is_spec(spec: str) -> bool:
    path, _, name = spec.rpartition(":")
    return path.endswith(".py") and name.isidentifier()


def _function(spec: str) -> str:
    return spec.rpartition(":")[2]
