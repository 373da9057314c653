"""Creates batches so that none is created twice, and takes over those that an earlier run left open.

A creation of which no answer came may have worked. Such a batch is looked for at the provider: OpenAI keeps its
fingerprint as metadata; elsewhere it is one of the batches with as many rows, and the results alone tell which, so
it is waited for. Only where a listing that succeeded does not show it are its rows free again.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable

from blackbox_kd.errors import ProviderRefused, ProviderUnavailable
from blackbox_kd.run import RunDir
from blackbox_kd.stages.batching.importing import Imported
from blackbox_kd.stages.buying import Bought, Row
from blackbox_kd.teachers.batch import BatchApi, CallError
from blackbox_kd.teachers.batches import Remote, pause_s
from blackbox_kd.teachers.budget import NOTHING, Amount
from blackbox_kd.teachers.client import TeacherClient
from blackbox_kd.teachers.request import Asked, framed
from blackbox_kd.teachers.retry import PATIENCE_S, stopped
from blackbox_kd.teachers.spool import Spool
from blackbox_kd.teachers.target import Target

LOOKS = 3  # how often a batch is looked for before it counts as never created
SKEW_S = 86_400.0  # how far this machine's clock may differ from the provider's
AGAIN = "Run the same command later: it goes on where it stopped, and submits nothing twice."
PAY_AGAIN = "Run with --retry-failed to give it up and pay for its rows again."
NO_BATCHES = "Set [teacher] batch = false, or correct base_url."
LARGEST = (
    "SELECT max(length(identity)), max(max_tokens) FROM attempt JOIN request USING (hash)"
    " WHERE state = 'sent' AND batch = ?"
)
QUEUE_FULL = "queue_full "  # in the ledger's detail of a batch that alone was too much for the provider's queue


class Open:
    """A batch that has not ended; `created_s` is the Unix time of its reservation."""

    def __init__(self, name: str, label: str, rows: int, created_s: float, remote_id: str | None = None) -> None:
        self.name = name
        self.label = label
        self.rows = rows
        self.created_s = created_s
        self.remote_id = remote_id
        self.candidates: list[str] = []  # batches at the provider that may be this one
        self.done = 0
        self.silent_s = 0.0  # waited since the provider last told of it
        self.said_s = 0.0  # of them, when that was last said
        self.reserved = Amount(0.0, 0)
        self.largest: Asked | None = None  # its most expensive row
        self.adopted = False  # an earlier run submitted it, and reserved its money
        self.spent = NOTHING  # on results that were read before others could be fetched
        self.imported = Imported()

    @property
    def called(self) -> str:
        """Its name for people."""
        return self.remote_id or " or ".join(self.candidates) or self.name[:16]


class Desk:
    """What all batches of a run share: the rows, the connections, and which batches are open."""

    def __init__(
        self,
        rows: Callable[[], Iterable[Row]],
        client: TeacherClient,
        run: RunDir,
        poll_s: float,
        pause: Callable[[float], Awaitable[None]] | None,
    ) -> None:
        self.rows = rows
        self.client = client
        self.run = run
        self.poll_s = poll_s
        self.hint_s = 0.0  # how long the provider asked to wait
        self.open: list[Open] = []
        self.bought = Bought(0, 0, None)
        self._pause = pause or self._stoppable
        self._apis: dict[str, BatchApi] = {}

    async def close(self) -> None:
        """Close the connections."""
        for api in self._apis.values():
            await api.close()

    def api(self, label: str) -> BatchApi:
        """The batch API of a teacher."""
        if label not in self._apis:
            target = next(one for one in self.client.targets if one.label == label)
            self._apis[label] = BatchApi(target, self.client.keys[label], self.client.patience)
        return self._apis[label]

    async def pause(self, seconds: float) -> None:
        """Wait, unless the run stops."""
        self.hint_s = 0.0
        for one in self.open:
            one.silent_s += seconds
        await self._pause(seconds)

    async def _stoppable(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.client.stopping.wait(), seconds)

    def note(self, text: str) -> None:
        """Say a line."""
        self.run.progress.note(f"query: {text}")

    def most_rows(self, label: str, most: int) -> int:
        """How many rows a batch may have: half of what was ever too much for the provider's queue."""
        batches = [one for one in self.client.ledger.batches(open_only=False) if one.label == label]
        sizes = [one.detail.removeprefix(QUEUE_FULL) for one in batches if one.detail.startswith(QUEUE_FULL)]
        return max(1, min([most, *(int(size) // 2 for size in sizes if size.isdigit())]))

    async def adopt(self) -> None:
        """Take over what an earlier run left open."""
        targets = {one.label: one for one in self.client.targets}
        for row in self.client.ledger.batches():
            attempts = self.client.ledger.batch_attempts(row.fingerprint)
            one = Open(row.fingerprint, row.label, len(attempts), row.created_ms / 1000, row.remote_id or None)
            if row.label not in targets:
                self.note(f"batch {one.called} belongs to {row.label}, which bbkd.toml does not name: left alone")
                continue
            one.adopted, one.largest = True, self._largest(one, targets[row.label])
            if one.remote_id:
                self.open.append(one)
                self.note(f"batch {one.called} of {one.rows:,} rows is adopted")
            else:
                await self._resolve(one)

    def _largest(self, one: Open, target: Target) -> Asked:
        """What the ledger knows of the most expensive row of a batch."""
        ((identity, max_tokens),) = self.client.ledger.stream(LARGEST, (one.name,))
        size = (identity or 0) + framed(target).margin
        return Asked("", b"", max_tokens or target.sampling.max_tokens, target, size, ())

    async def _resolve(self, one: Open) -> None:
        """Find out about a batch of which no id was kept; where nobody can tell, the user may give it up."""
        given_up, said = False, "was never created (the provider lists none): they are free"
        try:
            if await self.find(one):
                return
        except ProviderRefused:
            if not self.client.patience.retry_failed:
                raise
            given_up, said = True, "was perhaps created, and is given up"
        await self.client.ledger.close_batch(one.name, "abandoned" if given_up else "failed", ambiguous=given_up)
        self.note(f"a batch of {one.rows:,} rows {said}")

    async def create(self, one: Open, spool: Spool) -> None:
        """Create a batch that is reserved, and keep its id; raises where that is no use, and frees its rows."""
        api = self.api(one.label)
        for attempt in range(self.client.patience.attempts):
            sent = False
            try:
                await api.upload(spool, one.name)
                sent = True
                await self.created(one, await api.create(spool, one.name))
                return
            except CallError as failed:
                if sent and failed.ambiguous and await self.find(one):
                    return
                error = failed.error
                last = attempt + 1 == self.client.patience.attempts or (error.retry_after_s or 0.0) > PATIENCE_S
                if error.scope != "attempt" or last or self.client.stopping.is_set():
                    await self.client.ledger.close_batch(one.name, "failed")
                    if failed.status in (404, 405):
                        raise ProviderRefused(f"{one.label} has no batch API: {error.message}", NO_BATCHES) from None
                    raise stopped(error, error.scope != "attempt", time.time()) from None
                await self.pause(max(error.retry_after_s or 0.0, pause_s(self.poll_s, 2 * attempt)))

    async def created(self, one: Open, remote: Remote) -> None:
        """Keep the id of a batch."""
        await self.client.ledger.batch_sent(one.name, remote.id, str(one.rows))
        one.remote_id, one.candidates = remote.id, []
        if one not in self.open:
            self.open.append(one)
        self.note(f"batch {remote.id} of {one.rows:,} rows is at the provider")

    async def find(self, one: Open) -> bool:
        """Look for a batch that was perhaps created; whether it was, or may yet turn out to have been."""
        api = self.api(one.label)
        known = {row.remote_id for row in self.client.ledger.batches(open_only=False)}
        for look in range(LOOKS):
            if look:
                await self.pause(self.poll_s)
            listed = await self._listed(one, api)
            if found := next((each for each in listed if each.fingerprint == one.name), None):
                await self.created(one, found)
                return True
            one.candidates = [each.id for each in listed if self._may_be(each, one) and each.id not in known]
            if one.candidates:
                self.open.append(one)
                self.note(f"a batch of {one.rows:,} rows was perhaps created as {one.called}; its results will tell")
                return True
        return False

    def _may_be(self, remote: Remote, one: Open) -> bool:
        """Whether a batch without a fingerprint may be ours: OpenAI itself keeps fingerprints, others may not."""
        target = self.api(one.label).target
        if remote.fingerprint or (target.official and target.wire != "anthropic"):
            return False
        return remote.total in (None, one.rows)

    async def _listed(self, one: Open, api: BatchApi) -> list[Remote]:
        for attempt in range(self.client.patience.attempts):
            try:
                return await api.list(one.created_s - SKEW_S)
            except CallError as failed:
                error = failed.error
            if error.scope != "attempt" or self.client.stopping.is_set():
                break
            await self.pause(max(error.retry_after_s or 0.0, pause_s(self.poll_s, 2 * attempt)))
        what = f"it is not known whether a batch of {one.rows:,} rows was created: {error.message} ({error.code})"
        if error.scope == "attempt":
            raise ProviderUnavailable(what, AGAIN)
        raise ProviderRefused(what, f"{error.fix} {PAY_AGAIN}".strip())
