"""Reads the results of a batch that ended into the ledger: each row matched by its `custom_id`, in any order, once."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from blackbox_kd.errors import BbkdError
from blackbox_kd.records import Failure
from blackbox_kd.teachers.batch import BatchApi, CallError
from blackbox_kd.teachers.batches import PREFIX, Remote, Result, custom_id, read_result
from blackbox_kd.teachers.ledger import Ledger
from blackbox_kd.teachers.request import WIRES
from blackbox_kd.teachers.retry import stopped
from blackbox_kd.teachers.spool import room, unnamed
from blackbox_kd.teachers.status import disguised
from blackbox_kd.teachers.wire import Malformed, Reply, WireError

GROUP = 256  # rows that are written to the ledger together
FETCHES = 3  # how often results are fetched that have fewer lines than the provider counts
STATES = {"expired": "cancelled", "cancelled": "cancelled"}  # the ledger's words
MOST_LINE = 64 * 2**20  # bytes; a longer one is no row


class Line(NamedTuple):
    """A line of a result file, without its end; `whole` if it has one."""

    data: bytes
    whole: bool


class Imported:
    """What the results of one batch brought."""

    def __init__(self) -> None:
        self.stored = self.failed = self.left = self.unreadable = 0
        self.odd: Counter[str] = Counter()
        self.stop: BbkdError | None = None
        self.example: Failure | None = None


class Fetched(NamedTuple):
    """The result files that could be had; those that nobody can get any more, and those that failed for now."""

    files: list[BinaryIO]
    gone: list[CallError]
    failed: list[CallError]


async def fetch(api: BatchApi, remote: Remote, files: contextlib.ExitStack, folder: Path) -> Fetched:
    """The result files, on disk without a name; fetched again where lines are missing."""
    for _ in range(FETCHES):
        found = Fetched([], [], [])
        for where in remote.results:
            file = files.enter_context(unnamed(folder))
            try:
                with room(folder):
                    await api.download(api.result_path(remote, where), file)
                found.files.append(file)
            except CallError as error:
                file.close()
                (found.gone if gone(error) else found.failed).append(error)
        counted = [await asyncio.to_thread(count, file) for file in found.files]
        enough = found.gone or found.failed or sum(many for many, _ in counted) >= (remote.lines or 0)
        if enough and all(whole for _, whole in counted):
            break
    return found


def gone(error: CallError) -> bool:
    """Whether what was asked for cannot be had at any time."""
    return error.status == 404 or error.error.code == "too_big"


def count(file: BinaryIO) -> tuple[int, bool]:
    """(Lines, whether the last one is whole)."""
    many, whole = 0, True
    for line in lines(file):
        many, whole = many + 1, line.whole
    return many, whole


def lines(file: BinaryIO) -> Iterator[Line]:
    """Lines end at `\\n` alone; blank ones are none. What is too long comes in pieces that cannot be read."""
    file.seek(0)
    while data := file.readline(MOST_LINE):
        whole = data.endswith(b"\n")
        if stripped := data.strip(b"\r\n \t"):
            yield Line(stripped, whole)


class Importer:
    """The rows of one batch that have no answer yet, and what its results say of them."""

    def __init__(self, ledger: Ledger, api: BatchApi, name: str, done: Imported, told: Callable[[Reply], None]) -> None:
        self.done = done
        self.done.odd.clear()  # lines that were odd when they were read before are odd once
        self._told = told
        self._ledger = ledger
        self._api = api
        self._wire = WIRES[api.wire]
        self._name = name
        self._waiting = {custom_id(name, key): (key, one) for key, one in ledger.batch_attempts(name).items()}
        self._seen: set[str] = set()

    async def read(self, file: BinaryIO) -> None:
        """Write every row of a result file to the ledger."""
        group: list[Coroutine[Any, Any, None]] = []
        for line in lines(file):
            result = read_result(self._api.wire, line.data, line.whole)
            if result is None:
                self.done.odd["unreadable"] += 1
            elif (known := self._known(result)) is not None:
                group.append(self._write(result, *known))
            if len(group) >= GROUP:
                await asyncio.gather(*group)
                group.clear()
        await asyncio.gather(*group)

    def _known(self, result: Result) -> tuple[str, int] | None:
        """(Key, attempt) that a line answers; None where it answers none, or one that was answered before."""
        if not result.custom_id.startswith(f"{self._name[:PREFIX]}_"):
            self.done.odd["unknown"] += 1
            return None
        if result.custom_id in self._seen:
            self.done.odd["duplicated"] += 1
            return None
        self._seen.add(result.custom_id)
        return self._waiting.pop(result.custom_id, None)  # None: an earlier run was stopped half through

    async def _write(self, result: Result, key: str, attempt: int) -> None:
        done, raw = self.done, self._api.scrub(result.raw)
        if result.status is None:
            done.left += 1
            await self._ledger.fail(attempt, result.code, None, {}, b"", False)
            return
        sent = 200 <= result.status < 300
        meant = disguised(raw) if sent else result.status
        if meant is None:
            done.stored += 1
            await self._ledger.store(attempt, result.status, {}, raw)
            try:
                self._told(self._wire.parse(raw))
            except Malformed:
                done.unreadable += 1
            return
        error = self._wire.error(meant, {}, raw, time.time())
        done.unreadable += sent
        await self._ledger.fail(attempt, error.code, result.status, {}, raw, ambiguous=sent)
        if error.scope == "row":
            await self._ledger.give_up(key, error.code, error.message)
        if error.scope == "run":
            done.stop = stopped(error, True, time.time())
        done.failed += error.scope == "row"
        done.left += error.scope != "row"
        done.example = done.example or _failure(result.custom_id, error)

    async def close(self, remote: Remote, whole: bool) -> int:
        """End the batch; rows without a line are left. Returns how many of them were perhaps paid for.

        `whole` unless a result file is gone.
        """
        missing = len(self._waiting)
        worked_on = not whole or remote.said in ("completed", "ended") or bool(self.done.odd["unreadable"])
        self.done.left += missing
        self.done.odd["missing"] += missing if worked_on else 0
        await self._ledger.close_batch(self._name, STATES.get(remote.said, "done"), worked_on)
        return missing if worked_on else 0


def _failure(row: str, error: WireError) -> Failure:
    return Failure(
        prompt_id=row, sample=0, code=error.code, message=error.message, retryable=error.scope != "row", attempts=1
    )
