"""Train prompts that are near-duplicates of held-out ones all the same, and are left out."""

from collections.abc import Iterator, Mapping

import numpy as np

from blackbox_kd.errors import InputError
from blackbox_kd.records import Split
from blackbox_kd.shingles import Closest, Near, Shingles, by_name, jaccard, without_frequent
from blackbox_kd.stages.content import asked_text
from blackbox_kd.stages.splitting.golden import Refused, is_gold
from blackbox_kd.stages.splitting.registry import Registry
from blackbox_kd.strategies.base import Draft

FIX = "Take `split` out of the row, or name another [prompts] splits file to start over."
Named = Mapping[str, Draft]  # drafts by id
Sets = Mapping[str, Shingles]  # of the prompts without a family of their own, by id
Sides = Mapping[str, Split]  # by id


def across(
    named: Named,
    sides: Sides,
    sets: Sets,
    keys: Mapping[str, str],
    threshold: float,
    registry: Registry,
) -> list[Refused]:
    """Of those without a family of their own: registered on both sides, or near gold.

    Raises `InputError` where a pin of the user's puts a new prompt across from a registered one.
    """
    held = [name for name in sets if sides.get(name) == "held_out"]
    near = Near([sets[name] for name in held], threshold)
    refused = []
    for name in sets:
        if sides.get(name) != "train" or (found := near.find(sets[name])) is None:
            continue
        other = held[found[0]]
        for one, two in () if is_gold(named[other]) else ((name, other), (other, name)):
            if named[one].split and keys[one] not in registry.sides and keys[two] in registry.sides:
                pin = f"{named[one].where}: pinned to {sides[one]}"
                raise InputError(f"{pin}, but near {two!r}, which is registered as {sides[two]}", FIX)
        refused.append(refusal(name, other, found[1], named))
    return refused


def own_across(named: Named, sides: Sides, threshold: float) -> list[Refused]:
    """Of pairs with a family of their own: those near each other that are so without the template, too.

    `named` are all drafts, those without a side too: which shingles are of a template depends on them all.
    """
    if all(draft.family is None for draft in named.values()):
        return []
    whole = by_name({name: asked_text(draft.messages) for name, draft in named.items()})
    (left,) = without_frequent(list(whole.values()))
    parts = np.split(left.values, np.cumsum(left.sizes)[:-1])
    rare = dict(zip(whole, parts, strict=True))
    held = sorted(name for name, side in sides.items() if side == "held_out")
    near = Near([rare[name] for name in held], threshold)

    def both(name: str) -> Iterator[Closest]:
        for place, _ in near.matches(rare[name]):
            own = named[name].family is not None or named[held[place]].family is not None
            if own and (similarity := jaccard(whole[name], whole[held[place]])) >= threshold:
                yield place, similarity

    trained = sorted(name for name, side in sides.items() if side == "train")
    found = ((name, next(both(name), None)) for name in trained)
    return [refusal(name, held[one[0]], one[1], named) for name, one in found if one is not None]


def refusal(name: str, other: str, similarity: float, named: Named) -> Refused:
    """The train prompt that is refused for a held-out one."""
    return Refused(
        id=name,
        reason="near_gold" if is_gold(named[other]) else "near_held_out",
        near=other,
        similarity=round(similarity, 4),
        text=asked_text(named[name].messages),
    )
