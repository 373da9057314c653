"""Asks teachers over the network: the vendors' SDKs on aiohttp, one retry owner, the ledger before and after each call.

`bbkd` sends an honest User-Agent, one key to one origin, and follows no redirect.
"""

import asyncio
import contextlib
import os
import random
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import aiohttp
import httpx2
import tenacity

from blackbox_kd import __version__
from blackbox_kd.errors import BbkdError, ProviderRefused, ProviderUnavailable
from blackbox_kd.records import Completion, Failure, Prompt
from blackbox_kd.teachers.budget import Budget, paid_usd
from blackbox_kd.teachers.ledger import Ledger
from blackbox_kd.teachers.limiter import Limiter
from blackbox_kd.teachers.request import WIRES, Asked, build, completion, read, usable
from blackbox_kd.teachers.retry import Again, GiveUpRow, StopRun, decide
from blackbox_kd.teachers.target import Patience, Target, choose
from blackbox_kd.teachers.wire import Malformed, Reply, WireError, disguised

KEPT_HEADERS = ("x-request-id", "request-id", "openai-processing-ms", "retry-after", "content-type", "date")
UNPROXIED = ("all://127.0.0.1", "all://localhost", "all://[::1]")  # a proxy cannot reach this machine's own servers
NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
MOST_BYTES = 16 * 1024 * 1024  # of a body that are kept; a reply that was cut there reads as malformed
ROW_STOP = 5  # so many rows refused in a row, none answered before: the request itself is wrong


class RowFailedError(Exception):
    """A row brought no reply; holds the failure to record."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class AgainError(Exception):
    """Try once more after `after_s` seconds."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"again in {after_s:.1f} s")
        self.after_s = after_s


class Answer(NamedTuple):
    """A 2xx response, unread."""

    status: int
    headers: dict[str, str]
    raw: bytes


class Refused(NamedTuple):
    """Anything else; `ambiguous` if the provider may have done the work."""

    error: WireError
    status: int | None
    headers: dict[str, str]
    raw: bytes
    ambiguous: bool


class Sender:
    """Sends bodies to one target through the vendor's SDK: its authentication and versions, none of its retries."""

    def __init__(self, target: Target, key: str, patience: Patience) -> None:
        self._wire = WIRES[target.wire]
        self._timeout_s = patience.timeout_s
        self._sdk, self._client = connect(target, key, patience)

    async def send(self, body: bytes) -> Answer | Refused:
        """One attempt, whole within the time limit; never raises for what a provider or network does."""
        options = {"headers": {"Content-Type": "application/json", "User-Agent": f"bbkd/{__version__}"}}
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.post(
                    self._wire.path, cast_to=httpx2.Response, content=body, options=options
                )
                return self._read(response.status_code, response.headers, response.content[:MOST_BYTES])
        except TimeoutError:
            error = WireError(scope="attempt", code="timeout", message=f"no whole reply within {self._timeout_s:.0f} s")
            return Refused(error, None, {}, b"", ambiguous=True)
        except self._sdk.APIStatusError as error:
            answer = error.response
            found = self._wire.error(answer.status_code, answer.headers, answer.content)
            raw = answer.content[:MOST_BYTES]
            return Refused(found, answer.status_code, kept(answer.headers), raw, ambiguous=False)
        except (self._sdk.APIConnectionError, aiohttp.ClientError, OSError) as error:  # the SDK lets some through
            return unconnected(error)

    def _read(self, status: int, headers: Mapping[str, str], raw: bytes) -> Answer | Refused:
        if (meant := disguised(raw)) is None:
            return Answer(status, kept(headers), raw)
        return Refused(self._wire.error(meant, headers, raw), status, kept(headers), raw, ambiguous=True)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def connect(target: Target, key: str, patience: Patience) -> tuple[Any, Any]:
    """(SDK module, client). Imported here, because each SDK costs more than a second of CPU."""
    limits = httpx2.Limits(max_connections=patience.concurrency, max_keepalive_connections=patience.concurrency)
    timeout = httpx2.Timeout(patience.timeout_s, connect=10.0)
    network: dict[str, Any] = {
        "follow_redirects": False,
        "limits": limits,
        "timeout": timeout,
        "mounts": dict.fromkeys(UNPROXIED),
    }
    with sdk_variables_hidden():
        if target.wire == "openai":
            import openai

            http = openai.DefaultAioHttpClient(**network)
            return openai, openai.AsyncOpenAI(api_key=key, base_url=target.base_url, max_retries=0, http_client=http)
        import anthropic

        aio = anthropic.DefaultAioHttpClient(**network)
        return anthropic, anthropic.AsyncAnthropic(
            api_key=key, base_url=target.base_url, max_retries=0, http_client=aio, open_telemetry=False
        )


