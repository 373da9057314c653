"""What each shard adds to the files of the run, and the files made of it."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from blackbox_kd.filters.base import Decided, Mask, verdict_of
from blackbox_kd.filters.reasoning import Reasoning, split
from blackbox_kd.jsonl import atomic, read_json, sync_folder, write_json
from blackbox_kd.records import Completion, Example, Message, Record, Rejection, Verdict
from blackbox_kd.run import REJECTED, TRAIN_ROWS, VALIDATION_ROWS, VERDICTS, RunDir
from blackbox_kd.stages.filtering import columns
from blackbox_kd.stages.filtering.measuring import ROWS, Measures, completions_of
from blackbox_kd.stages.filtering.plan import Plan, Work, load, plan_of, whole
from blackbox_kd.stages.filtering.resolving import Ruling

PARTS = {"train.jsonl": TRAIN_ROWS, "validation.jsonl": VALIDATION_ROWS, "rejected.jsonl": REJECTED}
PARQUET = "verdicts.parquet"
COUNTS = "counts.json"


class Said(NamedTuple):
    """What a set filter said of one shard; `others` are the ids that `duplicate_of` means."""

    rule: str
    looked: Mask
    found: Decided
    others: tuple[str, ...]

    def name(self, index: int) -> str:
        """The id of one of the others."""
        return self.others[index]


class WriteTask(NamedTuple):
    """Which shard, and what the set filters said of it."""

    work: Work
    number: int
    said: tuple[Said, ...]


class Written(Record, frozen=True, kw_only=True):
    """Rows of a shard, by what became of them; `reasons` counts rule:reason of the first verdict against each."""

    train: int
    validation: int
    reasons: dict[str, int]


def write_shard(task: WriteTask) -> Written:
    """Write what a shard adds to each file, unless it has been."""
    place = task.work.written(task.number)
    if not place.exists():
        plan = plan_of(task.work)
        table = with_rulings(columns.read(task.work.measured(task.number) / ROWS), task.said)
        validation = np.asarray(load(task.work.measured(task.number), "validation"))
        train = [one for one in completions_of(plan, task.number) if one.split == "train"]
        with whole(place) as folder:
            columns.write(folder / PARQUET, table, plan.rules)
            write_json(folder / COUNTS, write_parts(folder, plan, train, table, validation))
    return read_json(place / COUNTS, Written)


def with_rulings(table: pa.Table, said: Sequence[Said]) -> pa.Table:
    """The row filters' verdicts with those of the set filters, and in front what follows: kept, and the reason."""
    for one in said:
        verdicts: list[Verdict | None] = [
            verdict_of(one.rule, one.found, index, one.name) if looked else None
            for index, looked in enumerate(one.looked.tolist())
        ]
        for name, values in columns.columns(one.rule, verdicts).items():
            table = table.append_column(name, values)
    reasons = first_reasons(table)
    table = table.add_column(1, "kept", pa.array([not reason for reason in reasons], pa.bool_()))
    return table.add_column(2, "reason", columns.array([reason or None for reason in reasons], columns.WORD))


def first_reasons(table: pa.Table) -> list[str]:
    """rule:reason of the first filter that spoke against each row; empty for a kept one."""
    found = [""] * table.num_rows
    for name in table.column_names:
        rule, _, field = name.partition(".")
        if field == "kept":
            against = np.flatnonzero(table.column(name).fill_null(True).to_numpy() == 0)
            reasons = table.column(f"{rule}.reason").to_pylist() if len(against) else []
            for index in against.tolist():
                found[index] = found[index] or f"{rule}:{reasons[index]}"
    return found


