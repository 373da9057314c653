"""prompts: every prompt gets its id, family and split before a cent is spent, and keeps its side for ever."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import text_digest, write_json, write_rows
from blackbox_kd.records import Prompt, Split
from blackbox_kd.run import PROMPTS, REFUSED_PROMPTS, SPLIT_AUDIT, Counts, RunDir
from blackbox_kd.stages.content import content_key
from blackbox_kd.stages.masking import looked_over, masked
from blackbox_kd.stages.splitting.auditing import Audit, audited, line
from blackbox_kd.stages.splitting.dividing import Division, divided, held_out_of
from blackbox_kd.stages.splitting.golden import gold_drafts, is_gold
from blackbox_kd.stages.splitting.registry import append, held, path_of, read
from blackbox_kd.stages.stage import Stage
from blackbox_kd.stats import power_statement
from blackbox_kd.strategies.base import Draft, asked
from blackbox_kd.strategies.files import drafts, expand
from blackbox_kd.strategies.template import Template
from blackbox_kd.tasks import TaskPrompts

FEW = 100  # held-out prompts below which only a large difference shows
UNKNOWN_RATE = 0.5  # of a score nobody has measured yet: where a difference is hardest to show


class Planned(NamedTuple):
    """The prompts, sorted by id, how they were divided, and how much of the registry's file is whole."""

    prompts: list[Prompt]
    division: Division
    whole_bytes: int
    lines: int | None  # of the registry, those that are new among them; None where none is kept
    audit: Audit | None = None  # None before the split is settled


def main(run: RunDir, config: Config) -> Counts:
    """Collect, name, group and split the prompts; writes prompts.jsonl, sorted by id. Raises `InputError`.

    The registry has them before that file does: after a kill in between, the next run divides them as this one did.
    """
    named = named_drafts(run, config)
    plan = settled(named, run, config, config.prompts.gold)
    written(plan, run, config)
    return {
        "prompts": len(plan.prompts),
        "held_out": sum(prompt.split == "held_out" for prompt in plan.prompts),
        "families": len(set(plan.division.families.values())),
        "with_reference": sum(prompt.reference is not None for prompt in plan.prompts),
        "gold": sum(is_gold(draft) for draft in named.values()),
        "refused": len(plan.division.refused),
    }


def written(plan: Planned, run: RunDir, config: Config) -> None:
    """Write prompts.jsonl, split_audit.json, and which prompts were refused if any; say what the user has to know."""
    write_rows(run / PROMPTS, plan.prompts)
    if plan.division.refused:
        write_rows(run / REFUSED_PROMPTS, plan.division.refused)
    else:
        (run / REFUSED_PROMPTS).unlink(missing_ok=True)
    if plan.audit is not None:
        write_json(run / SPLIT_AUDIT, plan.audit)
    for said in told(plan, config):
        run.progress.note(f"prompts: {said}")


def planned(run: RunDir, config: Config) -> list[Prompt]:
    """The prompts as the stage would write them now; nothing is written. Raises `InputError`."""
    return planned_of(named_drafts(run, config), run, config, config.prompts.gold).prompts


def settled(named: Mapping[str, Draft], run: RunDir, config: Config, gold: str = "") -> Planned:
    """The drafts divided, audited, and registered so before this returns.

    Raises `InputError`, or `RunInUse` after a wait.
    """
    path = path_of(config.prompts.splits, run.root)
    with held(path, run.progress.note):
        if path is not None and not path.exists():
            run.progress.note(
                f"prompts: {config.prompts.splits} is new: who is held out is settled now, and kept there"
            )
        plan = planned_of(named, run, config, gold)
        found = audited(named, plan.prompts, plan.division.refused, config.prompts.near_duplicate, plan.lines)
        append(path, plan.division.fresh, plan.whole_bytes)
    return plan._replace(audit=found)


def planned_of(named: Mapping[str, Draft], run: RunDir, config: Config, gold: str) -> Planned:
    """The drafts, those of the file `gold` among them, divided by what the registry holds of them."""
    path = path_of(config.prompts.splits, run.root)
    families = {draft.family for draft in named.values() if draft.family is not None}
    registry = read(path, {content_key(draft.messages) for draft in named.values()}, families, gold)
    found = divided(named, config.prompts, config.seed, registry)
    prompts = [finished(name, named[name], found.families[name], found.sides[name]) for name in sorted(found.sides)]
    lines = None if path is None else registry.lines + len(found.fresh)
    return Planned(asked_twice(prompts, config.prompts.second_samples), found, registry.whole_bytes, lines)


def asked_twice(prompts: list[Prompt], count: int) -> list[Prompt]:
    """The prompts, so many of the held-out ones without a reference marked, chosen by a digest of their ids."""
    agreeing = [one.id for one in prompts if one.split == "held_out" and one.reference is None]
    chosen = set(sorted(agreeing, key=lambda name: text_digest("second sample", name))[:count])
    return [msgspec.structs.replace(one, second_sample=True) if one.id in chosen else one for one in prompts]


