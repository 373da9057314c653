"""As many completions as wanted, good ones and different ones (Lin & Bilmes 2011; Bukharin & Zhao 2024)."""

import heapq
from collections.abc import Sequence
from typing import Annotated, ClassVar, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from blackbox_kd.embedding import embedder, partition
from blackbox_kd.filters.base import Array, Decided, Each, Features, Indices, Mask, SetRule, Table
from blackbox_kd.filters.semantic import asked, gather
from blackbox_kd.records import Completion

EXACT = 4096  # completions whose similarities are held together: 64 MiB; more are split by k-means


class Selection(SetRule, frozen=True, kw_only=True, tag="selection"):
    """Keeps `rows` completions that cover the rest best: facility location, chosen greedily.

    Each completion is covered by the kept one of the highest product of cosine and quality. Quality falls with the rank
    among all from 1 to 1 - `quality`: 0 looks for diversity alone. More than 4,096 completions are split into parts
    that are alike, each of which keeps its share.
    """

    on: ClassVar[bool] = False

    rows: Annotated[int, msgspec.Meta(ge=1)]
    quality: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5

    def features(self, completions: Sequence[Completion], learnt: Array | None) -> Features:
        """Unit vectors of prompt and text, one after the other and half the weight each."""
        texts = embedder().embed([one.text for one in completions])
        prompts = embedder().embed([asked(one) for one in completions])
        return {"pair": np.concatenate([prompts, texts], axis=1) * np.float16(0.5**0.5)}

    def decide(self, table: Table, alive: Mask, rank: Indices, each: Each) -> Decided:
        """Share out the rows between the parts by size, and choose in each."""
        places = np.flatnonzero(alive)
        kept = np.ones(len(alive), dtype=np.bool_)
        if len(places) <= self.rows:
            return Decided(kept, "not_selected", threshold=float(self.rows))
        places = places[np.argsort(rank[places])]
        quality = (1 - self.quality * np.arange(len(places)) / len(places)).astype(np.float32)
        cells = partition(gather(table, "pair", places), EXACT)
        counts = shared_out(self.rows, [len(cell) for cell in cells])
        tasks = [
            Task(table, places[cell], quality[cell], count) for cell, count in zip(cells, counts, strict=True) if count
        ]
        kept[places] = False
        for chosen in each(choose, tasks):
            kept[chosen] = True
        return Decided(kept, "not_selected", threshold=float(self.rows))


class Task(NamedTuple):
    """Completions, the best first, of which some are to be chosen."""

    table: Table
    places: Indices
    quality: npt.NDArray[np.float32]  # (completions,); above 0 up to 1
    rows: int


def shared_out(rows: int, sizes: Sequence[int]) -> list[int]:
    """The rows of each part, in proportion to the sizes and in total exactly `rows` (largest remainders)."""
    total = sum(sizes)
    counts = [rows * size // total for size in sizes]
    by_rest = sorted(range(len(sizes)), key=lambda part: (-(rows * sizes[part] % total), part))
    for part in by_rest[: rows - sum(counts)]:
        counts[part] += 1
    return counts


def choose(task: Task) -> Indices:
    """The greedy choice, whose coverage is at least 63 % of the best possible one (Nemhauser et al. 1978).

    Gains only fall, so that of a completion is computed again only when it leads (lazy greedy, Minoux 1978).
    """
    vectors = gather(task.table, "pair", task.places).astype(np.float32)
    covers = np.maximum(vectors @ vectors.T, 0) * task.quality[:, None]  # (chosen, covered)
    covered = np.zeros(len(vectors), dtype=np.float32)
    heap = [(-gain, place) for place, gain in enumerate(covers.sum(axis=1, dtype=np.float64).tolist())]
    heapq.heapify(heap)
    chosen: list[int] = []
    while len(chosen) < task.rows:
        _, place = heapq.heappop(heap)
        gain = float(np.maximum(covers[place] - covered, 0).sum(dtype=np.float64))
        if heap and (-gain, place) > heap[0]:
            heapq.heappush(heap, (-gain, place))
            continue
        chosen.append(place)
        np.maximum(covered, covers[place], out=covered)
    return task.places[chosen]