def write_parts(folder: Path, plan: Plan, train: Sequence[Completion], table: pa.Table, validation: Mask) -> Written:
    """Write the shard's rows to the part that each belongs to."""
    encoder = msgspec.json.Encoder()
    reasons = table.column("reason").to_pylist()
    rejected = np.flatnonzero([reason is not None for reason in reasons])
    said = iter(columns.verdicts_in(table.take(rejected), [rule.name for rule in plan.rules]))
    keep_reasoning = any(rule.keep for rule in plan.rules if isinstance(rule, Reasoning))
    counts: Counter[str] = Counter()
    with (
        (folder / "train.jsonl").open("wb") as train_rows,
        (folder / "validation.jsonl").open("wb") as validation_rows,
        (folder / "rejected.jsonl").open("wb") as rejected_rows,
    ):
        for index, (one, reason) in enumerate(zip(train, reasons, strict=True)):
            if reason is not None:
                against = tuple(verdict for verdict in next(said) if not verdict.kept)
                row: Record = Rejection(id=one.id, reason=reason, verdicts=against, completion=one)
                out = rejected_rows
                counts[reason] += 1
            else:
                row = example(one, keep_reasoning)
                out = validation_rows if validation[index] else train_rows
                counts["validation" if validation[index] else "train"] += 1
            out.write(encoder.encode(row))
            out.write(b"\n")
    train_count, validation_count = counts.pop("train", 0), counts.pop("validation", 0)
    return Written(train=train_count, validation=validation_count, reasons=dict(sorted(counts.items())))


def example(completion: Completion, keep_reasoning: bool = False) -> Example:
    """The row to train on; the reasoning goes in front of the answer if it is to be learnt, else it is left out."""
    reasoning, answer = split(completion)
    text = answer.strip()
    if keep_reasoning and reasoning:
        text = f"<think>\n{reasoning.strip()}\n</think>\n\n{text}"
    turn = Message(role="assistant", content=text)
    return Example(id=completion.id, prompt=completion.messages, completion=(turn,), weight=completion.weight)


def tasks(work: Work, measures: list[Measures], rulings: Sequence[Ruling], ids: pa.ChunkedArray) -> list[WriteTask]:
    """One task a shard, with its part of every ruling."""
    found, start = [], 0
    for number, one in enumerate(measures):
        part = slice(start, start + one.train)
        found.append(WriteTask(work, number, tuple(of_part(ruling, part, ids) for ruling in rulings)))
        start += one.train
    return found


def of_part(ruling: Ruling, part: slice, ids: pa.ChunkedArray) -> Said:
    """A ruling on the completions from `part.start` to `part.stop`."""
    kept, reason, value, threshold, duplicate_of = ruling.found
    others: tuple[str, ...] = ()
    local = None
    if duplicate_of is not None:
        named = duplicate_of[part] >= 0
        local = np.where(named, np.cumsum(named) - 1, -1)
        others = tuple(ids.take(pa.array(duplicate_of[part][named])).to_pylist())
    own = Decided(kept[part], reason, None if value is None else value[part], threshold, local)
    return Said(ruling.rule, ruling.looked[part], own, others)


def ids_of(work: Work, measures: list[Measures]) -> pa.ChunkedArray:
    """The ids of all train completions, in order."""
    parts = [columns.read(work.measured(number) / ROWS, ["id"]).column("id") for number, _ in enumerate(measures)]
    return pa.chunked_array([chunk for part in parts for chunk in part.chunks], pa.string())


def join(run: RunDir, work: Work, shards: int, names: Sequence[str] = tuple(PARTS)) -> None:
    """Make the run's files of the shards' parts, and the folder of the verdicts; each is whole or as it was."""
    for name in names:
        with atomic(run / PARTS[name]) as out:
            for number in range(shards):
                with (work.written(number) / name).open("rb") as part:
                    shutil.copyfileobj(part, out, 1 << 20)
    folder = run / VERDICTS
    beside = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    for number in range(shards):
        with atomic(beside / f"{number:06d}.parquet") as out, (work.written(number) / PARQUET).open("rb") as part:
            shutil.copyfileobj(part, out, 1 << 20)
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)
    sync_folder(run.path)