def told(plan: Planned, config: Config) -> Iterator[str]:
    """What the user has to know of the split, a line each."""
    found = plan.division
    prompts = [prompt for prompt in plan.prompts if prompt.split == "held_out"]
    held_out = len(prompts)
    if refused := Counter(one.reason for one in found.refused):
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(refused.items()))
        yield f"{len(found.refused)} refused ({reasons}), listed in {REFUSED_PROMPTS}"
    if held_out < found.wanted and found.trained:
        yield (
            f"{held_out} of {found.wanted} could be held out: {found.trained} are train in {config.prompts.splits} "
            "and stay so; another [prompts] splits file starts over"
        )
    elif held_out < found.wanted:
        largest = max(Counter(found.families.values()).values())
        yield (
            f"{held_out} of {found.wanted} could be held out: families stay whole "
            f"(the largest has {largest} prompts); `family` on your rows makes smaller ones"
        )
    if held_out and plan.audit is not None:
        yield line(plan.audit)
    if held_out:
        yield power(prompts)


def power(held_out: Sequence[Prompt]) -> str:
    """What the held-out prompts can show: where some have a reference, those, for accuracy is over them alone."""
    with_reference = [one for one in held_out if one.reference is not None]
    compared = with_reference or held_out
    few = ""
    if len(compared) < len(held_out):
        have = f"{len(compared):,} of {len(held_out):,} held-out prompts have a reference"
        few = f"{have}, and accuracy is over these alone; "
    elif len(held_out) < FEW:
        few = "few are held out; "
    return few + power_statement(len(compared), UNKNOWN_RATE, len({one.family for one in compared}))


def named_drafts(run: RunDir, config: Config) -> dict[str, Draft]:
    """All drafts by id, looked over; raises `InputError`, also where there are none."""
    named = identified(looked_over(collected(config, run.root), config.prompts, run.progress.note))
    if not named:
        raise InputError("no prompts", "Set [prompts] files, or add a [[prompts.strategy]].")
    return named


def collected(config: Config, root: Path) -> Iterator[Draft]:
    """The rows of the gold file, of all files, then of all strategies, masked where the user says how."""
    return masked(unmasked(config, root), config.prompts, root)


def unmasked(config: Config, root: Path) -> Iterator[Draft]:
    """The rows as they come, gold first."""
    if config.prompts.gold:
        yield from gold_drafts(config.prompts.gold, root)
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

    A row that asks what a gold row asks is that gold row, whatever its id. Raises `InputError` for an id or a gold
    prompt that stands twice, naming both places.
    """
    named: dict[str, Draft] = {}
    gold: dict[str, str] = {}
    for draft in drafts:
        name = draft.id or text_digest(*(f"{turn.role}:{turn.content}" for turn in draft.messages))
        key = content_key(draft.messages) if gold or is_gold(draft) else ""
        first = named.get(name)
        if (pinned := gold.get(key)) is not None:
            if is_gold(draft):
                fix = "A gold prompt has one reference."
                raise InputError(f"{draft.where}: the same prompt as at {named[pinned].where}", fix)
            named[pinned] = merged(named[pinned], draft)
        elif first is None:
            named[name] = draft
            if is_gold(draft):
                gold[key] = name
        elif draft.id is not None or first.id is not None:
            raise InputError(
                f"{draft.where}: the id {name!r} stands at {first.where} already", "Ids name one row each."
            )
        else:
            named[name] = merged(first, draft)
    return named


def merged(first: Draft, again: Draft) -> Draft:
    """Two equal rows as one: what the first leaves open, the other says. Raises `InputError` if their splits differ.

    Where both say a family, slice or source, the one that sorts first counts; gold says its own.
    """
    if first.split and again.split and first.split != again.split:
        raise InputError(
            f"{again.where}: pinned to {again.split}, but the same prompt at {first.where} is pinned to {first.split}",
            "A prompt is on one side.",
        )
    said = {
        name: [one for row in (first, again) if (one := getattr(row, name)) is not None]
        for name in ("family", "reference", "slice", "split", "source")
    }
    if not is_gold(first):
        for name in ("family", "slice", "source"):  # what decides on the side is the same in every order of the rows
            said[name].sort()
    kept = {name: next(iter(found), None) for name, found in said.items()}
    return msgspec.structs.replace(first, **kept, weight=first.weight + again.weight)


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


def sources(run: RunDir, config: Config) -> list[Path]:
    """The user's files: gold, rows, templates and slot values."""
    gold = [run.root / config.prompts.gold] if config.prompts.gold else []
    paths = gold + expand(config.prompts.files, run.root)
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
    writes=(PROMPTS, REFUSED_PROMPTS, SPLIT_AUDIT),
    main=main,
)
