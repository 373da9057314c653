"""The run directory: its files, its lock, and a manifest a stage that says what the stage read, obeyed and wrote."""

import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import filelock
import msgspec

from blackbox_kd.errors import InputError, RunInUse
from blackbox_kd.jsonl import atomic, digest, read_json, sweep, write_json
from blackbox_kd.records import Json

Counts = dict[str, int | float]
ABSENT = "absent"

PROMPTS = "prompts.jsonl"
REFUSED_PROMPTS = "prompts_refused.jsonl"
SPLIT_AUDIT = "split_audit.json"
COMPLETIONS = "completions.jsonl"
FAILURES = "failures.jsonl"
SCORES = "scores.jsonl"
REJECTED = "rejected.jsonl"
VERDICTS = "verdicts"
TRAIN_ROWS = "dataset/train.jsonl"
VALIDATION_ROWS = "dataset/validation.jsonl"
STUDENT = "student"
TRAINING_LOG = "training.jsonl"
TRAINING_RESULT = "training.json"
ITEMS = "eval/items.jsonl"
PREDICTIONS = "eval/predictions.jsonl"
FACTS = "eval/facts.json"
JUDGEMENTS = "eval/judgements.jsonl"
METRICS = "eval/metrics.json"
REPORT_HTML = "report.html"
REPORT_MD = "report.md"
CARD = "student-card.md"
BOOKS = "simulated/books.jsonl"
PLANTED = "simulated/planted.jsonl"


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one finished stage read, obeyed and wrote. `settings` decide whether it is stale, `recorded` never do."""

    schema: int = 1
    stage: str
    settings: dict[str, Json]  # dotted key of bbkd.toml -> value
    reads: dict[str, str]  # file, relative to the run directory where it lies inside -> sha256
    writes: dict[str, str]
    counts: Counts
    recorded: dict[str, Json] = {}
    started: str = ""  # ISO 8601, UTC
    finished: str = ""


class Progress(Protocol):
    """Where a stage says what it is doing; people read it on stderr."""

    def start(self, label: str, total: int) -> None:
        """Begin counting towards `total`."""

    def advance(self, status: str = "", steps: int = 1) -> None:
        """Count `steps` more; `status` is a few words on the state."""

    def note(self, text: str) -> None:
        """Say one line."""

    def finish(self) -> None:
        """End the count."""


class Silent:
    """Progress that nobody reads."""

    def start(self, label: str, total: int) -> None:
        """Begin nothing."""

    def advance(self, status: str = "", steps: int = 1) -> None:
        """Count nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def finish(self) -> None:
        """End nothing."""


class RunDir:
    """One run: a folder that every stage reads from and writes to. `root` is the folder of bbkd.toml."""

    def __init__(self, path: Path, root: Path, progress: Progress | None = None) -> None:
        self.path = path
        self.root = root
        self.progress: Progress = progress or Silent()

    def __truediv__(self, name: str) -> Path:
        """The path of one of the run's files: `run / PROMPTS`."""
        return self.path / name

    def name_of(self, path: Path) -> str:
        """The name a manifest gives to a file: relative to the run, else to bbkd.toml's folder, else absolute."""
        for base in (self.path, self.root):
            if path.is_relative_to(base):
                return path.relative_to(base).as_posix()
        return path.as_posix()

    def manifest_path(self, stage: str) -> Path:
        """Where the manifest of a stage lies."""
        return self.path / "manifest" / f"{stage}.json"

    def manifest(self, stage: str) -> Manifest | None:
        """The manifest of a finished stage; None if it never finished. Raises `InputError` if it was damaged."""
        path = self.manifest_path(stage)
        try:
            return read_json(path, Manifest) if path.exists() else None
        except InputError as error:
            raise InputError(error.message, "Delete this file: the stage then runs again.") from None

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest: from here on the stage counts as finished."""
        write_json(self.manifest_path(manifest.stage), manifest)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run directory for this process; raises `RunInUse` naming who holds it."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with exclusive(self.path / ".lock", f"run directory {self.path}"):
            yield


@contextmanager
def exclusive(
    path: Path, what: str, fix: str = "Wait for it to end, or use another --run.", mode: int = 0o600
) -> Iterator[None]:
    """An advisory lock for the life of the process, freed by the kernel if it dies; raises `RunInUse` with `fix`."""
    lock = filelock.FileLock(path, mode=mode)
    holder = path.with_name(f"{path.name}.holder")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        who = "an unknown process"
        with suppress(OSError):  # not written yet, or another user's
            who = holder.read_text(errors="replace")
        raise RunInUse(f"{what} is in use by {who}", fix) from None
    try:
        command = shlex.join(["bbkd", *sys.argv[1:]])
        sweep(holder)
        text = f"pid {os.getpid()} on {socket.gethostname()} ({command}, since {now()})"
        with atomic(holder) as file:  # whole, and the user's alone
            file.write(text.encode("utf-8", "replace"))
        yield
    finally:
        lock.release()


def now() -> str:
    """The wall clock, for people only: ISO 8601, UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def flatten(value: object, prefix: str = "") -> dict[str, Json]:
    """A nested setting as dotted keys: {"length": {"max_words": 3}} -> {"length.max_words": 3}."""
    plain = msgspec.json.decode(msgspec.json.encode(value))  # as a manifest gives it back: a tuple is a list there
    if not isinstance(plain, dict):
        return {prefix: plain}
    flat: dict[str, Json] = {}
    for key, item in plain.items():
        flat.update(flatten(item, f"{prefix}.{key}" if prefix else str(key)))
    return flat or ({prefix: {}} if prefix else {})


def reasons(
    old: Manifest | None, run: RunDir, settings: Mapping[str, Json], reads: Mapping[str, str]
) -> tuple[str, ...]:
    """Why a stage has to run, a line each; empty if its last run still stands."""
    if old is None:
        return ("not finished before",)
    changed = [
        f"{key} {show(old.settings.get(key))} -> {show(settings.get(key))}"
        for key in sorted({*old.settings, *settings})
        if old.settings.get(key) != settings.get(key)
    ]
    changed += [
        f"{name} {'is gone' if reads.get(name, ABSENT) == ABSENT else 'changed'}"
        for name in sorted({*old.reads, *reads})
        if old.reads.get(name) != reads.get(name)
    ]
    changed += [
        f"{name} is missing or was changed"
        for name, was in sorted(old.writes.items())
        if digest(run.path / name) != was
    ]
    return tuple(changed)


def show(value: Json) -> str:
    """A setting as one short line; an absent one is `unset`."""
    if value is None:
        return "unset"
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def require(path: Path, stage: str) -> Path:
    """The file, or an `InputError` that names the stage which writes it."""
    if not path.exists():
        raise InputError(f"{path}: no such file", f"Run `bbkd {stage}` first; it writes this file.")
    return path
