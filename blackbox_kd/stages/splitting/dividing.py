"""Families and sides: what must stay together, what the registry keeps where it was, and what the seed decides."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from blackbox_kd.config.prompts import Prompts
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Split
from blackbox_kd.shingles import by_name, groups_of
from blackbox_kd.stages.content import asked_text, content_key, folded
from blackbox_kd.stages.splitting.choosing import Family, chosen, stratum_of
from blackbox_kd.stages.splitting.crossing import FIX, Named, Sets, across, own_across
from blackbox_kd.stages.splitting.golden import Refused, is_gold, kept_as_pinned, near_gold, registered_gold
from blackbox_kd.stages.splitting.parting import Unit, parted
from blackbox_kd.stages.splitting.registry import Registered, Registry
from blackbox_kd.strategies.base import Draft

HELD_OUT = 300  # enough to show differences of about eight points


class Division(NamedTuple):
    """Family and side of every prompt that is kept, by id, what is refused, and what the registry does not know yet."""

    families: dict[str, str]
    sides: dict[str, Split]
    refused: list[Refused]
    fresh: list[Registered]
    wanted: int  # held-out prompts
    trained: int  # prompts that the registry has as train


def divided(named: Named, prompts: Prompts, seed: int, registry: Registry) -> Division:
    """Divide the prompts: no registered one moves, and none of train is near a held-out one or has its family.

    Raises `InputError` for a pin against the registry, for gold that was changed, and where one side stays empty.
    """
    keys = {name: content_key(draft.messages) for name, draft in named.items()}
    kept_as_pinned(named, registry)
    fixed = fixed_sides(named, keys, registry)
    wanted = held_out_of(prompts.held_out, len(named))
    refused = near_gold(named, prompts.near_gold, {name for name, side in fixed.items() if side == "held_out"})
    left = without(named, refused)
    sets = by_name({name: asked_text(draft.messages) for name, draft in left.items() if draft.family is None})
    families = family_of(left, prompts.near_duplicate, sets)
    known = known_sides(left, families, keys, fixed, registry)
    between = {family for family, sides in known.items() if len(sides) > 1}
    shown: dict[str, str] = {}
    for family in sorted(between):
        members = [name for name in families if families[name] == family]
        units = units_of(members, left, keys, sets)
        sides, both = parted(
            units, {keys[name]: fixed[name] for name in members if name in fixed}, registry, prompts.near_duplicate
        )
        refused += both
        apart(members, sides, family, families, shown)
        known |= {families[name]: {sides[name]} for name in members if name in sides}
    left = without(left, refused)
    families = {name: families[name] for name in left}
    present = set(families.values())
    settled = {family: next(iter(sides)) for family, sides in known.items() if family in present}
    by_family = split_of(left, families, wanted, seed, settled)
    sides = {name: by_family[family] for name, family in families.items()}
    refused += across(left, sides, sets, keys, prompts.near_duplicate, registry)
    left = without(left, refused)
    refused += own_across(named, {name: sides[name] for name in left}, prompts.near_duplicate)
    left = without(left, refused)
    return Division(
        families={name: shown.get(families[name], families[name]) for name in left},
        sides={name: sides[name] for name in left},
        refused=sorted(refused, key=lambda one: one.id),
        fresh=fresh(left, keys, sides, registry),
        wanted=wanted,
        trained=sum(registry.sides.get(key) == "train" for key in keys.values()),
    )


def without(named: Named, refused: list[Refused]) -> dict[str, Draft]:
    """The drafts that are not refused, by id, in the order of their ids."""
    gone = {one.id for one in refused}
    return {name: named[name] for name in sorted(named) if name not in gone}


def fixed_sides(named: Named, keys: Mapping[str, str], registry: Registry) -> dict[str, Split]:
    """The sides that are settled: as registered, else as pinned. Raises `InputError` where these differ."""
    fixed: dict[str, Split] = {}
    for name, draft in named.items():
        pin, kept = draft.split, registry.sides.get(keys[name])
        if pin and kept and pin != kept:
            raise InputError(f"{draft.where}: pinned to {pin}, but the registry has this prompt as {kept}", FIX)
        if pin and not kept and not is_gold(draft):
            of_family = registry.families.get(draft.family or "", {pin})
            if pin not in of_family:
                side = next(iter(of_family))
                whole = f"{draft.where}: pinned to {pin}, but the registry has family {draft.family!r} as {side}"
                raise InputError(whole, FIX)
        if settled := kept or pin:
            fixed[name] = settled
    return fixed


def family_of(named: Named, threshold: float, sets: Sets | None = None) -> dict[str, str]:
    """The family of each prompt: its own, or its strategy's, else its group of near-duplicates.

    Families that share a text are one, whatever they are called: no text is on both sides. Gold is grouped by itself:
    what is near it is refused, not held out with it.
    """
    families = {name: draft.family for name, draft in named.items() if draft.family is not None}
    if sets is None:
        sets = by_name({name: asked_text(named[name].messages) for name in named if name not in families})
    for gold in (True, False):
        rest = sorted(name for name in sets if is_gold(named[name]) is gold)
        groups = groups_of([sets[name] for name in rest], threshold)
        families.update({name: f"near:{rest[group]}" for name, group in zip(rest, groups, strict=True)})
    first: dict[str, str] = {}
    joined: dict[str, str] = {}

    def root(family: str) -> str:
        while family in joined:
            family = joined[family]
        return family

    for name in sorted(named):
        text = folded(named[name].messages)
        one, other = sorted((root(families[name]), root(first.setdefault(text, families[name]))))
        if one != other:
            joined[other] = one
    return {name: root(family) for name, family in families.items()}


def known_sides(
    named: Named,
    families: Mapping[str, str],
    keys: Mapping[str, str],
    fixed: Mapping[str, Split],
    registry: Registry,
) -> dict[str, set[Split]]:
    """The sides that members of a family are on already, of the families that the registry knows at all."""
    found: dict[str, set[Split]] = defaultdict(set)
    known: set[str] = set()
    for name, family in families.items():
        own = registry.families.get(named[name].family or "", set())
        found[family] |= own
        if name in fixed:
            found[family].add(fixed[name])
        if own or keys[name] in registry.sides:
            known.add(family)
    return {family: found[family] for family in known}


def units_of(members: list[str], named: Named, keys: Mapping[str, str], sets: Sets) -> list[Unit]:
    """The members as units of equal text, which are never parted."""
    names: dict[str, list[str]] = defaultdict(list)
    for name in sorted(members):
        names[keys[name]].append(name)
    return [
        Unit(
            key=key,
            names=tuple(equal),
            families=frozenset(own for name in equal if (own := named[name].family) is not None),
            shingles=next((sets[name] for name in equal if name in sets), None),
            text=asked_text(named[equal[0]].messages),
        )
        for key, equal in names.items()
    ]


def apart(
    members: list[str], sides: Mapping[str, Split], family: str, families: dict[str, str], shown: dict[str, str]
) -> None:
    """Make two families of one that lies on both sides; `shown` says what they are called, an own name as before."""
    for side in ("train", "held_out"):
        names = sorted(name for name in members if sides.get(name) == side)
        for name in names:
            families[name] = f"{family}\0{side}"
        if names:
            shown[f"{family}\0{side}"] = f"near:{names[0]}" if family.startswith("near:") else family


def held_out_of(asked: int | None, prompts: int) -> int:
    """How many prompts to hold out: as many as set, else 300, or a fifth where there are fewer than 1,500."""
    return min(HELD_OUT, prompts // 5) if asked is None else asked


def split_of(
    named: Named, families: Mapping[str, str], held_out: int, seed: int, settled: Mapping[str, Split] | None = None
) -> dict[str, Split]:
    """The side of each family: `settled` or pinned by its rows, else as `choosing.chosen` says.

    Raises `InputError` if rows of one family are pinned to both sides, or if nothing is left on one of them.
    """
    members: dict[str, list[str]] = defaultdict(list)
    for name, family in families.items():
        members[family].append(name)
    splits: dict[str, Split] = dict(settled or {})
    for family, names in members.items():
        pinned = {split for name in names if (split := named[name].split) is not None}
        if family not in splits and len(pinned) > 1:
            where = ", ".join(sorted(named[name].where for name in names)[:3])
            raise InputError(
                f"{where}: family {family!r} is pinned to train and to held_out", "A family is on one side."
            )
        if pinned:
            splits.setdefault(family, pinned.pop())
    free = [family_with(family, members[family], named) for family in set(members) - set(splits)]
    order = {one.name: text_digest(str(seed), content_of(one.name, members[one.name], named)) for one in free}
    whole = Counter(stratum_of(draft.slice, draft.source) for draft in named.values())
    held = [name for name, family in families.items() if splits.get(family) == "held_out"]
    there = Counter(stratum_of(named[name].slice, named[name].source) for name in held)
    out = chosen(sorted(free, key=lambda one: (order[one.name], one.name)), held_out - len(held), whole, there)
    splits |= {one.name: "held_out" if one.name in out else "train" for one in free}
    if held_out and set(splits.values()) != {"train", "held_out"}:
        over = " Or name another [prompts] splits file: the registry holds some of them." if settled else ""
        raise InputError(
            f"cannot hold out {held_out} of {len(named)} prompts: all are on one side, in {len(members)} families",
            "Lower [prompts] held_out, add prompts, give your rows a `family`, or a template strategy a `family_slot`."
            + over,
        )
    return splits


def family_with(family: str, members: list[str], named: Named) -> Family:
    """The family with its strata, in the order of their names."""
    strata = Counter(sorted(stratum_of(named[name].slice, named[name].source) for name in members))
    return Family(family, len(members), strata)


def content_of(family: str, members: list[str], named: Named) -> str:
    """What a family is known by, whatever the ids: its own name, of near-duplicates the content that sorts first."""
    if not family.startswith("near:"):
        return family
    return min(content_key(named[name].messages) for name in members)


def fresh(named: Named, keys: Mapping[str, str], sides: Mapping[str, Split], registry: Registry) -> list[Registered]:
    """The lines that the registry lacks, in the order of the ids: new prompts, new names of families, new gold."""
    lines: list[Registered] = []
    seen, families = set(registry.sides), {(name, side) for name, both in registry.families.items() for side in both}
    for name, draft in named.items():
        key, side = keys[name], sides[name]
        if is_gold(draft):
            new = key not in registry.gold
            line = registered_gold(name, draft)
        else:
            new = key not in seen or (draft.family is not None and (draft.family, side) not in families)
            line = Registered(key=key, split=side, family=draft.family)
        if new:
            lines.append(line)
            seen.add(key)
            if draft.family is not None:
                families.add((draft.family, side))
    return lines