@contextlib.contextmanager
def sdk_variables_hidden() -> Iterator[None]:
    """Hide the SDKs' own variables from them: bbkd.toml alone says where requests go and which headers they carry."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("OPENAI_", "ANTHROPIC_"))}
    try:
        yield
    finally:
        os.environ.update(hidden)


def unconnected(error: BaseException) -> Refused:
    """A connection that failed: before anything was sent it costs nothing, after that it may have been paid for."""
    root = error  # the SDKs' own transport calls a lost connection a failed one; only aiohttp's error tells
    while root.__cause__ is not None and not isinstance(root, aiohttp.ClientError):
        root = root.__cause__
    text = f"{type(root).__name__}: {root}"
    if isinstance(root, aiohttp.ClientConnectorCertificateError):
        fix = "The server's certificate is not trusted; SSL_CERT_FILE may name your own authority."
        return Refused(WireError(scope="run", code="certificate", message=text, fix=fix), None, {}, b"", False)
    never_sent = isinstance(root, NEVER_SENT)
    code = "connect" if never_sent else "connection_lost"
    return Refused(WireError(scope="attempt", code=code, message=text), None, {}, b"", ambiguous=not never_sent)


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers worth keeping."""
    return {name: headers[name] for name in KEPT_HEADERS if name in headers}


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
        self.limiters = {target.identity: Limiter(patience.concurrency, self.stopping) for target in targets}
        self._senders = {target.label: Sender(target, keys[target.label], patience) for target in targets}
        self._flying: dict[str, asyncio.Future[Reply]] = {}
        self._answered = 0
        self._refused_rows = 0
        self._rng = random.Random()  # jitter only

    async def __aenter__(self) -> "TeacherClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        for sender in self._senders.values():
            await sender.close()

    async def ask(self, prompt: Prompt, sample: int) -> Completion:
        """Answer from the ledger or the network; equal requests in flight share one call.

        Raises `RowFailedError` for the row, `ProviderRefused`, `ProviderUnavailable`, `BudgetReached` or `StorageFull`
        for the run.
        """
        target = choose(self.targets, prompt.id)
        asked = build(prompt.messages, sample, target)
        try:
            reply = usable(self.ledger.lookup(asked.key), asked) or await self._shared(asked)
            self._answered += 1
        except Malformed as error:
            raise RowFailedError(failure(prompt, sample, "malformed_paid", str(error), False)) from None
        except _GaveUpError as error:
            failed = failure(prompt, sample, error.code, str(error), error.retryable, error.attempts)
            raise RowFailedError(failed) from None
        return completion(prompt, sample, target, reply)

    async def _shared(self, asked: Asked) -> Reply:
        if asked.key in self._flying:
            return await asyncio.shield(self._flying[asked.key])
        task = asyncio.ensure_future(self._bought(asked))
        self._flying[asked.key] = task
        try:
            return await task
        finally:
            del self._flying[asked.key]

    async def _bought(self, asked: Asked) -> Reply:
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(AgainError), wait=_wait_s, sleep=self._pause, reraise=True
        )
        async for attempt in retrying:
            with attempt:
                return await self._attempt(asked, attempt.retry_state.attempt_number)
        raise AssertionError("tenacity ends only by returning or raising")

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    def status(self, failures: int) -> str:
        """A few words on the state: calls in flight and their limit, money, failures."""
        flying = sum(limiter.in_flight for limiter in self.limiters.values())
        limit = sum(int(limiter.limit) for limiter in self.limiters.values())
        return f"{flying}/{limit} in flight, {self.budget.spent_usd:.4f} USD, {failures} failed"

    async def _attempt(self, asked: Asked, number: int) -> Reply:
        limiter = self.limiters[asked.target.identity]
        async with limiter.slot():
            if self.stopping.is_set():
                raise _GaveUpError("stopped", "the run was stopped before this row was asked", True, number - 1)
            reserved, spent = await self.budget.reserve(asked), 0.0
            try:
                attempt = await self.ledger.claim(asked.key, asked.target.label, asked.identity, asked.max_tokens)
                answer = await self._senders[asked.target.label].send(asked.body)
                if isinstance(answer, Answer):
                    await self.ledger.store(attempt, answer.status, answer.headers, answer.raw)
                    limiter.succeeded()
                    spent = paid_usd(asked, answer.raw)
                    return read(answer.raw, asked)
                spent = reserved if answer.ambiguous else 0.0
                await self.ledger.fail(
                    attempt, answer.error.code, answer.status, answer.headers, answer.raw, answer.ambiguous
                )
            finally:
                self.budget.settle(asked, reserved, spent)
            raise self._decided(answer.error, number, limiter)  # before the slot is free: the next call looks first

    def _decided(self, error: WireError, number: int, limiter: Limiter) -> Exception:
        if error.throttled:
            limiter.throttled(error.retry_after_s or 0.0)
        decision = decide(error, number, self.patience.attempts, self._rng)
        if isinstance(decision, Again):
            return AgainError(decision.after_s)
        if isinstance(decision, GiveUpRow):
            self._refused_rows += not decision.retryable
            if self._answered or self._refused_rows < ROW_STOP:
                return _GaveUpError(error.code, error.message, decision.retryable, number)
        self.stopping.set()
        return unavailable(error) if decision == StopRun(refused=False) else refused(error)


class _GaveUpError(Exception):
    def __init__(self, code: str, message: str, retryable: bool, attempts: int) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.attempts = attempts


def _wait_s(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.after_s if isinstance(error, AgainError) else 0.0


def failure(prompt: Prompt, sample: int, code: str, message: str, retryable: bool, attempts: int = 1) -> Failure:
    """The record of a row that brought no reply after so many attempts in this run."""
    return Failure(
        prompt_id=prompt.id, sample=sample, code=code, message=message, retryable=retryable, attempts=attempts
    )


def refused(error: WireError) -> BbkdError:
    """The error that stops the run because asking again cannot help."""
    fix = error.fix or "Correct the request in [teacher], then run the same command: what was paid is kept."
    return ProviderRefused(f"the teacher refused the run: {error.message} ({error.code})", fix)


def unavailable(error: WireError) -> BbkdError:
    """The error that stops the run because the provider is away."""
    wait = f" It asks to wait {error.retry_after_s:.0f} s." if error.retry_after_s else ""
    message = f"the teacher cannot be reached: {error.message} ({error.code}).{wait}"
    return ProviderUnavailable(message, "Run the same command later: what was paid is kept.")
