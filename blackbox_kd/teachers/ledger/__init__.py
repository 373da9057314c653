"""The ledger: every request that was sent and every reply that was paid for, in SQLite, before anything reads it.

An attempt is `sent` before its first byte leaves, and becomes `stored` (2xx, raw bytes kept), `error` (answered with
an error, or never received) or `ambiguous` (perhaps paid, never seen). One thread a process writes; what waits is
committed together, in WAL mode, fsynced. Several processes share a ledger: a request in flight in one of them is not
sent by another.
"""

from blackbox_kd.teachers.ledger.book import Ledger
from blackbox_kd.teachers.ledger.opening import open_ledger
from blackbox_kd.teachers.ledger.records import AttemptRow, BatchRow, GaveUp, History, Paid, Stored
from blackbox_kd.teachers.ledger.tables import VERSION
from blackbox_kd.teachers.ledger.trouble import ClaimedElsewhere

__all__ = [
    "VERSION",
    "AttemptRow",
    "BatchRow",
    "ClaimedElsewhere",
    "GaveUp",
    "History",
    "Ledger",
    "Paid",
    "Stored",
    "open_ledger",
]
