"""Looks at open batches, and settles those that have ended: results into the ledger, money out of the reserve."""

import contextlib
import time
from functools import partial

from blackbox_kd.errors import BbkdError, ProviderRefused, ProviderUnavailable
from blackbox_kd.records import Failure
from blackbox_kd.stages.batching.adopting import AGAIN, PAY_AGAIN, QUEUE_FULL, Desk, Open
from blackbox_kd.stages.batching.importing import Importer, fetch, gone
from blackbox_kd.stages.buying import Bought, asked_of
from blackbox_kd.teachers.batch import CallError
from blackbox_kd.teachers.batches import PREFIX, TOO_MANY_TOKENS, Remote, oddities, read_result
from blackbox_kd.teachers.budget import NOTHING, Amount, billed, worst
from blackbox_kd.teachers.request import Asked
from blackbox_kd.teachers.retry import stopped
from blackbox_kd.teachers.wire import Reply

SILENT_S = 30 * 3600.0  # a provider that tells nothing for longer than any batch may run
SAID_S = 600.0  # how often to say so


class Settler:
    """Settles the batches of a run; `halt` is the error with which the run ends once nothing is open any more."""

    def __init__(self, desk: Desk) -> None:
        self.halt: BbkdError | None = None
        self._desk = desk
        self._client = desk.client
        self._ledger = desk.client.ledger

    async def look(self, one: Open) -> bool:
        """Ask how a batch is doing, and settle it if it has ended; whether it has. Raises what stops the run."""
        api = self._desk.api(one.label)
        try:
            if one.remote_id is None:
                await self._tell(one)
                return one not in self._desk.open
            remote = await api.poll(one.remote_id)
            if one.silent_s > SAID_S:
                self._desk.note(f"batch {one.called} is told of again")
            one.silent_s, one.done = 0.0, min(one.rows, remote.done)
            if remote.state == "failed":
                await self._invalid(one, remote)
            elif remote.state == "ended":
                await self._import(one, remote)
        except CallError as failed:
            await self._missed(one, failed)
        return one not in self._desk.open

    async def _missed(self, one: Open, failed: CallError) -> None:
        """A call that failed: wait for better times, however long a batch may run; a batch that is gone is told of."""
        error = failed.error
        if gone(failed):
            await self._gone(one, error.message)
        elif error.scope != "attempt" or one.silent_s > SILENT_S:
            raise stopped(error, error.scope != "attempt", time.time())
        else:
            self._desk.hint_s = max(self._desk.hint_s, error.retry_after_s or 0.0)
            if one.silent_s == 0.0 or one.silent_s > one.said_s + SAID_S:
                one.said_s = one.silent_s
                self._desk.note(f"batch {one.called} cannot be asked now: {error.message} ({error.code})")

    async def _gone(self, one: Open, why: str) -> None:
        """Results that nobody can get any more were perhaps paid for: only the user may pay for them again."""
        what = f"the results of batch {one.called} cannot be had: {why}; its {one.rows:,} rows were perhaps paid for"
        if not self._client.patience.retry_failed:
            raise ProviderRefused(what, PAY_AGAIN)
        left = len(self._ledger.batch_attempts(one.name))
        await self._ledger.close_batch(one.name, "abandoned", ambiguous=True)
        self._desk.note(f"{what}: given up")
        done = one.imported
        self._ended(one, _sum(one.spent, self._times(one, left + done.unreadable)), done.failed, done.left + left)

    async def _tell(self, one: Open) -> None:
        """Find out by their results which of several batches is the one that was perhaps created."""
        api = self._desk.api(one.label)
        for remote_id in list(one.candidates):
            remote = await api.poll(remote_id)
            if remote.state == "running":
                continue
            if remote.gone:
                await self._gone(one, f"{remote_id} may be it, and its results are kept no longer")
                return
            result = read_result(api.wire, await api.head(remote))
            if result is not None and result.custom_id.startswith(f"{one.name[:PREFIX]}_"):
                await self._desk.created(one, remote)
                return
            one.candidates.remove(remote_id)
        if not one.candidates:
            await self._ledger.close_batch(one.name, "failed")
            self._desk.note(f"a batch of {one.rows:,} rows was never created: its rows are free for the next run")
            self._ended(one, NOTHING, 0, one.rows)

    async def _invalid(self, one: Open, remote: Remote) -> None:
        """A batch that failed its validation cost nothing; what is wrong with it stops the run."""
        attempts = self._ledger.batch_attempts(one.name)
        keys = sorted(attempts, key=attempts.__getitem__)  # as they stand in the file
        full = next((error for error in remote.errors if error.code == TOO_MANY_TOKENS), None)
        if full is not None and len(self._desk.open) == 1:
            await self._ledger.batch_sent(one.name, remote.id, f"{QUEUE_FULL}{one.rows}")
        await self._ledger.close_batch(one.name, "failed")
        self._ended(one, NOTHING, 0, one.rows)
        if full is not None:
            self.halt = ProviderUnavailable(f"batch {one.called}: {full.message} ({full.code})", AGAIN)
            return
        error = next((error for error in remote.errors), None)
        said = "it does not say why" if error is None else f"{error.message} ({error.code})"
        where = ""
        if error is not None and error.line is not None and 0 < error.line <= len(keys):
            where = f"line {error.line}, {self._named(keys[error.line - 1])}: "
        raise ProviderRefused(
            f"batch {one.called} was refused: {where}{said}", "Correct it, then run the same command."
        )

    def _named(self, key: str) -> str:
        for row in self._desk.rows():
            if asked_of(row, self._client.targets).key == key:
                return f"prompt {row.prompt.id}"
        return "a prompt of an earlier run"

    async def _import(self, one: Open, remote: Remote) -> None:
        """Write the results to the ledger, partial ones too: they were paid for."""
        if remote.gone:
            await self._gone(one, "they are kept no longer")
            return
        api, done = self._desk.api(one.label), one.imported
        importer = Importer(self._ledger, api, one.name, done, partial(self._count, one))
        with contextlib.ExitStack() as files:
            found = await fetch(api, remote, files, self._ledger.path.parent)
            for file in found.files:
                await importer.read(file)
        if found.failed:
            raise found.failed[0]
        if found.gone and not found.files:
            await self._gone(one, found.gone[0].error.message)
            return
        unseen = await importer.close(remote, whole=not found.gone)
        spent = _sum(one.spent, self._times(one, unseen + done.unreadable))
        for error in found.gone:
            self._desk.note(f"a result file of batch {one.called} cannot be had: {error.error.message}")
        odd = f"; {oddities(done.odd)}" if oddities(done.odd) else ""
        self._desk.note(f"batch {one.called} {remote.said}: {done.stored:,} replies, {done.failed:,} failed{odd}")
        self._ended(one, spent, done.failed, done.left, done.example)
        if done.stop is not None:
            self._client.stopping.set()
            self.halt = done.stop

    def _ended(self, one: Open, spent: Amount, failed: int, left: int, example: Failure | None = None) -> None:
        desk, budget = self._desk, self._client.budget
        desk.open.remove(one)
        was = desk.bought
        desk.bought = Bought(was.failed + failed, was.left + left, was.example or example)
        if one.adopted:
            budget.accounts[one.label].reserve(0.0)
            budget.tokens.reserve(0)
        for _ in range(0 if one.adopted else one.rows - 1):
            budget.settle(sample(one), NOTHING, NOTHING)
        budget.settle(sample(one), one.reserved, spent)

    def _count(self, one: Open, reply: Reply) -> None:
        """Count a reply; three of another model than was asked for stop the run, once all are kept."""
        asked = sample(one)
        one.spent = _sum(one.spent, billed(asked, reply.usage, batch=True))
        try:
            self._client.served(asked.target, reply)
        except ProviderRefused as error:
            self.halt = error

    def _times(self, one: Open, rows: int) -> Amount:
        most = worst(sample(one), batch=True)
        return Amount(most.usd * rows, most.tokens * rows)


def sample(one: Open) -> Asked:
    """The most expensive request of a batch, as far as it is known."""
    assert one.largest is not None, "adopted and submitted batches have one"
    return one.largest


def _sum(one: Amount, other: Amount) -> Amount:
    return Amount(one.usd + other.usd, one.tokens + other.tokens)
