"""What all filters share: a row filter measures a text and then decides; a set filter compares what it measured of all.

Measuring reads the text and is done once. Deciding reads the settings in `thresholds` alone, so that another threshold
can be tried on what was measured before.
"""

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from blackbox_kd.records import Completion, Span, Verdict

T = TypeVar("T")
R = TypeVar("R")
Array = npt.NDArray[Any]
Features = dict[str, Array]  # by name; what a set filter needs to know of the completions of one shard
Mask = npt.NDArray[np.bool_]  # (completions,)
Indices = npt.NDArray[np.int64]  # (completions,)


class Measured(NamedTuple):
    """What was found in a text: a number or a class, and where the evidence stands."""

    value: float | str | None = None
    span: Span | None = None


class Given(NamedTuple):
    """What a filter may need beside the completion. Filters do no I/O: who runs them reads for them."""

    root: Path = Path()  # the folder of bbkd.toml; the user's own code is loaded from there
    special_tokens: tuple[str, ...] = ()  # of the student's tokenizer
    max_tokens: Mapping[str, int] = {}  # the limit that a teacher, by its name in the completion, was asked with
    read_text: Callable[[str], str] = lambda path: ""  # a file named in a setting
    read_items: Callable[[tuple[str, ...]], Iterable[str]] = lambda patterns: ()  # evaluation items of sets of files


class RuleMeta(msgspec.StructMeta, ABCMeta):
    """Structs with methods that every filter has to have."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="rule", metaclass=RuleMeta):
    """Base of all filters: the fields are the settings, the tag is the name in bbkd.toml and in every verdict."""

    on: ClassVar[bool] = True  # whether it runs unless its table is written or it is named in `off`

    @property
    def name(self) -> str:
        """The filter's tag."""
        return str(self.__struct_config__.tag)

    def files(self) -> tuple[str, ...]:
        """The files and patterns that its settings name, relative to bbkd.toml's folder: what they say decides too."""
        return ()


class RowRule(Rule, frozen=True, kw_only=True):
    """A filter that looks at one completion at a time."""

    thresholds: ClassVar[frozenset[str]] = frozenset()  # settings that only `decide` obeys

    @abstractmethod
    def measure(self, completion: Completion) -> Measured:
        """What the completion's text holds, whatever the thresholds are."""

    def measurer(self, given: Given) -> Callable[[Completion], Measured]:
        """The function that measures, with all that it needs at hand; made once for many completions."""
        return self.measure

    @abstractmethod
    def decide(self, found: Measured) -> Verdict:
        """The verdict on what was measured. `value` and `span` of the verdict are those measured, kept or not."""

    def check(self, completion: Completion, given: Given | None = None) -> Verdict:
        """Measure and decide."""
        return self.decide(self.measurer(given or Given())(completion))


class PreparedRule(RowRule, frozen=True, kw_only=True):
    """A row filter that needs more than the completion: files, tokens, an index."""

    @abstractmethod
    def measurer(self, given: Given) -> Callable[[Completion], Measured]:
        """The function that measures, with all that it needs at hand; made once for many completions."""

    def measure(self, completion: Completion) -> Measured:
        """What it finds with nothing at hand."""
        return self.measurer(Given())(completion)


class Table(Protocol):
    """The features of all completions, in shards that may lie on disk; it can be pickled."""

    @property
    def counts(self) -> tuple[int, ...]:
        """Completions of each shard."""

    def shard(self, number: int, name: str) -> Array:
        """One shard's array, mapped rather than read where it lies on disk."""

    def column(self, name: str) -> Array:
        """The arrays of all shards, one after another."""


class Each(Protocol):
    """Applies a function to every task, perhaps in several processes or on several machines; results in order."""

    def __call__(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Function and tasks can be pickled."""


class Decided(NamedTuple):
    """What a set filter says of all completions; of those that were out before, nothing."""

    kept: Mask  # (completions,); True where they were out before
    reason: str  # of its rejections
    value: npt.NDArray[np.float64] | None = None  # (completions,); nan where there is none
    threshold: float | None = None
    duplicate_of: Indices | None = None  # (completions,); index of the kept one, -1 where there is none


class SetRule(Rule, frozen=True, kw_only=True):
    """A filter that compares completions. Features are made shard by shard; what follows from all of them, at once."""

    def learn(self, sample: Sequence[Completion]) -> Array | None:
        """What `features` has to know of the whole before, learnt from at most 10,000 completions; None if nothing."""
        return None

    @abstractmethod
    def features(self, completions: Sequence[Completion], learnt: Array | None) -> Features:
        """What has to be known of each completion, by name of array."""

    @abstractmethod
    def decide(self, table: Table, alive: Mask, rank: Indices, each: Each) -> Decided:
        """Decide on the completions that are `alive`; of equals the one of lowest `rank` (all different) is the best.

        The same whatever the number of shards or processes.
        """

    def run(self, completions: Iterable[Completion]) -> Iterator[Verdict]:
        """The verdicts on completions in memory, in order; earlier ones are better."""
        rows = list(completions)
        table = InMemory((self.features(rows, self.learn(rows)),), (len(rows),))
        found = self.decide(table, np.ones(len(rows), dtype=np.bool_), np.arange(len(rows)), in_turn)
        return (verdict_of(self.name, found, index, lambda other: rows[other].id) for index in range(len(rows)))


class InMemory(NamedTuple):
    """A table in memory."""

    features: tuple[Mapping[str, Array], ...]
    sizes: tuple[int, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """Completions of each shard."""
        return self.sizes

    def shard(self, number: int, name: str) -> Array:
        """One shard's array."""
        return self.features[number][name]

    def column(self, name: str) -> Array:
        """The arrays of all shards, one after another."""
        return np.concatenate([one[name] for one in self.features])


def in_turn(function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
    """Apply a function to every task, in this process."""
    return map(function, tasks)


def verdict_of(rule: str, found: Decided, index: int, name: Callable[[int], str]) -> Verdict:
    """The verdict on one completion; `name` gives the id of another."""
    kept = bool(found.kept[index])
    value = None if found.value is None or np.isnan(found.value[index]) else float(found.value[index])
    other = -1 if found.duplicate_of is None else int(found.duplicate_of[index])
    return Verdict(
        rule=rule,
        kept=kept,
        reason="" if kept else found.reason,
        value=value,
        threshold=found.threshold,
        duplicate_of=name(other) if other >= 0 else None,
    )
