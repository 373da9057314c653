"""The ledger as its users see it: claim, then store or fail; look up before either."""

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from blackbox_kd.errors import UsageError
from blackbox_kd.jsonl import storage_full
from blackbox_kd.teachers.ledger.claims import Claims, Wanted, close_batch
from blackbox_kd.teachers.ledger.mark import Mark
from blackbox_kd.teachers.ledger.modes import FILE
from blackbox_kd.teachers.ledger.owners import in_use, living, now_ms, opening
from blackbox_kd.teachers.ledger.reading import Reader
from blackbox_kd.teachers.ledger.trouble import ClaimedElsewhere
from blackbox_kd.teachers.ledger.writing import T, Write, Writer

END = "UPDATE attempt SET state = ?, ended_ms = ?, status = ?, code = ?, headers = ?, raw = ? WHERE id = ?"
GIVE_UP = """
INSERT OR REPLACE INTO failure
SELECT ?1, ?2, ?3, (SELECT count(*) FROM attempt WHERE hash = ?1), ?4,
    (SELECT max_tokens FROM attempt WHERE hash = ?1 ORDER BY id DESC LIMIT 1)
"""


class Ledger(Reader):
    """One process's hold on a ledger file. Open it with `open_ledger`; opened to be read, every write is an error."""

    def __init__(self, path: Path, reader: sqlite3.Connection, claims: Claims | None = None) -> None:
        super().__init__(path, reader, snapshots=claims is not None)
        self._claims = claims
        self._writer: Writer | None = None

    def start(self, connection: sqlite3.Connection, mark: Mark) -> None:
        """Begin to write."""
        self._writer = Writer(self.path, connection, mark, self.release)

    @property
    def full(self) -> bool:
        """Whether the disk was found full: nothing new is sent."""
        return self._writer is not None and self._writer.full

    async def claim(self, key: str, label: str, identity: bytes, max_tokens: int) -> int:
        """Record that a request is about to be sent; returns the attempt's id.

        Raises `StorageFull`, and `ClaimedElsewhere` where another living process or an open batch has it in flight, or
        where another process has stored a reply with such a token limit since this one opened the ledger.
        """
        wanted = Wanted(key, identity, max_tokens)
        return await self._claim(lambda db: self._mine.claim(db, label, wanted))

    async def store(self, attempt: int, status: int, headers: Mapping[str, str], raw: bytes) -> None:
        """Keep a paid reply, raw, and forget that the request had failed. Raises `StorageFull`."""
        await self._end(attempt, "stored", status, None, headers, raw)

    async def fail(
        self, attempt: int, code: str, status: int | None, headers: Mapping[str, str], raw: bytes, ambiguous: bool
    ) -> None:
        """Record a failed attempt; `ambiguous` if it may have been paid for. Raises `StorageFull`."""
        await self._end(attempt, "ambiguous" if ambiguous else "error", status, code, headers, raw)

    async def give_up(self, key: str, code: str, message: str) -> None:
        """Record that a request failed for good, with the token limit of its newest attempt: it is not asked again so
        unless somebody wants it to be.
        """
        values = (key, code, message.encode("utf-8", "replace").decode(), now_ms())
        await self._do(lambda db: db.execute(GIVE_UP, values).rowcount, patient=True)

    async def reserve_batch(self, fingerprint: str, label: str, rows: Iterable[tuple[str, bytes, int]]) -> list[int]:
        """Record a batch that is about to be sent, with an attempt for each (key, identity, max_tokens), in one commit.

        The attempts belong to the batch, and outlive this process. Raises `StorageFull`, or `ClaimedElsewhere` with
        the keys that are in flight elsewhere; then nothing is recorded.
        """
        wanted = [Wanted(*row) for row in rows]
        return await self._claim(lambda db: self._mine.reserve(db, fingerprint, label, wanted))

    async def batch_sent(self, fingerprint: str, remote_id: str, detail: str = "") -> None:
        """The provider has a batch, under that id; `detail` is whatever else is needed to find it again."""
        sql = "UPDATE batch SET state = 'sent', remote_id = ?, detail = ? WHERE fingerprint = ?"
        await self._do(lambda db: db.execute(sql, (remote_id, detail, fingerprint)).rowcount, patient=True)

    async def close_batch(self, fingerprint: str, state: str, ambiguous: bool = False) -> int:
        """End a batch as done, failed, cancelled or abandoned; attempts without a result become errors, never billed,
        or with `ambiguous` perhaps paid. Returns how many those are.
        """
        return await self._do(lambda db: close_batch(db, fingerprint, state, ambiguous), patient=True)

    async def _end(
        self, attempt: int, state: str, status: int | None, code: str | None, headers: Mapping[str, str], raw: bytes
    ) -> None:
        values = (state, now_ms(), status, code, msgspec.json.encode(dict(headers)), raw, attempt)
        await self._do(lambda db: db.execute(END, values).rowcount, patient=True)

    async def _claim(self, write: Write[T | ClaimedElsewhere]) -> T:
        if self.full:
            raise storage_full(self.path)
        return await self._do(write)  # type: ignore[arg-type]  # the writer raises the error that a write returns

    def alone(self) -> None:
        """Raise `RunInUse` if another process has the ledger open."""
        with opening(self.path, FILE):
            others = [one for one in living(self.path) if one != self._mine.owner]
        if others:
            raise in_use(self.path, others)

    async def write(self, write: Write[T]) -> T:
        """Commit a write of one's own and return its result. Raises `StorageFull`."""
        return await self._do(write)

    async def _do(self, write: Write[T], patient: bool = False) -> T:
        if self._writer is None:
            raise self._read_only()
        return await self._writer.do(write, patient)

    @property
    def _mine(self) -> Claims:
        if self._claims is None:
            raise self._read_only()
        return self._claims

    def _read_only(self) -> UsageError:
        return UsageError(f"{self.path} was opened to be read only", "This command buys and changes nothing.")

    def close(self) -> None:
        """Write what is queued, then end the thread and close the reader."""
        if self._writer is not None:
            self._writer.close()
        self.release()
        self._reader.close()
