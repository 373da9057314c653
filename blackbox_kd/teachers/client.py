"""Asks teachers: the ledger before and after each call, one retry owner, a pace and a budget.

A row's way: ledger, then pace and slot, budget, claim (durable), socket, store (durable), and only then parsing.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping

import tenacity

from blackbox_kd.errors import ProviderRefused, ProviderUnavailable
from blackbox_kd.records import Completion, Failure, Prompt
from blackbox_kd.teachers.budget import Budget, paid
from blackbox_kd.teachers.circuit import Circuit
from blackbox_kd.teachers.hints import windows
from blackbox_kd.teachers.ledger import ClaimedElsewhere, Ledger
from blackbox_kd.teachers.line import Line, line_to
from blackbox_kd.teachers.pool import NoEndpoint
from blackbox_kd.teachers.request import Asked, build, completion, read, usable
from blackbox_kd.teachers.retry import Again, GiveUpRow, decide, stopped
from blackbox_kd.teachers.sender import Answer, Refused, kept
from blackbox_kd.teachers.served import swapped
from blackbox_kd.teachers.target import Patience, Target, choose
from blackbox_kd.teachers.wire import Malformed, Reply, WireError

ELSEWHERE_S = 0.2  # how long until the first look whether another process has stored what both want
ELSEWHERE_MOST_S = 15.0  # between two looks: it may be in a batch
STOPPED = "stopped"  # code of a row that was not asked because the run stops
STOPPED_FIRST = "the run was stopped before this row was asked"
MISMATCHES = 3  # so many replies of another model than was asked for: the run stops before it buys more


class RowFailedError(Exception):
    """A row brought no completion; holds the failure to record."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class AgainError(Exception):
    """Try once more after `after_s` seconds."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"again in {after_s:.1f} s")
        self.after_s = after_s


class _GaveUpError(Exception):
    def __init__(self, code: str, message: str, retryable: bool, attempts: int) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.attempts = attempts


class TeacherClient:
    """Implements `records.Teacher` over one or several targets. Use it as an async context manager."""

    def __init__(
        self, targets: tuple[Target, ...], keys: Mapping[str, str], ledger: Ledger, patience: Patience, budget: Budget
    ) -> None:
        self.targets = targets
        self.ledger = ledger
        self.patience = patience
        self.budget = budget
        self.stopping = asyncio.Event()
        self.pause: Callable[[float], Awaitable[None]] = self._pause  # between attempts, in seconds
        self.clock: Callable[[], float] = time.time  # seconds since 1970, to read dates in headers by
        self.keys = keys
        self._lines: dict[str, Line] = {}
        self._flying: dict[str, asyncio.Future[Reply]] = {}
        self._elsewhere: set[str] = set()  # what another process or an open batch is asking
        self._again: set[str] = set()  # asked in this run, where failed rows are asked again: once is enough
        self._circuit = Circuit()
        self._mismatches = 0
        self._rng = random.Random()  # jitter only

    async def __aenter__(self) -> "TeacherClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        for line in self._lines.values():
            await line.sender.close()

    def line(self, target: Target) -> Line:
        """The connections to a teacher, made at its first call: where all is in the ledger, no SDK is loaded."""
        if target.label not in self._lines:
            key = self.keys[target.label]
            self._lines[target.label] = line_to(target, key, self.patience, self.stopping, lambda: self.clock())
        return self._lines[target.label]

    async def ask(self, prompt: Prompt, sample: int) -> Completion:
        """Answer from the ledger or the network; equal requests in flight share one call.

        Raises `RowFailedError` for the row, `ProviderRefused`, `ProviderUnavailable`, `BudgetReached` or `StorageFull`
        for the run.
        """
        target = choose(self.targets, prompt.id)
        reply = await self.reply(build(prompt.messages, sample, target), prompt.id, sample)
        return completion(prompt, sample, target, reply)

    async def reply(self, asked: Asked, prompt_id: str, sample: int) -> Reply:
        """The reply to a request, for the row that is named; raises as `ask` does."""
        try:
            return self._held(asked) or await self._shared(asked)
        except _GaveUpError as error:
            failed = Failure(
                prompt_id=prompt_id,
                sample=sample,
                code=error.code,
                message=str(error),
                retryable=error.retryable,
                attempts=error.attempts,
            )
            raise RowFailedError(failed) from None

    def _held(self, asked: Asked) -> Reply | None:
        """The reply that the ledger holds. One that cannot be read, and a row given up, are not asked again."""
        again, reply = self.patience.retry_failed and asked.key not in self._again, None
        try:
            reply = usable(self.ledger.lookup(asked.key), asked)
        except Malformed as error:
            if not again:
                raise _GaveUpError("malformed_paid", str(error), False, 1) from None
        if again and reply is not None and swapped(asked.target, reply):
            reply = None
        if reply is None and not again and (gone := self.ledger.gave_up(asked.key, asked.max_tokens)):
            raise _GaveUpError(gone.code, gone.message, False, gone.attempts)
        if reply is None and self.patience.offline:
            raise _GaveUpError("offline", "the ledger does not hold it", True, 0)
        return reply

    async def _shared(self, asked: Asked) -> Reply:
        if asked.key in self._flying:
            return await asyncio.shield(self._flying[asked.key])
        task = asyncio.ensure_future(self._bought(asked))
        self._flying[asked.key] = task
        try:
            return await task
        finally:
            del self._flying[asked.key]
            self._elsewhere.discard(asked.key)

    async def _bought(self, asked: Asked) -> Reply:
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(AgainError), wait=_wait_s, sleep=self.pause, reraise=True
        )
        number, looks = 0, 0
        if self.patience.retry_failed:
            self._again.add(asked.key)
        async for attempt in retrying:
            with attempt:
                try:
                    return await self._attempt(asked, number + 1)
                except ClaimedElsewhere:
                    if reply := self._stored_elsewhere(asked):
                        return reply
                    looks += 1
                    self._elsewhere.add(asked.key)
                    raise AgainError(min(ELSEWHERE_MOST_S, ELSEWHERE_S * 1.5**looks)) from None
                except AgainError:
                    number += 1
                    raise
        raise AssertionError("tenacity ends only by returning or raising")

    def _stored_elsewhere(self, asked: Asked) -> Reply | None:
        self.ledger.release()  # to see what the other process has stored since
        stored = self.ledger.lookup(asked.key)
        try:
            if (reply := usable(stored, asked)) is not None and stored is not None:
                self.budget.count(asked, paid(asked, stored.raw, stored.batch))
            return reply
        except Malformed as error:
            raise _GaveUpError("malformed_paid", str(error), False, 1) from None

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    @property
    def in_flight(self) -> int:
        """Calls on their way."""
        return sum(line.pool.in_flight for line in self._lines.values())

    def status(self) -> str:
        """A few words on the state: calls in flight and their limit, money, and what is waited for."""
        limit = sum(int(line.pool.limit) for line in self._lines.values())
        why = self.waiting_for()
        return f"{self.in_flight}/{limit} in flight, {self.budget.said}{f', waiting {why}' if why else ''}"

    def waiting_for(self) -> str:
        """Why calls wait that could be sent; empty if none does."""
        if why := next((why for line in self._lines.values() if (why := line.pool.waiting_for())), ""):
            return why
        others = len(self._elsewhere)
        return f"until another process or an open batch has {others} of the rows" if others else ""

    async def _attempt(self, asked: Asked, number: int) -> Reply:
        line, tokens = self.line(asked.target), asked.size // 4 + asked.max_tokens
        try:
            url = await line.pool.enter(tokens)
        except NoEndpoint as error:
            self.stopping.set()
            raise ProviderUnavailable(str(error), GO_ON) from None
        try:
            if self.stopping.is_set():
                raise _GaveUpError(STOPPED, STOPPED_FIRST, True, number - 1)
            answer = await self._paid(asked, line, url)
            if isinstance(answer, Answer):
                return await self._read(asked, answer)
            raise await self._decided(asked, answer.error, number, line)  # before the slot is free: the next call looks
        finally:
            line.pool.leave(url, tokens)

    async def _paid(self, asked: Asked, line: Line, url: str) -> Answer | Refused:
        """One attempt over the network, between its claim and its result in the ledger; tells the pool how it went."""
        reserved, spent = await self.budget.reserve(asked), None
        try:
            if self.stopping.is_set():  # while it waited for money
                raise _GaveUpError(STOPPED, STOPPED_FIRST, True, 0)
            attempt = await self.ledger.claim(asked.key, asked.target.label, asked.identity, asked.max_tokens)
            spent = reserved  # until it is known what it took
            begun = time.monotonic()
            answer = await line.sender.send(asked, url)
            took_s, seen = time.monotonic() - begun, windows(answer.headers, self.clock())
            headers = kept(answer.headers)
            if isinstance(answer, Answer):
                await self.ledger.store(attempt, answer.status, headers, answer.raw)
                line.pool.succeeded(url, took_s, seen)
                line.retries.succeeded()
                spent = paid(asked, answer.raw)
                return answer
            spent = reserved if answer.ambiguous else None
            error = answer.error
            await self.ledger.fail(attempt, error.code, answer.status, headers, answer.raw, answer.ambiguous)
            if error.code == "connect":
                line.pool.dead(url)
            elif error.throttled:
                line.pool.throttled(url, error.retry_after_s or 0.0, seen)
            else:
                line.pool.failed(url, seen)
            return answer
        finally:
            self.budget.settle(asked, reserved, spent)

    async def _read(self, asked: Asked, answer: Answer) -> Reply:
        try:
            reply = read(answer.raw, asked)
        except Malformed as error:
            self._stop_if(self._circuit.failed("malformed_paid"), str(error))
            raise _GaveUpError("malformed_paid", str(error), False, 1) from None
        self._circuit.succeeded()
        self.served(asked.target, reply)
        return reply

    def served(self, target: Target, reply: Reply) -> None:
        """Stop the run once replies name another model than was asked for: a swap behind the same name."""
        if not swapped(target, reply):
            return
        self._mismatches += 1
        first = self._circuit.answered <= 1 and not self.patience.retry_failed
        if first or self._mismatches >= MISMATCHES:
            self.stopping.set()
            raise ProviderRefused(
                f"{target.label}: the replies come from {reply.served_model!r}, not {target.model!r}",
                'Name that model, or set [teacher] on_model_mismatch = "warn" if you know that they are the same.',
            )

    async def _decided(self, asked: Asked, error: WireError, number: int, line: Line) -> Exception:
        decision = decide(error, number, self.patience.attempts, self._rng, line.retries)
        if isinstance(decision, Again):
            return AgainError(decision.after_s)
        if isinstance(decision, GiveUpRow):
            if not decision.retryable:
                await self.ledger.give_up(asked.key, error.code, error.message)
                self._stop_if(self._circuit.failed(error.code), error.message)
            return _GaveUpError(error.code, error.message, decision.retryable, number)
        self.stopping.set()
        return stopped(error, decision.refused, self.clock())

    def _stop_if(self, reason: str, message: str) -> None:
        if reason:
            self.stopping.set()
            kind = ProviderUnavailable if self._circuit.answered else ProviderRefused
            raise kind(f"{reason}: {message}", "Correct the request, then run the same command: what was paid is kept.")


GO_ON = "Run the same command later: it goes on where it stopped."


def _wait_s(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.after_s if isinstance(error, AgainError) else 0.0
