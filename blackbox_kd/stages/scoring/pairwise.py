"""Pairwise: the samples of a prompt against each other, each pair in both orders; a tie where the orders disagree."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, groupby
from pathlib import Path
from statistics import fmean

from blackbox_kd.records import Completion
from blackbox_kd.stages.evaluating.judging import Pair, Winner, judgement, prompts_of
from blackbox_kd.stages.evaluating.rubrics import PAIRWISE, template
from blackbox_kd.stages.scoring.asking import Asking, Opinions, References, by_digest
from blackbox_kd.stages.scoring.surviving import answer

WINS: dict[Winner, tuple[float, float]] = {"student": (1.0, 0.0), "other": (0.0, 1.0), "tie": (0.5, 0.5)}
Two = tuple[Completion, Completion]


def rubric_of(own: str, root: Path) -> str:
    """The template; raises `InputError` if it cannot serve."""
    return template(own, root, PAIRWISE, ("prompt", "answer_a", "answer_b"), ("reference",))


def asking(rows: Sequence[Completion], references: References, rubric: str) -> Asking:
    """Two prompts to the judge a pair; the score is the share of its comparisons that an answer won, a tie is half.

    A prompt with one answer has nothing to compare, and no score.
    """
    twos = list(pairs(rows))

    def scores(opinions: Opinions) -> dict[str, float]:
        won: dict[str, list[float]] = defaultdict(list)
        for one, other in twos:
            winner = judgement(pair_of((one, other), references), "", dict(opinions)).winner
            if winner is not None:
                for row, points in zip((one, other), WINS[winner], strict=True):
                    won[row.id].append(points)
        return {name: fmean(found) for name, found in won.items()}

    asked = prompts_of([pair_of(two, references) for two in twos], rubric)
    return Asking(asked, len({one.id for two in twos for one in two}), scores)


def pairs(rows: Sequence[Completion]) -> Iterator[Two]:
    """All pairs of answers to the same prompt."""
    for _, same in groupby(sorted(rows, key=lambda one: (one.prompt_id, one.sample)), key=lambda one: one.prompt_id):
        yield from combinations(same, 2)


def pair_of(two: Two, references: References) -> Pair:
    """Two answers as evaluation's judge compares them: the first takes the part of the student."""
    one, other = two
    name = f"{one.id}|{other.id}"
    return Pair(name, one.messages, answer(one), answer(other), references.get(one.prompt_id))


def first_prompts(rows: Sequence[Completion], count: int | None) -> list[Completion]:
    """The answers of whole prompts that have two or more, at most `count`; prompts chosen by the digest of their id."""
    groups: dict[str, list[Completion]] = defaultdict(list)
    for one in rows:
        groups[one.prompt_id].append(one)
    chosen: list[Completion] = []
    for name in by_digest(name for name, found in groups.items() if len(found) > 1):
        if count is not None and len(chosen) + len(groups[name]) > count:
            break
        chosen += groups[name]
    return sorted(chosen, key=lambda one: one.id)
