"""`bbkd ledger`: what a ledger holds, whether it is whole, and its way to other machines and into less room."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from blackbox_kd.errors import InputError, StoreCorrupt, UsageError
from blackbox_kd.teachers.ledger import Ledger, open_ledger
from blackbox_kd.teachers.ledger.merging import Merged, exported, failures_of, lines_of, merge, merge_failures, rows_of
from blackbox_kd.teachers.ledger.opening import quiet
from blackbox_kd.teachers.ledger.pruning import Kinds, Part, conditions, drop, droppable, vacuum
from blackbox_kd.teachers.request import WIRES
from blackbox_kd.teachers.target import Price
from blackbox_kd.teachers.wire import Malformed, Reply

Warn = Callable[[str], None]
DAY_MS = 86_400_000
MOST_NAMED = 10  # keys of replies that cannot be read
STATES = "SELECT label, state, count(*) FROM attempt JOIN request USING (hash) GROUP BY label, state"
ASKED = "SELECT label, count(*) FROM request GROUP BY label"
STORED = (
    "SELECT hash, label, identity, raw, batch IS NOT NULL FROM attempt JOIN request USING (hash) WHERE state = 'stored'"
)
SPAN = "SELECT min(sent_ms), max(sent_ms) FROM attempt"
ORPHANS = "SELECT count(*) FROM attempt WHERE hash NOT IN (SELECT hash FROM request)"


class TeacherStats(msgspec.Struct, kw_only=True):
    """One teacher's share; `cost_usd` is of the stored replies alone, None where no price is known."""

    requests: int = 0
    attempts: dict[str, int] = {}  # by state
    batch_replies: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    served_models: dict[str, int] = {}
    unreadable: int = 0
    cost_usd: float | None = None


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """What a ledger holds."""

    path: str
    size: int  # bytes of its file
    teachers: dict[str, TeacherStats]
    ambiguous: int
    given_up: int
    open_batches: int
    first: str | None  # ISO 8601, UTC
    last: str | None


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger that is whole: what was counted, and paid replies that no wire can read, with the keys of some."""

    path: str
    whole_check: bool
    requests: int
    attempts: int
    replies: int
    ambiguous: int
    unreadable: int
    keys: tuple[str, ...]


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What was dropped, or would be: `done` tells which."""

    done: bool
    parts: tuple[Part, ...]
    size: int  # bytes of the file after it


class _Identity(msgspec.Struct):
    wire: str = ""


def existing(path: Path) -> Path:
    """The ledger's path; raises `InputError` if there is none."""
    if not path.exists():
        raise InputError(f"{path}: there is no ledger yet", "`bbkd generate` makes one; --ledger names another.")
    return path


def stats(path: Path, prices: Mapping[str, Price], warn: Warn = quiet) -> Stats:
    """Count what a ledger holds, and what its replies cost by these prices. It is only read."""
    with open_ledger(existing(path), read_only=True, warn=warn) as ledger:
        teachers = {label: TeacherStats(requests=count, attempts={}) for label, count in ledger.stream(ASKED)}
        for label, state, count in ledger.stream(STATES):
            teachers[label].attempts[state] = count
        for _, label, reply, batch in replies(ledger):
            add(teachers[label], reply, batch, prices.get(label))
        first, last = next(iter(ledger.stream(SPAN)))
        return Stats(
            path=str(path),
            size=path.stat().st_size,
            teachers=teachers,
            ambiguous=ledger.ambiguous(),
            given_up=next(iter(ledger.stream("SELECT count(*) FROM failure")))[0],
            open_batches=len(ledger.batches()),
            first=day(first),
            last=day(last),
        )


def replies(ledger: Ledger) -> Iterator[tuple[str, str, Reply | None, bool]]:
    """(key, teacher, reply, batch) of each stored reply; None for one that its wire cannot read."""
    decoder = msgspec.json.Decoder(_Identity)
    for key, label, identity, raw, batch in ledger.stream(STORED):
        reply = None
        with contextlib.suppress(Malformed, KeyError, msgspec.DecodeError, UnicodeDecodeError):
            reply = WIRES[decoder.decode(identity).wire].parse(raw)
        yield key, label, reply, bool(batch)


def add(teacher: TeacherStats, reply: Reply | None, batch: bool, price: Price | None) -> None:
    """Count one reply."""
    teacher.batch_replies += batch
    if reply is None:
        teacher.unreadable += 1
        return
    teacher.prompt_tokens += reply.usage.prompt_tokens
    teacher.completion_tokens += reply.usage.completion_tokens
    served = reply.served_model or "unnamed"
    teacher.served_models = {**teacher.served_models, served: teacher.served_models.get(served, 0) + 1}
    if price is not None and price.by_token:
        teacher.cost_usd = (teacher.cost_usd or 0.0) + price.cost_usd(reply.usage, batch)


