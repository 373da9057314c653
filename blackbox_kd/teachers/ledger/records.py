"""What the ledger gives back."""

from typing import NamedTuple

import msgspec


class Stored(NamedTuple):
    """A paid reply: its raw bytes, the token limit that it was asked with, and whether it came in a batch."""

    raw: bytes
    max_tokens: int
    batch: bool = False


class Paid(NamedTuple):
    """An attempt that was paid for, or may have been: `raw` is None where its reply was never seen."""

    raw: bytes | None
    batch: bool
    max_tokens: int


class GaveUp(NamedTuple):
    """A request that failed for good, after so many attempts."""

    code: str
    message: str
    attempts: int


class History(NamedTuple):
    """All of a request at once: the reply in force, what was paid, the attempts, and the last one's code."""

    stored: Stored | None
    paid: list[Paid]
    attempts: int
    code: str | None

    @property
    def batch(self) -> bool:
        """Whether the reply in force came in a batch."""
        return self.stored is not None and self.stored.batch


class AttemptRow(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt, whole; times are milliseconds since 1970, UTC."""

    id: int
    state: str  # sent, stored, error, ambiguous
    max_tokens: int
    sent_ms: int
    ended_ms: int | None
    status: int | None
    code: str | None
    headers: bytes | None  # JSON
    raw: bytes | None
    owner: str | None  # the process that sent it
    batch: str | None  # the fingerprint of its batch


class BatchRow(NamedTuple):
    """One batch: `state` is reserved, sent, done, failed, cancelled or abandoned; the first two are open."""

    fingerprint: str
    label: str
    state: str
    remote_id: str
    detail: str
    created_ms: int
