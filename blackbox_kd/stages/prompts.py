"""prompts: every prompt gets its id, family and split before a cent is spent."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import text_digest, write_rows
from blackbox_kd.records import Message, Prompt, Split
from blackbox_kd.run import PROMPTS, Counts, RunDir
from blackbox_kd.shingles import near_duplicate_groups
from blackbox_kd.stages.masking import looked_over, masked
from blackbox_kd.stages.stage import Stage
from blackbox_kd.strategies.base import Draft, asked
from blackbox_kd.strategies.files import drafts, expand
from blackbox_kd.strategies.template import Template
from blackbox_kd.tasks import TaskPrompts
from blackbox_kd.text import fold

HELD_OUT = 300  # enough to show differences of about eight points


def main(run: RunDir, config: Config) -> Counts:
    """Collect, name, group and split the prompts; writes prompts.jsonl, sorted by id. Raises `InputError`."""
    named = identified(looked_over(collected(config, run.root), config.prompts, run.progress.note))
    if not named:
        raise InputError("no prompts", "Set [prompts] files, or add a [[prompts.strategy]].")
    families = family_of(named, config.prompts.near_duplicate)
    wanted = held_out_of(config.prompts.held_out, len(named))
    splits = split_of(named, families, wanted, config.seed)
    prompts = [finished(name, draft, families[name], splits[families[name]]) for name, draft in sorted(named.items())]
    held_out = sum(prompt.split == "held_out" for prompt in prompts)
    if held_out < wanted:
        run.progress.note(
            f"prompts: {held_out} of {wanted} could be held out: families stay whole "
            f"(the largest has {largest(families)} prompts); `family` on your rows makes smaller ones"
        )
    write_rows(run / PROMPTS, prompts)
    return {
        "prompts": len(prompts),
        "held_out": held_out,
        "families": len(set(families.values())),
        "with_reference": sum(prompt.reference is not None for prompt in prompts),
    }


def collected(config: Config, root: Path) -> Iterator[Draft]:
    """The rows of all files, then of all strategies, masked where the user says how."""
    return masked(unmasked(config, root), config.prompts, root)


def unmasked(config: Config, root: Path) -> Iterator[Draft]:
    """The rows as they come."""
    for path in expand(config.prompts.files, root):
        yield from drafts(path)
    for strategy in config.prompts.strategy:
        if isinstance(strategy, Template):
            yield from strategy.drafts(root, config.seed)
        else:
            yield from from_task(strategy, config)


def from_task(strategy: TaskPrompts, config: Config) -> Iterator[Draft]:
    """The rows of one of our own tasks."""
    for row in strategy.rows(config.seed, min(held_out_of(config.prompts.held_out, strategy.count), strategy.count)):
        yield Draft(
            messages=asked(row.prompt),
            where=f"task {strategy.task}",
            family=f"{strategy.task}:{row.family}",
            reference=row.reference,
            slice=row.slice,
            split=row.split,
            source=f"task:{strategy.task}",
        )


def identified(drafts: Iterable[Draft]) -> dict[str, Draft]:
    """Drafts by id: their own, else one made from their content; equal rows without an id become one, weights added.

    Raises `InputError` for an id that stands twice, naming both places.
    """
    named: dict[str, Draft] = {}
    for draft in drafts:
        name = draft.id or text_digest(*(f"{turn.role}:{turn.content}" for turn in draft.messages))
        first = named.get(name)
        if first is None:
            named[name] = draft
        elif draft.id is not None or first.id is not None:
            raise InputError(
                f"{draft.where}: the id {name!r} stands at {first.where} already", "Ids name one row each."
            )
        else:
            named[name] = merged(first, draft)
    return named


def merged(first: Draft, again: Draft) -> Draft:
    """Two equal rows as one: what the first leaves open, the other says. Raises `InputError` if their splits differ."""
    if first.split and again.split and first.split != again.split:
        raise InputError(
            f"{again.where}: pinned to {again.split}, but the same prompt at {first.where} is pinned to {first.split}",
            "A prompt is on one side.",
        )
    said = {
        name: getattr(first, name) if getattr(first, name) is not None else getattr(again, name)
        for name in ("family", "reference", "slice", "split")
    }
    return msgspec.structs.replace(first, **said, weight=first.weight + again.weight)


def family_of(named: dict[str, Draft], threshold: float) -> dict[str, str]:
    """The family of each prompt: its own, or its strategy's, else its group of near-duplicates.

    Families that share a text are one, whatever they are called: no text is on both sides.
    """
    families = {name: draft.family for name, draft in named.items() if draft.family is not None}
    rest = sorted(name for name in named if name not in families)
    groups = near_duplicate_groups([asked_text(named[name].messages) for name in rest], threshold)
    families.update({name: f"near:{rest[group]}" for name, group in zip(rest, groups, strict=True)})
    first: dict[str, str] = {}
    joined: dict[str, str] = {}

    def root(family: str) -> str:
        while family in joined:
            family = joined[family]
        return family

    for name in sorted(named):
        text = fold(asked_text(named[name].messages))
        one, other = sorted((root(families[name]), root(first.setdefault(text, families[name]))))
        if one != other:
            joined[other] = one
    return {name: root(family) for name, family in families.items()}


def asked_text(messages: tuple[Message, ...]) -> str:
    """All turns of a conversation as one text, to compare it by."""
    return "\n".join(turn.content for turn in messages)


def held_out_of(asked: int | None, prompts: int) -> int:
    """How many prompts to hold out: as many as set, else 300, or a fifth where there are fewer than 1,500."""
    return min(HELD_OUT, prompts // 5) if asked is None else asked


def split_of(named: dict[str, Draft], families: dict[str, str], held_out: int, seed: int) -> dict[str, Split]:
    """The side of each family: pinned by its rows, else held out, in an order fixed by name and seed, while it fits.

    Raises `InputError` if rows of one family are pinned to both sides, or if nothing is left on one of them.
    """
    members: dict[str, list[str]] = defaultdict(list)
    for name, family in families.items():
        members[family].append(name)
    splits: dict[str, Split] = {}
    for family, names in members.items():
        pinned = {split for name in names if (split := named[name].split) is not None}
        if len(pinned) > 1:
            where = ", ".join(sorted(named[name].where for name in names)[:3])
            raise InputError(
                f"{where}: family {family!r} is pinned to train and to held_out", "A family is on one side."
            )
        if pinned:
            splits[family] = pinned.pop()
    left = held_out - sum(len(members[family]) for family, side in splits.items() if side == "held_out")
    for family in sorted(set(members) - set(splits), key=lambda family: text_digest(str(seed), family)):
        fits = len(members[family]) <= left
        splits[family] = "held_out" if fits else "train"
        left -= len(members[family]) if fits else 0
    sides = set(splits.values())
    if held_out and sides != {"train", "held_out"}:
        raise InputError(
            f"cannot hold out {held_out} of {len(named)} prompts: all are on one side, in {len(members)} families",
            "Lower [prompts] held_out, add prompts, give your rows a `family`, or a template strategy a `family_slot`.",
        )
    return splits


def finished(name: str, draft: Draft, family: str, split: Split) -> Prompt:
    """The draft as a prompt."""
    return Prompt(
        id=name,
        messages=draft.messages,
        split=split,
        family=family,
        reference=draft.reference,
        slice=draft.slice,
        weight=draft.weight,
        source=draft.source,
        meta=draft.meta,
    )


def largest(families: dict[str, str]) -> int:
    """How many prompts the largest family has."""
    sizes: dict[str, int] = defaultdict(int)
    for family in families.values():
        sizes[family] += 1
    return max(sizes.values())


def sources(run: RunDir, config: Config) -> list[Path]:
    """The user's files: rows, templates and slot values."""
    paths = expand(config.prompts.files, run.root)
    if config.prompts.redact:
        paths.append(run.root / config.prompts.redact.rpartition(":")[0])
    for strategy in config.prompts.strategy:
        if isinstance(strategy, Template):
            named = [value for value in strategy.slots.values() if isinstance(value, str)]
            paths += [run.root / name for name in (*named, *([strategy.file] if strategy.file else []))]
    return paths


STAGE = Stage(
    name="prompts",
    settings=lambda config: {"prompts": config.prompts, "seed": config.seed},
    reads=sources,
    writes=(PROMPTS,),
    main=main,
)
