"""filter: what the student will learn from, and a reason for everything else. It never asks anybody anything.

Each shard is measured by itself, what follows from all of them is decided once, then each shard writes its part. What
is done lies in `.filter/` until the end, so that a process that died costs a shard, and not one byte is different.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.filters.base import Each
from blackbox_kd.filters.special_tokens import SpecialTokens
from blackbox_kd.jsonl import digest, text_digest
from blackbox_kd.run import (
    COMPLETIONS,
    REJECTED,
    SCORES,
    TRAIN_ROWS,
    VALIDATION_ROWS,
    VERDICTS,
    Counts,
    RunDir,
    require,
)
from blackbox_kd.stages.filtering import resolving, writing
from blackbox_kd.stages.filtering.engines import engine
from blackbox_kd.stages.filtering.given import max_tokens, special_tokens
from blackbox_kd.stages.filtering.measuring import Measures, ShardTask, measure_shard
from blackbox_kd.stages.filtering.plan import Plan, Work, begin
from blackbox_kd.stages.filtering.shards import shards_of
from blackbox_kd.stages.filtering.writing import Written, write_shard
from blackbox_kd.stages.stage import Stage
from blackbox_kd.strategies.files import expand

T = TypeVar("T")
R = TypeVar("R")
WORK = ".filter"
HOW = frozenset({"workers", "engine"})  # settings that change no byte


def main(run: RunDir, config: Config) -> Counts:
    """Judge every train completion; writes dataset/, rejected.jsonl, verdicts/. Raises `InputError` if none is left."""
    plan = planned(run, config)
    work = begin(run / WORK, plan)
    resolving.learn(plan, work)
    with engine(config.filter.engine, config.filter.workers, len(plan.shards)) as each:
        shard_tasks = [ShardTask(work, number) for number in range(len(plan.shards))]
        measures = list(told(run, "filter: looking at completions", each, measure_shard, shard_tasks))
        alive, rulings = resolving.resolve(plan, work, measures, each)
        ids = writing.ids_of(work, measures)
        resolving.apart(work, measures, alive, lambda index: str(ids[index]))
        write_tasks = writing.tasks(work, measures, rulings, ids)
        written = list(told(run, "filter: writing rows", each, write_shard, write_tasks))
    counts = counted(measures, written, resolving.cost_usd(work, measures))
    finish(run, work, written, counts)
    shutil.rmtree(run / WORK)
    return counts


def planned(run: RunDir, config: Config) -> Plan:
    """All that the processes which do the work have to know."""
    path, rules = require(run / COMPLETIONS, "generate"), config.filter.rules()
    judged = next(iter(scores_of(run)), None)
    wants_tokens = any(isinstance(rule, SpecialTokens) for rule in rules)
    files = [path, *([judged] if judged else [])]
    stamps = [f"{file.stat().st_size}.{file.stat().st_mtime_ns}.{file.stat().st_ino}" for file in files]
    return Plan(
        root=str(run.root),
        completions=str(path),
        scores=str(judged) if judged else None,
        shards=shards_of(path),
        score_shards=shards_of(judged) if judged else (),
        rules=rules,
        validation=config.filter.validation,
        special_tokens=special_tokens(run, config) if wants_tokens else (),
        max_tokens=max_tokens(config),
        stamp=text_digest(*stamps, *(digest(file) for file in named_files(run, config))),
    )


def named_files(run: RunDir, config: Config) -> list[Path]:
    """The files that the filters' settings name; raises `InputError` for one that is not there."""
    found: dict[Path, None] = {}
    for rule in config.filter.rules():
        found.update(dict.fromkeys(expand(rule.files(), run.root, f"filter.{rule.name}")))
    return list(found)


def told(run: RunDir, label: str, each: Each, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
    """Apply a function to the tasks, and say how far that has come."""
    run.progress.start(label, len(tasks))
    for result in each(function, tasks):
        run.progress.advance()
        yield result
    run.progress.finish()


def counted(measures: list[Measures], written: list[Written], spent_usd: float | None) -> Counts:
    """What became of the completions; kept and rejected ones are all of them. Raises `AssertionError` if not."""
    train, validation = sum(one.train for one in written), sum(one.validation for one in written)
    reasons: Counter[str] = Counter()
    for one in written:
        reasons.update(one.reasons)
    found, kept, rejected = sum(one.train for one in measures), train + validation, sum(reasons.values())
    if kept + rejected != found:
        raise AssertionError(f"{kept} kept + {rejected} rejected != {found}")
    counts: Counts = {"completions": found, "held_out": sum(one.held_out for one in measures), "kept": kept}
    counts |= {"rejected": rejected, "train_rows": train or validation, "validation_rows": validation if train else 0}
    if kept and spent_usd is not None:
        counts["cost_per_kept_usd"] = float(f"{spent_usd / kept:.4g}")
    return counts | {f"rejected.{name}": number for name, number in sorted(reasons.items())}


def finish(run: RunDir, work: Work, written: list[Written], counts: Counts) -> None:
    """Make the run's files; raises `InputError`, with no dataset on disk, if no row is left."""
    if not counts["kept"]:
        writing.join(run, work, len(written), ("rejected.jsonl",))
        for name in (TRAIN_ROWS, VALIDATION_ROWS):  # of another filtering: nothing is left to train on
            (run / name).unlink(missing_ok=True)
        reasons = sorted(((n, name) for name, n in counts.items() if name.startswith("rejected.")), reverse=True)
        common = ", ".join(f"{name.removeprefix('rejected.')} {n}" for n, name in reasons[:5])
        raise InputError(
            f"no row is left of {counts['completions']}: {common or 'no completions of prompts'}",
            f"Look into them with `bbkd rejects` ({run / REJECTED}), then loosen a filter in [filter].",
        )
    writing.join(run, work, len(written))
    if not any(one.train for one in written):  # too few families for two sides
        (run / VALIDATION_ROWS).replace(run / TRAIN_ROWS)
        (run / VALIDATION_ROWS).touch(mode=0o600)


def deciding(config: Config) -> object:
    """The settings that decide on what is written."""
    return {name: value for name, value in msgspec.to_builtins(config.filter).items() if name not in HOW}


def settings(config: Config) -> dict[str, object]:
    """[filter], and of other sections what filters look at."""
    tokens = any(isinstance(rule, SpecialTokens) for rule in config.filter.rules())
    student = {"train.student": config.train.student} if tokens else {}
    return {"": deciding(config), "max_tokens": max_tokens(config), **student}


STAGE = Stage(
    name="filter",
    settings=settings,
    reads=lambda run, config: [run / COMPLETIONS, *scores_of(run), *named_files(run, config)],
    writes=(TRAIN_ROWS, VALIDATION_ROWS, REJECTED, VERDICTS),
    main=main,
    recorded=lambda config: {"workers": config.filter.workers, "engine": config.filter.engine},
)


def scores_of(run: RunDir) -> list[Path]:
    """The scores, where the judge stage has written any; raises `InputError` if they are of other completions."""
    manifest = run.manifest("judge")
    if manifest is None:
        return []
    if manifest.reads.get(COMPLETIONS) != digest(run / COMPLETIONS):
        raise InputError(f"{run / SCORES}: the completions have changed since", "Run `bbkd judge` again.")
    return [run / SCORES]
