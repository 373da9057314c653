"""Which completions the free filters let pass: nobody pays to judge a refusal, or the same answer twice."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from blackbox_kd.config.whole import Config
from blackbox_kd.filters import Filter, RowFilter
from blackbox_kd.filters.duplicates import Duplicates
from blackbox_kd.filters.reasoning import split
from blackbox_kd.jsonl import read_rows
from blackbox_kd.records import Completion
from blackbox_kd.run import COMPLETIONS, RunDir, require
from blackbox_kd.stages.filter import planned

BY_SCORES = ("verified", "judged", "difficulty", "human")  # filters that look at what is only being made


class Survivors(NamedTuple):
    """Completions that passed the row filters, in the file's order; `copies` are those that equal another one."""

    passed: list[Completion]
    copies: dict[str, str]  # id of a copy -> id of the one that is scored in its place

    def unique(self) -> list[Completion]:
        """Those that passed, without the copies."""
        return [one for one in self.passed if one.id not in self.copies]


def free_filters(config: Config) -> tuple[Filter, ...]:
    """The filters that are on and cost nothing: those of a text alone, and exact duplicates."""
    rules = config.filter.rules()
    rows = tuple(one for one in rules if isinstance(one, RowFilter) and one.name not in BY_SCORES)
    return (*rows, *(one for one in rules if isinstance(one, Duplicates)))


def survivors(run: RunDir, config: Config) -> Survivors:
    """The train completions that pass `free_filters`; of equal ones the first is scored. Raises `InputError`."""
    given, rules = planned(run, config).given(), free_filters(config)
    checks = [(one.measurer(given), one.decide) for one in rules if isinstance(one, RowFilter)]
    passed = [one for one in train_rows(run) if all(decide(measure(one)).kept for measure, decide in checks)]
    copies = {}
    for rule in rules if passed else ():
        if isinstance(rule, Duplicates):
            copies = copies_of(rule, passed)
    return Survivors(passed, copies)


def copies_of(rule: Duplicates, passed: Sequence[Completion]) -> dict[str, str]:
    """The first of its equals, for each completion that is not the first."""
    verdicts = zip(passed, rule.run(passed), strict=True)
    return {one.id: verdict.duplicate_of for one, verdict in verdicts if verdict.duplicate_of is not None}


def train_rows(run: RunDir) -> Iterator[Completion]:
    """The train completions; raises `InputError` if there are none yet."""
    rows = read_rows(require(run / COMPLETIONS, "generate"), Completion)
    return (one for one in rows if one.split == "train")


def answer(completion: Completion) -> str:
    """What the student would learn of a completion: its text without the reasoning."""
    return split(completion)[1].strip()
