"""What follows from all shards together: who is the better of two, and what the set filters say."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from blackbox_kd.errors import InputError
from blackbox_kd.filters.base import Array, Decided, Each, Indices, Mask
from blackbox_kd.jsonl import read_json, write_json
from blackbox_kd.records import Completion
from blackbox_kd.stages.filtering.measuring import Measures, completions_of
from blackbox_kd.stages.filtering.plan import OnDisk, Plan, Work, load, whole

SAMPLE = 10_000  # completions that set filters learn from


class Ruling(NamedTuple):
    """What a set filter decided, and whom it looked at."""

    rule: str
    looked: Mask  # (completions,)
    found: Decided


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What of a decision is no array."""

    reason: str
    threshold: float | None


def learn(plan: Plan, work: Work) -> None:
    """Let the set filters learn from a sample that is spread over the shards, unless they have."""
    wanted = [rule for rule in plan.set_rules() if not work.learnt(rule.name).exists()]
    if not wanted:
        return
    sample = list(sampled(plan))
    for rule in wanted:
        learnt = rule.learn(sample)
        with whole(work.learnt(rule.name)) as folder:
            if learnt is not None:
                np.save(folder / "learnt.npy", learnt)


def sampled(plan: Plan) -> Iterator[Completion]:
    """The first train completions of each shard, at most `SAMPLE` in all."""
    each = -(-SAMPLE // max(1, len(plan.shards)))
    for number in range(len(plan.shards)):
        yield from islice((one for one in completions_of(plan, number) if one.split == "train"), each)


def gathered(work: Work, measures: Iterable[Measures], name: str) -> Array:
    """An array of all shards, one after another."""
    return np.concatenate([np.asarray(load(work.measured(number), name)) for number, _ in enumerate(measures)])


def ranked(work: Work, measures: list[Measures]) -> Indices:
    """The rank of each completion, the best is 0: by people, verified, judged, finished, shorter, then by content.

    Whatever the order of the prompts, except between equal answers to equal prompts.
    """
    names = ("content", "chars", "finished", "judged", "verified", "human")
    content, chars, finished, judged, verified, human = (gathered(work, measures, name) for name in names)
    order = np.lexsort((content, chars, ~finished, -judged, -verified, -human))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def resolve(plan: Plan, work: Work, measures: list[Measures], each: Each) -> tuple[Mask, list[Ruling]]:
    """(who is kept, what each set filter said), the set filters in order, each looking at what is left."""
    alive = gathered(work, measures, "alive").astype(np.bool_)
    rulings = []
    rules = plan.set_rules()
    rank = ranked(work, measures) if rules else np.empty(0, dtype=np.int64)
    for rule in rules:
        place = work.decided(rule.name)
        if not place.exists():
            table = OnDisk(work, rule.name, tuple(one.train for one in measures))
            keep(work, rule.name, rule.decide(table, alive, rank, each))
        found = kept_decision(work, rule.name)
        rulings.append(Ruling(rule.name, alive, found))
        alive = alive & found.kept
    return alive, rulings


def keep(work: Work, rule: str, found: Decided) -> None:
    """Leave a decision on disk: the next process need not make it again."""
    with whole(work.decided(rule)) as folder:
        np.save(folder / "kept.npy", found.kept)
        for name, values in (("value", found.value), ("duplicate_of", found.duplicate_of)):
            if values is not None:
                np.save(folder / f"{name}.npy", values)
        write_json(folder / "words.json", Words(reason=found.reason, threshold=found.threshold))


def kept_decision(work: Work, rule: str) -> Decided:
    """A decision as it was left."""
    place = work.decided(rule)
    told = read_json(place / "words.json", Words)
    value, duplicate_of = (
        np.asarray(load(place, name)) if (place / f"{name}.npy").exists() else None
        for name in ("value", "duplicate_of")
    )
    kept: Mask = np.asarray(load(place, "kept"))
    return Decided(kept, told.reason, value, told.threshold, duplicate_of)


def apart(work: Work, measures: list[Measures], alive: Mask, name_of: Callable[[int], str]) -> None:
    """Raise `InputError` if a prompt's text is on two sides: train, validation, held out."""
    prompt, validation = gathered(work, measures, "prompt"), gathered(work, measures, "validation")
    held = gathered(work, measures, "held")
    sides = np.concatenate([validation[alive].astype(np.int8), np.full(len(held), 2, dtype=np.int8)])
    keys = np.concatenate([prompt[alive], held])
    order = np.lexsort((sides, keys[:, 1], keys[:, 0]))
    same = (keys[order][1:] == keys[order][:-1]).all(axis=1) & (sides[order][1:] != sides[order][:-1])
    if same.any():
        first = int(order[int(np.flatnonzero(same)[0])])
        name = name_of(int(np.flatnonzero(alive)[first])) if first < int(alive.sum()) else "a held-out prompt"
        message = f"the prompt of {name} is on two sides of the split"
        raise InputError(message, "Run `bbkd prompts` again: it keeps equal prompts together.")


def cost_usd(work: Work, measures: list[Measures]) -> float | None:
    """All money of the train completions, each paid reply once; None where a price is unknown."""
    paid, usd = gathered(work, measures, "paid"), gathered(work, measures, "usd")
    order = np.lexsort((paid[:, 1], paid[:, 0]))
    sorted_keys = paid[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (sorted_keys[1:] != sorted_keys[:-1]).any(axis=1)
    unique: npt.NDArray[np.float64] = usd[order][first]
    return None if np.isnan(unique).any() else float(unique.sum())
