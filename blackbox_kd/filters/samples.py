"""The completions of one prompt, side by side."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blackbox_kd.filters.base import Array, Indices
from blackbox_kd.jsonl import text_digest
from blackbox_kd.ngrams import changes
from blackbox_kd.records import Completion


def prompt_key(completion: Completion) -> int:
    """A 64-bit digest of the turns of its prompt."""
    return key_of(*(f"{turn.role}:{turn.content}" for turn in completion.messages))


def key_of(*parts: str) -> int:
    """A 64-bit digest of some texts."""
    return int(text_digest(*parts, length=16), 16)


class Samples(NamedTuple):
    """Completions by prompt, those of each one after another and the best first."""

    places: Indices  # of the completions
    group: Indices  # the number of each one's prompt
    firsts: Indices  # (prompts,); where the completions of each begin

    @classmethod
    def of(cls, keys: npt.NDArray[np.uint64], places: Indices, *best_first: Array) -> "Samples":
        """Sort `places` by their keys and then by these columns, all of them (places,)."""
        order = np.lexsort((*best_first[::-1], keys))
        firsts = changes(keys[order])
        sizes = np.diff(np.append(firsts, len(order)))
        return cls(places[order], np.repeat(np.arange(len(firsts)), sizes), firsts)

    @property
    def place_in_group(self) -> Indices:
        """0 for the best of each prompt, then 1, 2 ..."""
        return np.arange(len(self.places)) - self.firsts[self.group]
