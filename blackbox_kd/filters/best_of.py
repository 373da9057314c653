"""The best of the samples of each prompt."""

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np

from blackbox_kd.filters.base import Array, Decided, Each, Features, Indices, Mask, SetRule, Table
from blackbox_kd.filters.samples import Samples, prompt_key
from blackbox_kd.records import Completion

Order = Literal["verified", "judged", "shortest"]


class BestOf(SetRule, frozen=True, kw_only=True, tag="best_of"):
    """Keeps the best `k` samples of each prompt: by the first of `by`, of equals by the next, at last by rank.

    verified: what is right (1), then what nobody verified, then what is wrong. judged: the higher score, last what
    nobody judged. shortest: fewest characters, reasoning included. The default keeps the shortest correct one.
    """

    on: ClassVar[bool] = False

    k: Annotated[int, msgspec.Meta(ge=1)] = 1
    by: Annotated[tuple[Order, ...], msgspec.Meta(min_length=1)] = ("verified", "judged", "shortest")

    def features(self, completions: Sequence[Completion], learnt: Array | None) -> Features:
        """The prompt's key and, in the order of `by`, what counts against the completion: (completions, orders)."""
        against = [[AGAINST[name](one) for name in self.by] for one in completions]
        return {
            "prompt": np.array([prompt_key(one) for one in completions], dtype=np.uint64),
            "against": np.array(against, dtype=np.float64).reshape(len(completions), len(self.by)),
        }

    def decide(self, table: Table, alive: Mask, rank: Indices, each: Each) -> Decided:
        """Sort the samples of each prompt; value: the place among them, from 1."""
        places = np.flatnonzero(alive)
        against = table.column("against")[places]
        samples = Samples.of(table.column("prompt")[places], places, *against.T, rank[places])
        at = samples.place_in_group
        kept = np.ones(len(alive), dtype=np.bool_)
        kept[samples.places] = at < self.k
        value = np.full(len(alive), np.nan)
        value[samples.places] = at + 1
        duplicate_of = np.full(len(alive), -1, dtype=np.int64)
        best = samples.places[samples.firsts[samples.group]]
        duplicate_of[samples.places[at >= self.k]] = best[at >= self.k]
        return Decided(kept, "not_best", value, float(self.k), duplicate_of)


def wrong(completion: Completion) -> float:
    """0 if verified, 2 if found wrong, 1 if unknown."""
    verified = completion.scores.get("verified")
    return 1.0 if verified is None or math.isnan(verified) else 0.0 if verified >= 1 else 2.0


def unloved(completion: Completion) -> float:
    """The judge's score with its sign turned; infinite if unknown."""
    judged = completion.scores.get("judged", math.nan)
    return math.inf if math.isnan(judged) else -judged


def characters(completion: Completion) -> float:
    """Characters of text and reasoning."""
    return float(len(completion.text) + len(completion.reasoning or ""))


AGAINST = {"verified": wrong, "judged": unloved, "shortest": characters}
