"""One shard's completions: the verdicts of the row filters, and what set filters and the ranking need to know of each.

Pure but for files: which process does it, and when, plays no part.
"""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from blackbox_kd.errors import InputError
from blackbox_kd.filters.base import Array
from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Completion, Score, Verdict
from blackbox_kd.stages.content import folded
from blackbox_kd.stages.filtering import columns
from blackbox_kd.stages.filtering.plan import Plan, Work, load, plan_of, whole
from blackbox_kd.stages.filtering.shards import rows_of

ROWS = "rows.parquet"
UNKNOWN = 0.5  # a completion that nobody looked at ranks between a right and a wrong one
WORST = -1e30  # one that nobody judged ranks after all that were


class ShardTask(NamedTuple):
    """Which shard of which filtering."""

    work: Work
    number: int


class Measures(NamedTuple):
    """How many train and held-out completions a shard has."""

    train: int
    held_out: int


def completions_of(plan: Plan, number: int) -> Iterator[Completion]:
    """The completions of a shard, with their scores, and corrected where people did so.

    Raises `InputError` where the scores are of other completions.
    """
    path = Path(plan.completions)
    rows = rows_of(path, plan.shards[number], number, Completion)
    if plan.scores is None:
        yield from rows
        return
    scores = Path(plan.scores)
    known = len(plan.score_shards) > number
    marks = rows_of(scores, plan.score_shards[number], number, Score) if known else iter(())
    for row, mark in zip_longest(rows, marks):
        if row is None or mark is None or row.id != mark.id:
            raise InputError(f"{scores}: it is not of the completions in {path}", "Run `bbkd judge` again.")
        yield scored(row, mark)


def scored(row: Completion, mark: Score) -> Completion:
    """A completion with its scores; a correction is what its author wants to be learnt, and is whole."""
    if mark.correction is None:
        return msgspec.structs.replace(row, scores=mark.scores) if mark.scores else row
    corrected = {"text": mark.correction, "finish_reason": "stop", "reasoning": None, "category": ""}
    return msgspec.structs.replace(row, scores=mark.scores, **corrected)


def measure_shard(task: ShardTask) -> Measures:
    """Measure a shard, unless it has been; raises `InputError` for a row that cannot be read."""
    place = task.work.measured(task.number)
    if not place.exists():
        plan = plan_of(task.work)
        found = list(completions_of(plan, task.number))
        train = [one for one in found if one.split == "train"]
        with whole(place) as folder:
            for name, values in features(plan, task.work, train).items():
                np.save(folder / f"{name}.npy", values)
            for name, values in ranking(plan, train).items():
                np.save(folder / f"{name}.npy", values)
            np.save(folder / "held.npy", keys_of([folded(one.messages) for one in found if one.split == "held_out"]))
            table, alive = judged(plan, train)
            columns.write(folder / ROWS, table)
            np.save(folder / "alive.npy", alive)
    return Measures(len(load(place, "alive")), len(load(place, "held")))


def judged(plan: Plan, train: list[Completion]) -> tuple[pa.Table, npt.NDArray[np.bool_]]:
    """The row filters' verdicts as a table, and who passed all of them."""
    given = plan.given()
    found: dict[str, pa.Array] = {"id": pa.array([one.id for one in train], pa.string())}
    alive = np.ones(len(train), dtype=np.bool_)
    for rule in plan.row_rules():
        measure, decide = rule.measurer(given), rule.decide
        verdicts: list[Verdict | None] = [decide(measure(one)) for one in train]
        found |= columns.columns(rule.name, verdicts)
        alive &= np.fromiter((one is None or one.kept for one in verdicts), np.bool_, len(train))
    return pa.table(found), alive


def features(plan: Plan, work: Work, train: list[Completion]) -> dict[str, Array]:
    """What the set filters need to know, by `filter.name`."""
    found = {}
    for rule in plan.set_rules():
        place = work.learnt(rule.name)
        learnt = load(place, "learnt") if (place / "learnt.npy").exists() else None
        for name, values in rule.features(train, learnt).items():
            found[f"{rule.name}.{name}"] = values
    return found


def ranking(plan: Plan, train: list[Completion]) -> dict[str, Array]:
    """What decides which of two completions is better, which side a row is on, and what it cost."""
    scores = [one.scores for one in train]
    return {
        "human": np.array([one.get("human", UNKNOWN) for one in scores], dtype=np.float64),
        "verified": np.array([one.get("verified", UNKNOWN) for one in scores], dtype=np.float64),
        "judged": np.array([one.get("judged", WORST) for one in scores], dtype=np.float64),
        "finished": np.array([one.finish_reason == "stop" for one in train], dtype=np.bool_),
        "chars": np.array([len(one.text) for one in train], dtype=np.int64),
        "content": keys_of([f"{folded(one.messages)}\0{one.text}" for one in train])[:, 0],
        "prompt": keys_of([folded(one.messages) for one in train]),
        "validation": np.array([is_validation(one, plan.validation) for one in train], dtype=np.bool_),
        "paid": keys_of([paid_for(one) for one in train]),
        "usd": np.array([np.nan if one.cost_usd is None else one.cost_usd for one in train], dtype=np.float64),
    }


def paid_for(one: Completion) -> str:
    """Names the reply that was paid: equal prompts under different ids share it."""
    turns = "\0".join(f"{turn.role}:{turn.content}" for turn in one.messages)
    return f"{one.teacher}\0{one.sample}\0{turns}"


def keys_of(texts: list[str]) -> npt.NDArray[np.uint64]:
    """128-bit digests, (texts, 2)."""
    whole_key = b"".join(bytes.fromhex(text_digest(text, length=32)) for text in texts)
    return np.frombuffer(whole_key, dtype=">u8").reshape(len(texts), 2).astype(np.uint64)


def is_validation(completion: Completion, share: float) -> bool:
    """Whether a prompt's rows measure validation loss: fixed by its family, which stays on one side."""
    return int(text_digest("validation", completion.family or completion.prompt_id), 16) / 16**16 < share
