"""Checkpoints that are whole: one counts only when a marker, written last, still matches its files."""

from pathlib import Path

import msgspec

from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_json, write_json

MARKER = "complete.json"


class Marker(msgspec.Struct, frozen=True):
    """What run a checkpoint belongs to, and the size in bytes of each of its files."""

    identity: str
    files: dict[str, int]


def mark(folder: Path, identity: str) -> None:
    """Declare a checkpoint complete."""
    write_json(folder / MARKER, Marker(identity, sizes(folder)))


def last_whole(work: Path, identity: str) -> Path | None:
    """The newest complete checkpoint of this very run (same data, settings, seed, student); None if there is none."""
    found = sorted(work.glob("checkpoint-*"), key=step_of, reverse=True)
    return next((folder for folder in found if whole(folder, identity)), None)


def whole(folder: Path, identity: str) -> bool:
    """Whether a checkpoint has its marker, is of this run, and lost nothing since."""
    try:
        marker = read_json(folder / MARKER, Marker)
    except InputError:
        return False
    return marker.identity == identity and marker.files == sizes(folder)


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file by its name inside the folder, the marker left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != MARKER)
    return {str(path.relative_to(folder)): path.stat().st_size for path in sorted(files)}


def step_of(folder: Path) -> int:
    """The optimizer step in a checkpoint's name; -1 for a name that is none."""
    number = folder.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1
