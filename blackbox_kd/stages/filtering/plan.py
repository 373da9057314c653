"""What every process that works on a filtering has to know, in a file, and where its work lies."""

import functools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from blackbox_kd import __version__
from blackbox_kd.filters import Filter, RowFilter, SetFilter
from blackbox_kd.filters.base import Array, Given
from blackbox_kd.jsonl import FULL as FULL_DISK
from blackbox_kd.jsonl import read_json, storage_full, text_digest, write_json
from blackbox_kd.stages.filtering.given import items_of
from blackbox_kd.stages.filtering.shards import Shard

BOOT = Path("/proc/sys/kernel/random/boot_id")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One filtering. `stamp` names the files that it reads: work that was done for others is of no use."""

    root: str
    completions: str
    scores: str | None
    shards: tuple[Shard, ...]
    score_shards: tuple[Shard, ...]
    rules: tuple[Filter, ...]
    validation: float
    special_tokens: tuple[str, ...]
    max_tokens: dict[str, int]
    stamp: str

    def row_rules(self) -> tuple[RowFilter, ...]:
        """The filters that look at one completion at a time, in order."""
        return tuple(rule for rule in self.rules if isinstance(rule, RowFilter))

    def set_rules(self) -> tuple[SetFilter, ...]:
        """The filters that compare completions, in order."""
        return tuple(rule for rule in self.rules if isinstance(rule, SetFilter))

    def given(self) -> Given:
        """What filters need beside the completions."""
        root = Path(self.root)
        return Given(
            root=root,
            special_tokens=self.special_tokens,
            max_tokens=self.max_tokens,
            read_text=lambda path: (root / path).read_text(encoding="utf-8-sig"),
            read_items=lambda patterns: items_of(patterns, root),
        )


class Work(NamedTuple):
    """The folder in which a filtering leaves what is done; a shard's folder is there when it is whole."""

    folder: str

    def measured(self, number: int) -> Path:
        """What was measured of a shard."""
        return Path(self.folder) / "measured" / f"{number:06d}"

    def written(self, number: int) -> Path:
        """What a shard adds to the files of the run."""
        return Path(self.folder) / "written" / f"{number:06d}"

    def decided(self, rule: str) -> Path:
        """What a set filter decided."""
        return Path(self.folder) / "decided" / rule

    def learnt(self, rule: str) -> Path:
        """What a set filter learnt before it measured."""
        return Path(self.folder) / "learnt" / rule


def begin(base: Path, plan: Plan) -> Work:
    """The folder of this very plan, with what an earlier process had done of it; work on any other plan is removed."""
    boot = BOOT.read_text() if BOOT.exists() else ""  # what a crash of the machine may have torn is not taken up again
    name = text_digest(msgspec.json.encode(plan).decode(), __version__, boot, length=32)
    for other in base.iterdir() if base.exists() else ():
        if other.name != name:
            shutil.rmtree(other, ignore_errors=True)
    work = Work(str(base / name))
    if not (base / name / "plan.json").exists():
        write_json(base / name / "plan.json", plan)
    return work


@functools.lru_cache(maxsize=1)
def plan_of(work: Work) -> Plan:
    """The plan of a work folder."""
    return read_json(Path(work.folder) / "plan.json", Plan)


@contextmanager
def whole(place: Path) -> Iterator[Path]:
    """A folder that appears at `place` only when the block ends well; raises `StorageFull`."""
    beside = place.with_name(f"{place.name}.{os.getpid()}.tmp")
    try:
        beside.mkdir(parents=True, exist_ok=True)
        yield beside
        if not place.exists():
            beside.rename(place)
    except OSError as error:
        if error.errno in FULL_DISK:
            raise storage_full(place) from error
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def load(place: Path, name: str) -> Array:
    """One array of a folder, mapped where there is anything to map."""
    path = place / f"{name}.npy"
    found: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    return found


class OnDisk(NamedTuple):
    """The features that a set filter measured, shard by shard, on disk."""

    work: Work
    rule: str
    sizes: tuple[int, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """Completions of each shard."""
        return self.sizes

    def shard(self, number: int, name: str) -> Array:
        """One shard's array, mapped."""
        return load(self.work.measured(number), f"{self.rule}.{name}")

    def column(self, name: str) -> Array:
        """The arrays of all shards, one after another."""
        return np.concatenate([self.shard(number, name) for number in range(len(self.sizes))])
