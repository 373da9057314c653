"""Writes completions.jsonl and failures.jsonl from the ledger alone, in one pass and in little memory."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from blackbox_kd.jsonl import atomic, write_rows
from blackbox_kd.records import Completion, Failure, Record
from blackbox_kd.run import BOOKS, COMPLETIONS, FAILURES, PLANTED, Counts, RunDir
from blackbox_kd.stages.buying import Row
from blackbox_kd.stages.seen import Seen
from blackbox_kd.teachers.budget import billed, taken
from blackbox_kd.teachers.client import TeacherClient
from blackbox_kd.teachers.ledger import History, Ledger
from blackbox_kd.teachers.prices import busy_s
from blackbox_kd.teachers.request import Asked, build, completion, usable
from blackbox_kd.teachers.served import mismatched, swapped
from blackbox_kd.teachers.target import Price, choose
from blackbox_kd.teachers.wire import Malformed, Reply


class MissingError(Exception):
    """A row has to be asked first."""


class HaltedError(Exception):
    """The run was stopped while its files were written."""


class Planted(Record, frozen=True, kw_only=True):
    """What a simulated teacher did to one completion on purpose, from its own books."""

    id: str
    kind: str


class Answers:
    """The ledger's answers to the rows of one run, and what they cost."""

    def __init__(self, client: TeacherClient, run: RunDir, total: int) -> None:
        self._client = client
        self._run = run
        self._total = total

    def write(self, rows: Iterator[Row], whole: bool) -> Counts:
        """Write the files and return the counts, `left` being the rows that a later run may get.

        With `whole` nothing is written and `MissingError` raised as soon as a row would have to be asked.
        """
        tally, planted, kinds = _Tally(self._total), list[Planted](), planted_kinds(self._run / BOOKS)
        encoder = msgspec.json.Encoder()
        with atomic(self._run / COMPLETIONS) as completions, atomic(self._run / FAILURES) as failures:
            for row in rows:
                if self._client.stopping.is_set():
                    raise HaltedError
                made, response_id = self._row(row, whole, tally)
                if isinstance(made, Failure):
                    failures.write(encoder.encode(made) + b"\n")
                    continue
                if kind := kinds.get(response_id):
                    planted.append(Planted(id=made.id, kind=kind))
                completions.write(encoder.encode(made) + b"\n")
        if kinds:
            write_rows(self._run / PLANTED, planted)
        return tally.counts(self._client.budget.bought_usd)

    def _row(self, row: Row, whole: bool, tally: "_Tally") -> tuple[Completion | Failure, str]:
        """What became of a row, and the id of the reply."""
        client, target = self._client, choose(self._client.targets, row.prompt.id)
        asked = build(row.prompt.messages, row.sample, target)
        history = client.ledger.history(asked.key)
        failure, reply = None, None
        try:
            reply = usable(history.stored, asked)
        except Malformed as error:
            failure = _failure(row, "malformed_paid", str(error), False, history.attempts)
        if reply is not None and mismatched(target, reply):
            tally.mismatched += 1
            if swapped(target, reply):
                said = f"the reply comes from {reply.served_model!r}, not {target.model!r}"
                failure = _failure(row, "model_mismatch", said, False, history.attempts)
        if failure is not None and whole and client.patience.retry_failed:
            raise MissingError
        if reply is None and failure is None:
            failure = self._missing(row, asked, whole, history)
        tally.add(asked, reply, history, client.ledger)
        if failure is not None:
            tally.failed += not failure.retryable
            tally.left += failure.retryable
            return failure, ""
        assert reply is not None
        tally.completions += 1
        tally.cut += reply.finish_reason == "length"
        return completion(row.prompt, row.sample, target, reply, history.batch), reply.response_id

    def _missing(self, row: Row, asked: Asked, whole: bool, history: History) -> Failure:
        client = self._client
        gone = client.ledger.gave_up(asked.key, asked.max_tokens)
        if whole and (gone is None or client.patience.retry_failed):
            raise MissingError
        if gone is not None:
            return _failure(row, gone.code, gone.message, False, history.attempts)
        return _failure(row, history.code or "not_asked", "a later run may get it", True, history.attempts)


class _Tally:
    """Sums over the rows; the money and tokens of equal requests under different ids count once."""

    def __init__(self, total: int) -> None:
        self._seen = Seen(total)
        self.rows = self.completions = self.failed = self.left = self.mismatched = self.cut = 0
        self.attempts = self.ambiguous = self.prompt_tokens = self.completion_tokens = self.unpriced = 0
        self.cost_usd = 0.0
        self._spans: dict[str, tuple[Price, list[tuple[int, int]]]] = {}  # of teachers that are paid by the hour

    def add(self, asked: Asked, reply: Reply | None, history: History, ledger: Ledger) -> None:
        """Count a row, and its request if it is new: superseded, malformed and never seen replies were paid too."""
        self.rows += 1
        if not self._seen.first(asked.key):
            return
        if reply is not None:
            self.prompt_tokens += reply.usage.prompt_tokens
            self.completion_tokens += reply.usage.completion_tokens
        self.attempts += history.attempts
        self.ambiguous += sum(one.raw is None for one in history.paid)
        self.unpriced += bool(history.paid) and asked.target.price is None
        price = asked.target.price
        if price is not None and price.gpu_hour_usd is not None:
            _, spans = self._spans.setdefault(asked.target.label, (price, []))
            spans += [(one.sent_ms, one.ended_ms) for one in ledger.attempts(asked.key) if one.ended_ms is not None]
        for one in history.paid:
            if reply is not None and history.stored is not None and one.raw is history.stored.raw:
                self.cost_usd += billed(asked, reply.usage, one.batch).usd  # read already
            else:
                self.cost_usd += taken(asked, one).usd

    def counts(self, bought_usd: float) -> Counts:
        """The manifest's counts; money only where every price is known."""
        counts: Counts = {
            "rows": self.rows,
            "completions": self.completions,
            "failed": self.failed,
            "left": self.left,
            "attempts": self.attempts,
            "ambiguous": self.ambiguous,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "unpriced": self.unpriced,
        }
        counts |= {"mismatched": self.mismatched} if self.mismatched else {}
        counts |= {"cut": self.cut} if self.cut else {}
        if self.unpriced:
            return counts  # unknown is not 0
        hours = sum(price.hours_usd(busy_s(spans)) for price, spans in self._spans.values())
        return counts | {"cost_usd": round(self.cost_usd + hours, 6), "bought_usd": round(bought_usd, 6)}


def _failure(row: Row, code: str, message: str, retryable: bool, attempts: int) -> Failure:
    return Failure(
        prompt_id=row.prompt.id, sample=row.sample, code=code, message=message, retryable=retryable, attempts=attempts
    )


def planted_kinds(books: Path) -> dict[str, str]:
    """Response id -> kind of noise, from a simulated teacher's books; empty without them."""
    if not books.exists():
        return {}
    from blackbox_kd.simulate.books import read_books  # only where a simulated teacher was asked

    return {entry.response_id: entry.kind for entry in read_books(books)}
