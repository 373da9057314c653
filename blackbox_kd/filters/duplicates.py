"""The same answer to the same prompt, more than once."""

from collections.abc import Sequence

import numpy as np

from blackbox_kd.filters.base import Array, Decided, Each, Features, Indices, Mask, SetRule, Table
from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Completion
from blackbox_kd.text import fold


class Duplicates(SetRule, frozen=True, kw_only=True, tag="duplicates"):
    """Keeps the best of equal (prompt, completion) pairs, folded. Equal answers to different prompts all stay."""

    def features(self, completions: Sequence[Completion], learnt: Array | None) -> Features:
        """A 128-bit digest of each pair, (completions, 2)."""
        names = b"".join(bytes.fromhex(pair_digest(one)) for one in completions)
        return {"pair": np.frombuffer(names, dtype=">u8").reshape(len(completions), 2).astype(np.uint64)}

    def decide(self, table: Table, alive: Mask, rank: Indices, each: Each) -> Decided:
        """Sort the digests; of equal ones the lowest rank stays."""
        places = np.flatnonzero(alive)
        pair = table.column("pair")[places]
        order = np.lexsort((rank[places], pair[:, 1], pair[:, 0]))
        ordered, places = pair[order], places[order]
        new = np.ones(len(places), dtype=np.bool_)
        new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
        firsts = places[np.maximum.accumulate(np.where(new, np.arange(len(places)), 0))]
        kept = np.ones(len(alive), dtype=np.bool_)
        kept[places[~new]] = False
        duplicate_of = np.full(len(alive), -1, dtype=np.int64)
        duplicate_of[places[~new]] = firsts[~new]
        return Decided(kept, "exact", duplicate_of=duplicate_of)


def pair_digest(completion: Completion) -> str:
    """Names prompt and text, whatever their case and spacing."""
    turns = [f"{turn.role}:{fold(turn.content)}" for turn in completion.messages]
    return text_digest(*turns, fold(completion.text), length=32)
