"""Prompts from a template with named slots: "Translate {{word}} into {{language}}."."""

import itertools
import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from blackbox_kd.errors import UsageError
from blackbox_kd.strategies.base import Draft, asked

Filling = tuple[str, dict[str, str]]  # template, value of each slot
SLOT = re.compile(r"\{\{\s*(\w+)\s*\}\}")
ALL_BELOW = 200_000  # with fewer combinations than this, they are enumerated and shuffled; above, drawn one by one


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="template", tag_field="kind"):
    """Fills `count` distinct combinations of slot values into templates.

    `templates` are texts; `file` names a file of them, parted by lines of `---`. A slot's values are a list, or
    `"file.txt"`: one value a line. A family is a template, or with `family_slot` a value of that slot.
    """

    count: Annotated[int, msgspec.Meta(ge=1)]
    templates: tuple[str, ...] = ()
    file: str | None = None
    slots: dict[str, tuple[str, ...] | str] = {}
    family_slot: str | None = None

    def drafts(self, root: Path, seed: int) -> Iterator[Draft]:
        """Distinct prompts in an order fixed by `seed`, fewer if there are no more; raises `UsageError`."""
        values = {name: self.values(name, root) for name in self.slots}
        templates = dict.fromkeys([*self.templates, *self.from_file(root)])
        if not templates:
            raise UsageError("prompts.strategy: a template strategy needs `templates` or `file`", "Add one.")
        if self.family_slot is not None and self.family_slot not in self.slots:
            raise UsageError(f"prompts.strategy.family_slot: no slot `{self.family_slot}`", f"Slots: {[*self.slots]}.")
        for template in templates:
            if missing := sorted({*SLOT.findall(template)} - {*values}):
                raise UsageError(
                    f"prompts.strategy: the template {template[:40]!r} has a slot `{missing[0]}` without values",
                    f'Add slots.{missing[0]} = ["...", "..."].',
                )
        streams = [combinations(template, values, random.Random(f"{seed}:{template}")) for template in templates]
        rounds = itertools.chain.from_iterable(itertools.zip_longest(*streams))
        texts: dict[str, None] = {}
        for template, chosen in (item for item in rounds if item is not None):
            text = fill(template, chosen)
            if len(texts) == self.count:
                return
            if text not in texts:
                texts[text] = None
                family = chosen.get(self.family_slot or "", template)
                yield Draft(messages=asked(text), where="template", family=family, source="template")

    def values(self, name: str, root: Path) -> tuple[str, ...]:
        """The values of a slot, from the list or from its file."""
        given = self.slots[name]
        if isinstance(given, str):
            given = tuple(line.strip() for line in text_of(root / given).splitlines() if line.strip())
        if not given:
            raise UsageError(f"prompts.strategy.slots.{name}: no values", "Give at least one.")
        return given

    def from_file(self, root: Path) -> list[str]:
        """The templates in `file`; none without one."""
        if self.file is None:
            return []
        return [part.strip() for part in re.split(r"(?m)^---\s*$", text_of(root / self.file)) if part.strip()]


def text_of(path: Path) -> str:
    """A user's text file, byte order mark and CRLF removed; raises `UsageError` if it is absent."""
    try:
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise UsageError(f"prompts.strategy: no such file: {path}", "Paths start at the folder of bbkd.toml.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"prompts.strategy: {path} is no UTF-8 text file: {error}", "Save it as UTF-8.") from None


def combinations(
    template: str, values: Mapping[str, tuple[str, ...]], rng: random.Random
) -> Iterator[tuple[str, dict[str, str]]]:
    """(template, value of each slot) for distinct fillings of one template."""
    names = list(dict.fromkeys(SLOT.findall(template)))
    lists = [list(dict.fromkeys(values[name])) for name in names]
    total = 1
    for one in lists:
        total *= len(one)
    order = rng.sample(range(total), total) if total <= ALL_BELOW else drawn(total, rng)
    for number in order:
        chosen: dict[str, str] = {}
        for name, one in zip(names, lists, strict=True):
            number, index = divmod(number, len(one))
            chosen[name] = one[index]
        yield template, chosen


def drawn(total: int, rng: random.Random) -> Iterator[int]:
    """Distinct random numbers below `total`."""
    seen: set[int] = set()
    while len(seen) < total:
        number = rng.randrange(total)
        if number not in seen:
            seen.add(number)
            yield number


def fill(template: str, chosen: Mapping[str, str]) -> str:
    """The template with each slot's value in place; values are put in as they are, and never filled again."""
    return SLOT.sub(lambda match: chosen[match[1]], template)
