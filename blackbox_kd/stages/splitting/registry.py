"""The registry of splits: which side each prompt was put on, for all runs of a project. Lines are added, never changed.

A prompt is known by its content. Of absent prompts only the side and the family are kept, not the text.
"""

import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import filelock
import msgspec

from blackbox_kd.errors import InputError, RunInUse
from blackbox_kd.jsonl import atomic, sweep
from blackbox_kd.records import Record, Split

WAIT_S = 600.0  # for another run that divides its prompts
BLOCK = 1 << 20  # bytes


class Registered(Record, frozen=True, kw_only=True):
    """One line: a prompt and its side; of a gold row also the file it stood in, its id and what its reference was."""

    key: str  # digest of the folded text of all turns
    split: Split
    family: str | None = None  # its row's own
    gold: str | None = None
    id: str | None = None
    reference: str | None = None  # digest


class Registry(NamedTuple):
    """What the registry holds of the prompts at hand: sides by key and by family, and the rows of one gold file."""

    sides: dict[str, Split]
    families: dict[str, set[Split]]
    gold: dict[str, Registered]
    whole_bytes: int  # of its file; what follows is the torn end of a write
    lines: int = 0


def path_of(splits: str, root: Path) -> Path | None:
    """Where the registry lies, from bbkd.toml's folder; None where none is kept."""
    return (root / splits).resolve() if splits else None


@contextmanager
def held(path: Path | None, note: Callable[[str], None]) -> Iterator[None]:
    """Keep other runs from dividing their prompts meanwhile; waits for one that does. Raises `RunInUse`."""
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = filelock.FileLock(path.with_name(f"{path.name}.lock"), mode=0o600)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        note(f"prompts: waiting for another run that writes {path}")
        try:
            lock.acquire(timeout=WAIT_S)
        except filelock.Timeout:
            raise RunInUse(f"{path} is in use by another run", "Wait for it to end.") from None
    try:
        yield
    finally:
        lock.release()


def read(path: Path | None, keys: Collection[str], families: Collection[str], gold: str) -> Registry:
    """What is registered of these keys, families and this gold file; raises `InputError` naming a damaged line.

    A last line without its end that cannot be read was never finished, and is left out.
    """
    found = Registry({}, {}, {}, 0)
    if path is None or not path.exists():
        return found
    decoder = msgspec.json.Decoder(Registered)
    size, lines = 0, 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = decoder.decode(line) if line.strip() else None
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                if not line.endswith(b"\n"):
                    break
                fix = "Put this file back as it was: without it prompts could move to the other side."
                raise InputError(f"{path}:{number}: {error}", fix) from error
            size += len(line)
            if row is not None:
                lines += 1
                take(row, found, keys, families, f"{path}:{number}")
                if row.gold and row.gold == gold:
                    found.gold[row.key] = row
    return found._replace(whole_bytes=size, lines=lines)


def take(row: Registered, found: Registry, keys: Collection[str], families: Collection[str], where: str) -> None:
    """Add one line to what was found; raises `InputError` if an earlier one has the prompt on the other side."""
    if row.key in keys and found.sides.setdefault(row.key, row.split) != row.split:
        raise InputError(
            f"{where}: prompt {row.key} is {row.split} here and {found.sides[row.key]} on an earlier line",
            "Two registries were joined: delete the line that is wrong.",
        )
    if row.family is not None and row.family in families:
        found.families.setdefault(row.family, set()).add(row.split)


def append(path: Path | None, rows: Iterable[Registered], whole_bytes: int) -> None:
    """Add lines, all of them or none: the file is written anew beside, fsynced and renamed. Raises `StorageFull`.

    A kill leaves the old file, so that the next run divides as this one did.
    """
    rows = list(rows)
    if path is None or not rows:
        return
    sweep(path)
    exists, encoder = path.exists(), msgspec.json.Encoder()
    with atomic(path, stat.S_IMODE(path.stat().st_mode) if exists else 0o600) as out:
        last = b"\n"
        if exists:
            with path.open("rb") as old:
                while block := old.read(min(BLOCK, whole_bytes - out.tell())):
                    out.write(block)
                    last = block
        if not last.endswith(b"\n"):
            out.write(b"\n")
        for row in rows:
            out.write(encoder.encode(row) + b"\n")