def day(ms: int | None) -> str | None:
    """A time for people: ISO 8601, UTC, whole seconds."""
    return None if ms is None else datetime.fromtimestamp(ms // 1000, UTC).isoformat()


def verify(path: Path, whole: bool, warn: Warn = quiet) -> Verified:
    """Check the file (`whole`: its indexes too), that attempts have requests, and that each reply can be read.

    It is only read. Raises `StoreCorrupt` for damage; a paid reply without sense is the teacher's doing, and counted.
    """
    fix = "Run a command that buys (`bbkd generate`): it moves the damaged file aside and saves what is readable."
    with open_ledger(existing(path), read_only=True, warn=warn) as ledger:
        pragma = "integrity_check" if whole else "quick_check"
        problems = [text for (text,) in ledger.stream(f"PRAGMA {pragma}(5)")]
        if problems != ["ok"]:
            raise StoreCorrupt(f"{path}: {'; '.join(problems)}", fix)
        orphans = next(iter(ledger.stream(ORPHANS)))[0]
        if orphans:
            raise StoreCorrupt(f"{path}: {orphans} attempts belong to no request", fix)
        keys = [key for key, _, reply, _ in replies(ledger) if reply is None]
        counted = "(SELECT count(*) FROM request), (SELECT count(*) FROM attempt), replies"
        requests, attempts, stored = next(iter(ledger.stream(f"SELECT {counted} FROM tally")))
        return Verified(
            path=str(path),
            whole_check=whole,
            requests=requests,
            attempts=attempts,
            replies=stored,
            ambiguous=ledger.ambiguous(),
            unreadable=len(keys),
            keys=tuple(keys[:MOST_NAMED]),
        )


def export(path: Path, out: BinaryIO, warn: Warn = quiet) -> int:
    """Write every stored reply as a line of JSON; returns how many. The ledger is only read."""
    count = 0
    with open_ledger(existing(path), read_only=True, warn=warn) as ledger:
        for line in exported(ledger):
            out.write(line)
            count += 1
    return count


def bring(path: Path, others: list[Path], group: bool, warn: Warn = quiet) -> dict[str, Merged]:
    """Merge ledgers and exported files into a ledger; what each brought, by name.

    Raises `InputError` for a file that is neither, and `StoreCorrupt` for a damaged or newer ledger.
    """
    for other in others:
        if not other.is_file():
            raise InputError(f"{other}: no such file", "Name a ledger, or a file of `bbkd ledger export`.")
        if path.exists() and other.samefile(path):
            raise InputError(f"{other} is this ledger itself", "Name another one.")
    with open_ledger(path, group=group, warn=warn) as ledger:
        return asyncio.run(_bring(ledger, others, warn))


async def _bring(ledger: Ledger, others: list[Path], warn: Warn) -> dict[str, Merged]:
    found = {}
    for other in others:
        if not is_sqlite(other):
            found[str(other)] = await merge(ledger, lines_of(other))
            continue
        with open_ledger(other, read_only=True, warn=warn) as source:
            if batches := source.batches():
                warn(f"{other}: {len(batches)} batches are open there; what they bring can be merged once they ended")
            found[str(other)] = await merge(ledger, rows_of(source))
            await merge_failures(ledger, failures_of(source))
    return found


def is_sqlite(path: Path) -> bool:
    """Whether a file begins as SQLite's do."""
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def prune(path: Path, kinds: Kinds, really: bool, warn: Warn = quiet) -> Pruned:
    """Drop what is chosen and give the room back, or only say what would be dropped.

    Raises `UsageError` where nothing is chosen, and `RunInUse` where another process has the ledger open.
    """
    if not conditions(kinds):
        raise UsageError("nothing is chosen to be dropped", "Choose --errors, --superseded or --replies.")
    if not really:
        with open_ledger(existing(path), read_only=True, warn=warn) as ledger:
            return Pruned(done=False, parts=tuple(droppable(ledger, kinds)), size=path.stat().st_size)
    with open_ledger(existing(path), warn=warn) as ledger:
        ledger.alone()
        parts = tuple(droppable(ledger, kinds))
        asyncio.run(drop(ledger, kinds))
    vacuum(path)
    return Pruned(done=True, parts=parts, size=path.stat().st_size)


def before_ms(days: float | None) -> int:
    """The time so many days ago, in ms since 1970; without days, a moment that every attempt is older than."""
    now = time.time_ns() // 1_000_000
    return now + DAY_MS if days is None else now - round(days * DAY_MS)
