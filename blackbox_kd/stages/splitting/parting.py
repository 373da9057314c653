"""Parts a family of which the registry has prompts on both sides: each new one goes to the side that it is near."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from blackbox_kd.records import Split
from blackbox_kd.shingles import Near, Shingles
from blackbox_kd.stages.splitting.golden import Refused
from blackbox_kd.stages.splitting.registry import Registry

Touched = tuple[str, float | None]  # id of the other prompt, and how similar it is; None where a family binds them
SIDES: tuple[Split, Split] = ("train", "held_out")


class Unit(NamedTuple):
    """Prompts of one text; `families` are their rows' own, `shingles` are of those that have none."""

    key: str
    names: tuple[str, ...]
    families: frozenset[str]
    shingles: Shingles | None
    text: str


def parted(
    units: Sequence[Unit], fixed: Mapping[str, Split], registry: Registry, threshold: float
) -> tuple[dict[str, Split], list[Refused]]:
    """The sides by id, from the fixed ones (by key) outwards step by step, and who is refused for touching both.

    Two units touch that share a family or are near-duplicates. What touches neither side once those are out is train.
    """
    parting = _Parting([unit for unit in units if unit.key not in fixed], threshold)
    last = {side: [unit for unit in units if fixed.get(unit.key) == side] for side in SIDES}
    found: dict[Split, dict[int, Touched]] = {
        side: parting.families_of(registry, side) | parting.touching(last[side]) for side in SIDES
    }
    while any(found.values()):
        last = parting.step(found["train"], found["held_out"])
        found = {side: parting.touching(last[side]) for side in SIDES}
    sides: dict[str, Split] = {unit.key: side for side, reached in parting.reached.items() for unit in reached}
    for unit in parting.remaining():
        sides[unit.key] = "train"
    sides |= fixed
    return {name: sides[unit.key] for unit in units for name in unit.names if unit.key in sides}, parting.refused


class _Parting:
    """The new units, how far both sides have come, and who was refused."""

    def __init__(self, units: Sequence[Unit], threshold: float) -> None:
        self.units = units
        self.reached: dict[Split, list[Unit]] = {"train": [], "held_out": []}
        self.refused: list[Refused] = []
        self._left = set(range(len(units)))
        self._compared = [index for index, unit in enumerate(units) if unit.shingles is not None]
        self._near = Near([one for unit in units if (one := unit.shingles) is not None], threshold)
        self._place = {index: place for place, index in enumerate(self._compared)}
        self._members: dict[str, list[int]] = defaultdict(list)
        for index, unit in enumerate(units):
            for family in unit.families:
                self._members[family].append(index)

    def remaining(self) -> list[Unit]:
        """The units that no side has reached."""
        return [self.units[index] for index in sorted(self._left)]

    def families_of(self, registry: Registry, side: Split) -> dict[int, Touched]:
        """The units of families that the registry has on a side, by index."""
        known = [family for family in sorted(self._members) if side in registry.families.get(family, ())]
        return {index: (f"family {family}", None) for family in known for index in self._members[family]}

    def touching(self, last: Iterable[Unit], among: Iterable[int] | None = None) -> dict[int, Touched]:
        """The units left, or `among` these, that touch one of `last`, by index, each with the first that it touches."""
        found: dict[int, Touched] = {}
        open_ = set(self._left if among is None else among)
        places = {self._place[index] for index in open_ if index in self._place}
        for unit in last:
            for family in sorted(unit.families):
                found |= {index: (unit.names[0], None) for index in self._members[family] if index in open_}
            open_ -= found.keys()
            for place, similarity in self._near.matches(unit.shingles, places) if unit.shingles is not None else ():
                found.setdefault(self._compared[place], (unit.names[0], similarity))
                places.discard(place)
        return found

    def step(self, train: Mapping[int, Touched], held: Mapping[int, Touched]) -> dict[Split, list[Unit]]:
        """Take the units that touch one side to it, and refuse those that touch both, or one just held out."""
        both = {index: (train[index], held[index]) for index in sorted(train.keys() & held.keys())}
        new_held = [self.units[index] for index in sorted(held.keys() - both.keys())]
        new_train = sorted(train.keys() - both.keys())
        late = self.touching(new_held, new_train)
        both |= {index: (train[index], late[index]) for index in sorted(late)}
        for index, (one, other) in both.items():
            self._refuse(self.units[index], one, other)
        self._left -= train.keys() | held.keys()
        new: dict[Split, list[Unit]] = {
            "train": [self.units[index] for index in new_train if index not in late],
            "held_out": new_held,
        }
        for side in SIDES:
            self.reached[side] += new[side]
        return new

    def _refuse(self, unit: Unit, train: Touched, held: Touched) -> None:
        known = [similarity for _, similarity in (train, held) if similarity is not None]
        lower = round(min(known), 4) if known else None
        self.refused += [
            Refused(id=name, reason="both_sides", near=train[0], other=held[0], similarity=lower, text=unit.text)
            for name in unit.names
        ]
