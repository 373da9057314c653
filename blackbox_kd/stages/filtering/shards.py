"""A file of rows as shards of whole lines, read by place: no process holds more than one."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from blackbox_kd.errors import InputError

T = TypeVar("T", bound=msgspec.Struct)
LINES = 10_000  # of a shard
BYTES = 1 << 24  # that are looked through at once


class Shard(NamedTuple):
    """Where its lines lie in the file; offsets in bytes."""

    start: int
    stop: int


def shards_of(path: Path, most: int = LINES) -> tuple[Shard, ...]:
    """The file as shards of `most` lines, the last one shorter; raises `InputError` without a file."""
    ends = [0]
    lines = place = 0
    try:
        with path.open("rb") as file:
            while block := file.read(BYTES):
                found = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n"))
                ends += (place + 1 + found[most - 1 - lines % most :: most]).tolist()
                lines += len(found)
                place += len(block)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file", "Run the stage that writes it.") from error
    if place > ends[-1] or len(ends) == 1:  # an empty file is one empty shard
        ends.append(place)
    return tuple(Shard(start, stop) for start, stop in itertools.pairwise(ends))


def rows_of(path: Path, shard: Shard, number: int, kind: type[T]) -> Iterator[T]:
    """The rows of shard `number`; raises `InputError` naming file and line."""
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as file:
        file.seek(shard.start)
        block = file.read(shard.stop - shard.start)
    for line, text in enumerate(block.split(b"\n"), start=number * LINES + 1):
        if stripped := text.strip(b"\r \t"):
            try:
                yield decoder.decode(stripped)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise InputError(f"{path}:{line}: {error}", "Run the stage that writes it again.") from error
