"""Puts rows into batches, submits them, and waits until all have ended."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Collection, Iterable

from blackbox_kd.errors import Interrupted
from blackbox_kd.run import RunDir, exclusive
from blackbox_kd.stages.batching.adopting import Desk, Open
from blackbox_kd.stages.batching.settling import Settler
from blackbox_kd.stages.buying import SLICE, Bought, Row, asked_of, needed, signals
from blackbox_kd.stages.seen import Seen
from blackbox_kd.teachers.batches import fingerprint, pause_s, waiting
from blackbox_kd.teachers.budget import Amount
from blackbox_kd.teachers.client import TeacherClient
from blackbox_kd.teachers.ledger import ClaimedElsewhere
from blackbox_kd.teachers.request import Asked
from blackbox_kd.teachers.spool import Spool
from blackbox_kd.teachers.target import Api

MOST_ROWS = 100_000
HELD_BYTES = 64 * 2**20  # of requests in memory until the ledger has them; a batch may be cut for it
FIX_IN_USE = "Wait for it to end: two that submit or adopt batches at once could pay twice."


class Shard:
    """A batch while its rows are collected."""

    def __init__(self, wire: Api, desk: Desk) -> None:
        self.spool = Spool(wire, desk.client.ledger.path.parent)
        self.rows: list[tuple[str, bytes, int]] = []  # key, identity, max_tokens
        self.held = 0
        self.most: list[Amount] = []  # that each row may take
        self.largest: Asked | None = None

    def add(self, asked: Asked, most: Amount, most_rows: int) -> bool:
        """Take a row in, if it fits."""
        if self.rows and self.held + len(asked.identity) > HELD_BYTES:
            return False
        if not self.spool.add(asked.key, asked.payload(False), most_rows):
            return False
        self.held += len(asked.identity)
        self.rows.append((asked.key, asked.identity, asked.max_tokens))
        self.most.append(most)
        if self.largest is None or asked.size > self.largest.size:
            self.largest = asked
        return True

    @property
    def reserved(self) -> Amount:
        """What all rows may take."""
        return Amount(sum(most.usd for most in self.most), sum(most.tokens for most in self.most))

    def leave_out(self, keys: Collection[str]) -> list[Amount]:
        """Take rows out again, into a spool that is not sealed; returns what each may take."""
        places = {place for place, (key, _, _) in enumerate(self.rows) if key in keys}
        spool, self.spool = self.spool, self.spool.without(places)
        spool.close()
        out = [most for place, most in enumerate(self.most) if place in places]
        self.rows = [row for place, row in enumerate(self.rows) if place not in places]
        self.most = [most for place, most in enumerate(self.most) if place not in places]
        return out


async def buy_batches(
    rows: Callable[[], Iterable[Row]],
    total: int,
    client: TeacherClient,
    run: RunDir,
    poll_s: float,
    pause: Callable[[float], Awaitable[None]] | None = None,
) -> Bought:
    """Adopt every open batch, submit the rows of batch teachers that need a call, and wait until all have ended.

    `rows` are gone through once; again only to name the prompt of a line that was refused. A signal ends the waiting,
    not the batches. Rows that failed but may succeed are left for the next run. Raises as `TeacherClient.ask` does for
    the run, and `Interrupted`. `pause` replaces the waiting between polls, in seconds.
    """
    if client.patience.offline or not (any(one.batch for one in client.targets) or client.ledger.batches()):
        return Bought(0, 0, None)
    path = client.ledger.path
    mode = 0o660 if client.patience.share_ledger else 0o600
    with exclusive(path.with_name(f"{path.name}.batches.lock"), f"the batches of ledger {path}", FIX_IN_USE, mode):
        return await _bought(Desk(rows, client, run, poll_s, pause), total)


async def _bought(desk: Desk, total: int) -> Bought:
    task = asyncio.create_task(_Batching(desk, total).work())
    try:
        with signals(desk.client, desk.run, [task]) as received:
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
    finally:
        task.cancel()
        await desk.close()
    if received:
        name, many = signal.Signals(received[0]).name, len(desk.open)
        going = f"; {many} {'batch goes' if many == 1 else 'batches go'} on at the provider" if many else ""
        fix = "Run the same command to go on" + (": it adopts what is open." if many else ".")
        raise Interrupted(f"{name}: stopped; what was paid is kept{going}", fix, 128 + received[0])
    if isinstance(outcome, BaseException):
        raise outcome
    return desk.bought


class _Batching:
    """Rows on their way into batches, and batches until they have ended."""

    def __init__(self, desk: Desk, total: int) -> None:
        self._desk = desk
        self._client = desk.client
        self._total = total
        self._settler = Settler(desk)
        self._shards: dict[str, Shard] = {}

    async def work(self) -> None:
        """Adopt, submit, wait."""
        await self._desk.adopt()
        budget = self._client.budget
        if any(account.limit is not None for account in (budget.tokens, *budget.accounts.values())):
            await self._wait()  # only then is it known what was spent
        try:
            await self._submit()
        finally:
            for shard in self._shards.values():
                shard.spool.close()
        await self._wait()

    async def _submit(self) -> None:
        client, ledger = self._client, self._client.ledger
        seen = Seen(self._total + sum(one.rows for one in self._desk.open))
        for one in self._desk.open:
            for key in ledger.batch_attempts(one.name):
                seen.first(key)
        for number, row in enumerate(self._desk.rows()):
            if number % SLICE == 0:
                await asyncio.sleep(0)  # lets signals through
            if client.stopping.is_set():
                return
            asked = asked_of(row, client.targets)
            if asked.target.batch and needed(asked, ledger, client.patience) and seen.first(asked.key):
                await self._take(asked)
        await self._send_all()

    async def _take(self, asked: Asked) -> None:
        """Reserve a row's worst case and put it into a shard; where the budget is held by others, wait for those."""
        while (most := self._client.budget.reserve_now(asked, batch=True)) is None:
            await self._send_all()
            await self._wait()
            if self._client.stopping.is_set():
                return
        label, most_rows = asked.target.label, self._desk.most_rows(asked.target.label, MOST_ROWS)
        while not self._shard(asked).add(asked, most, most_rows):
            await self._send(label)

    def _shard(self, asked: Asked) -> Shard:
        label = asked.target.label
        if label not in self._shards:
            self._shards[label] = Shard(asked.target.wire, self._desk)
        return self._shards[label]

    async def _send_all(self) -> None:
        for label in list(self._shards):
            if not self._client.stopping.is_set():
                await self._send(label)

    async def _send(self, label: str) -> None:
        """Reserve a shard in the ledger, then create its batch."""
        shard = self._shards.pop(label)
        try:
            if not (name := await self._reserve(label, shard)):
                return
            one = Open(name, label, len(shard.rows), time.time())
            one.reserved, one.largest = shard.reserved, shard.largest
            shard.rows = []
            await self._desk.create(one, shard.spool)
        finally:
            shard.spool.close()

    async def _reserve(self, label: str, shard: Shard) -> str:
        """The fingerprint of a shard that is reserved, without the rows that another process has; "" if it has all."""
        while shard.rows:
            name = await asyncio.to_thread(self._name, shard)
            await asyncio.to_thread(shard.spool.seal, name)
            try:
                await self._client.ledger.reserve_batch(name, label, shard.rows)
                return name
            except ClaimedElsewhere as error:
                await self._leave_out(shard, error)
        return ""

    async def _leave_out(self, shard: Shard, claimed: ClaimedElsewhere) -> None:
        desk, sample = self._desk, shard.largest
        if sample is None:
            raise claimed
        out = await asyncio.to_thread(shard.leave_out, set(claimed.keys))
        for most in out:
            self._client.budget.settle(sample, most, None)
        desk.bought = desk.bought._replace(left=desk.bought.left + len(out))
        desk.note(f"{claimed.message}: left out of the batch")

    def _name(self, shard: Shard) -> str:
        known = {one.fingerprint for one in self._client.ledger.batches(open_only=False)}
        again = 0
        while (name := fingerprint(((key, most) for key, _, most in shard.rows), again)) in known:
            again += 1
        return name

    async def _wait(self) -> None:
        """Look at every open batch now and then, until none is left; raises what stopped the run meanwhile."""
        desk, polls, shown = self._desk, 0, 0
        if desk.open:
            desk.run.progress.start("batches", sum(one.rows for one in desk.open))
        finished = 0
        while desk.open and not self._client.stopping.is_set():
            for one in list(desk.open):
                if await self._settler.look(one):
                    finished += one.rows
            done = finished + sum(one.done for one in desk.open)
            desk.run.progress.advance(self._said(), max(0, done - shown))
            shown = max(shown, done)
            if desk.open:
                await desk.pause(max(desk.hint_s, pause_s(desk.poll_s, polls)))
                polls += 1
        if polls or finished:
            desk.run.progress.finish()
        if self._settler.halt is not None and (not desk.open or self._client.stopping.is_set()):
            raise self._settler.halt

    def _said(self) -> str:
        batches = self._desk.open
        if not batches:
            return ""
        oldest_s = time.time() - min(one.created_s for one in batches)
        return waiting(len(batches), sum(one.done for one in batches), sum(one.rows for one in batches), oldest_s)
