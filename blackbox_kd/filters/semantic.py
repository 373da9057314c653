"""The same answer to the same question in other words, by static embeddings (SemDeDup, Abbas et al. 2023)."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from blackbox_kd.embedding import Floats, embedder, partition, unit
from blackbox_kd.filters.base import Array, Decided, Each, Features, Indices, Mask, SetRule, Table
from blackbox_kd.filters.samples import key_of
from blackbox_kd.records import Completion

NUMBERS = re.compile(r"\d+")
EXACT = 50_000  # completions of the same numbers that are compared all with all; more are split by k-means
ROUNDING = 1e-6
ROWS, COLUMNS = 1024, 8192


class Semantic(SetRule, frozen=True, kw_only=True, tag="semantic"):
    """Rejects a completion that is close to a better one that is kept: cosine of both the texts and the prompts.

    The numbers have to be the same and in the same order, in the prompt and in the text: a mean of word vectors hardly
    sees them. It sees no order of words either, so a lower `threshold` brings together what contradicts itself.
    """

    on: ClassVar[bool] = False

    threshold: Annotated[float, msgspec.Meta(ge=0.5, le=1)] = 0.95

    def features(self, completions: Sequence[Completion], learnt: Array | None) -> Features:
        """Unit vectors of text and prompt, (completions, DIMENSIONS) each, and the key of the numbers in both."""
        prompts = [asked(one) for one in completions]
        numbers = [
            key_of(",".join(NUMBERS.findall(prompt)), ",".join(NUMBERS.findall(one.text)))
            for prompt, one in zip(prompts, completions, strict=True)
        ]
        return {
            "text": embedder().embed([one.text for one in completions]),
            "prompt": embedder().embed(prompts),
            "numbers": np.array(numbers, dtype=np.uint64),
        }

    def decide(self, table: Table, alive: Mask, rank: Indices, each: Each) -> Decided:
        """Compare what has the same numbers, best first, each with those that are kept; value: the smaller cosine."""
        kept = np.ones(len(alive), dtype=np.bool_)
        value = np.full(len(alive), np.nan)
        duplicate_of = np.full(len(alive), -1, dtype=np.int64)
        tasks = [Task(table, part, self.threshold) for part in parts(table, np.flatnonzero(alive), rank)]
        for found in each(greedy, tasks):
            kept[found.removed] = False
            value[found.removed] = found.cosine
            duplicate_of[found.removed] = found.of
        return Decided(kept, "semantic", value, self.threshold, duplicate_of)


class Task(NamedTuple):
    """Completions that may be close to one another, the best first."""

    table: Table
    places: Indices
    threshold: float
    rows: int = ROWS  # of a block of similarities
    columns: int = COLUMNS


class Removed(NamedTuple):
    """Who is close to a better one that is kept."""

    removed: Indices
    of: Indices
    cosine: npt.NDArray[np.float64]


def asked(completion: Completion) -> str:
    """The turns of a prompt as one text."""
    return "\n".join(turn.content for turn in completion.messages)


def gather(table: Table, name: str, places: Indices) -> Array:
    """The rows of some completions, shard by shard."""
    ends = np.cumsum(table.counts)
    shard = np.searchsorted(ends, places, side="right")
    out: Array | None = None
    for number in np.unique(shard).tolist():
        here = shard == number
        rows = table.shard(number, name)[places[here] - (int(ends[number - 1]) if number else 0)]
        if out is None:
            out = np.empty((len(places), *rows.shape[1:]), dtype=rows.dtype)
        out[here] = rows
    return out if out is not None else table.column(name)[:0]


def parts(table: Table, places: Indices, rank: Indices, most: int = EXACT) -> Iterator[Indices]:
    """Two or more completions with the same numbers, at most so many together, the best first."""
    numbers = table.column("numbers")[places]
    order = np.lexsort((rank[places], numbers))
    ordered = numbers[order]
    cuts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    for group in np.split(places[order], cuts):
        if len(group) > most:
            yield from (group[part] for part in partition(gather(table, "text", group), most) if len(part) > 1)
        elif len(group) > 1:
            yield group


def greedy(task: Task) -> Removed:
    """Go through the completions, best first: one that is close to a kept one goes, any other is kept."""
    texts, prompts = (unit(gather(task.table, name, task.places).astype(np.float32)) for name in ("text", "prompt"))
    kept: list[int] = []
    removed: list[tuple[int, int, float]] = []
    for start in range(0, len(texts), task.rows):
        rows = np.arange(start, min(start + task.rows, len(texts)))
        best = closest(texts, prompts, rows, np.array(kept, dtype=np.int64), task)
        among = cosines(texts, prompts, rows, rows, task.threshold)
        close = among >= task.threshold - ROUNDING
        here = np.zeros(len(rows), dtype=np.bool_)  # kept ones of this block
        for place, index in enumerate(rows.tolist()):
            if index in best:
                removed.append((index, *best[index]))
            elif (earlier := close[place] & here).any():
                first = int(earlier.argmax())
                removed.append((index, start + first, float(among[place, first])))
            else:
                here[place] = True
        kept += rows[here].tolist()
    columns = list(zip(*removed, strict=True)) or [(), (), ()]
    ints = [task.places[np.array(column, dtype=np.int64)] for column in columns[:2]]
    return Removed(ints[0], ints[1], np.array(columns[2], dtype=np.float64))


def closest(texts: Floats, prompts: Floats, rows: Indices, kept: Indices, task: Task) -> dict[int, tuple[int, float]]:
    """For each row that is close to any of the kept ones, the best of those and the cosine."""
    found: dict[int, tuple[int, float]] = {}
    for start in range(0, len(kept), task.columns):
        columns = kept[start : start + task.columns]
        both = cosines(texts, prompts, rows, columns, task.threshold)
        close = both >= task.threshold - ROUNDING
        for place in np.flatnonzero(close.any(axis=1)).tolist():
            first = int(close[place].argmax())
            found.setdefault(int(rows[place]), (int(columns[first]), float(both[place, first])))
    return found


def cosines(texts: Floats, prompts: Floats, rows: Indices, columns: Indices, threshold: float) -> Array:
    """The smaller cosine of two texts and of their prompts, (rows, columns); of texts alone where none is close."""
    found: Array = texts[rows] @ texts[columns].T
    if (found >= threshold - ROUNDING).any():
        np.minimum(found, prompts[rows] @ prompts[columns].T, out=found)
    return np.minimum(found, np.float32(1))
