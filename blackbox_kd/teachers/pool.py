"""Several equal servers of one's own behind one name: each call goes to the least busy one that answers."""

import asyncio
import math
import time
from collections.abc import Callable, Iterable

from blackbox_kd.errors import BbkdError, InputError, UsageError
from blackbox_kd.teachers.address import check_address
from blackbox_kd.teachers.hints import Window
from blackbox_kd.teachers.limiter import Limiter

READ_S = 5.0  # how often the file of endpoints is read again, at most
ASIDE_S = (30.0, 600.0)  # how long one that cannot be reached is set aside, at first and at most


class NoEndpoint(Exception):
    """None of the endpoints can be reached; the message says when the next one is tried again."""


class _Endpoint:
    """One server: its limiter, and until when it is set aside."""

    def __init__(self, url: str, limiter: Limiter) -> None:
        self.url = url
        self.limiter = limiter
        self.aside_s = -math.inf
        self.deaths = 0


class Pool:
    """Calls in flight at several endpoints, each with its own `Limiter`; the only one of a pool is never set aside.

    `most` holds for each of them, for any of them may be the last one left. `read` gives the addresses anew, and is
    called every `READ_S` seconds; what it raises is shown by `waiting_for`, and the addresses stay as they were.
    """

    def __init__(
        self,
        urls: tuple[str, ...],
        most: int,
        stopping: asyncio.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[], tuple[str, ...]] | None = None,
        queues: bool = True,
    ) -> None:
        self._most = most
        self._stopping = stopping or asyncio.Event()
        self._clock = clock
        self._read = read
        self._queues = queues
        self._read_s = clock()
        self._turn = 0
        self._trouble = ""
        self._here: dict[str, _Endpoint] = {}
        self._leaving: dict[str, _Endpoint] = {}
        self._set(urls)

    @property
    def in_flight(self) -> int:
        """Calls on their way, to all endpoints."""
        return sum(one.limiter.in_flight for one in (*self._here.values(), *self._leaving.values()))

    @property
    def limit(self) -> float:
        """Calls that may be in flight now, at all endpoints that are not set aside."""
        now_s = self._clock()
        return sum(one.limiter.limit for one in self._here.values() if one.aside_s <= now_s)

    @property
    def urls(self) -> tuple[str, ...]:
        """The endpoints that take calls, those set aside included."""
        return tuple(self._here)

    async def enter(self, tokens: int = 0) -> str:
        """Wait for the turn of a call; returns the address it goes to. Raises `NoEndpoint` if all are set aside."""
        while True:
            one = self._chosen()
            if await one.limiter.enter(tokens):
                return one.url

    def leave(self, url: str, tokens: int = 0) -> None:
        """Free the slot of a call; once for each `enter`, with the address that it returned."""
        one = self._of(url)
        one.limiter.leave(tokens)
        if one.url in self._leaving and not one.limiter.in_flight:
            del self._leaving[one.url]
        elif len(self._here) > 1 and not one.limiter.waiting and one.limiter.load < 1:
            crowded = max(self._here.values(), key=lambda other: other.limiter.waiting)
            crowded.limiter.send_away(1)

    def succeeded(self, url: str, latency_s: float, windows: tuple[Window, ...] = ()) -> None:
        """As for `Limiter`; the endpoint is well."""
        one = self._of(url)
        one.deaths, one.aside_s = 0, -math.inf
        one.limiter.succeeded(latency_s, windows)

    def throttled(self, url: str, wait_s: float, windows: tuple[Window, ...] = ()) -> None:
        """As for `Limiter`; who waits there looks for another endpoint."""
        limiter = self._of(url).limiter
        limiter.throttled(wait_s, windows)
        if len(self._here) > 1:
            limiter.send_away(limiter.waiting)

    def failed(self, url: str, windows: tuple[Window, ...] = ()) -> None:
        """As for `Limiter`."""
        self._of(url).limiter.failed(windows)

    def dead(self, url: str) -> None:
        """It cannot be reached: set it aside, twice as long each time, and send those who wait there to another one."""
        one, now_s = self._of(url), self._clock()
        one.limiter.failed()
        if len(self._here) > 1 and one.aside_s <= now_s:
            one.aside_s = now_s + min(ASIDE_S[1], ASIDE_S[0] * 2**one.deaths)
            one.deaths = min(one.deaths + 1, 10)
            one.limiter.alone()
            one.limiter.send_away(one.limiter.waiting)

    def refresh(self, now_s: float) -> None:
        """Read the addresses again, if it is time: new ones join, and those that are gone get no new calls."""
        if self._read is None or now_s - self._read_s < READ_S:
            return
        self._read_s = now_s
        try:
            urls = self._read()
        except BbkdError as error:
            self._trouble = error.message
        else:
            self._trouble = ""
            self._set(urls)

    def waiting_for(self) -> str:
        """What calls wait for, for people; empty if nothing keeps them but the replies under way."""
        whys = [(one.url, why) for one in self._here.values() if (why := one.limiter.waiting_for())]
        if not whys:
            return self._trouble
        return whys[0][1] if len(self._here) == 1 else f"{whys[0][1]} ({whys[0][0]})"

    def _chosen(self) -> _Endpoint:
        now_s = self._clock()
        self.refresh(now_s)
        ready = list(self._here.values())
        if len(ready) == 1:
            return ready[0]
        ready = [one for one in ready if one.aside_s <= now_s]
        if not ready:
            wait_s = min(one.aside_s for one in self._here.values()) - now_s
            raise NoEndpoint(
                f"none of {len(self._here)} endpoints can be reached; the next try would be in {math.ceil(wait_s)} s"
            )
        self._turn = (self._turn + 1) % len(ready)
        return min(ready[self._turn :] + ready[: self._turn], key=lambda one: one.limiter.load)

    def _of(self, url: str) -> _Endpoint:
        return self._here.get(url) or self._leaving[url]

    def _set(self, urls: Iterable[str]) -> None:
        known = self._leaving | self._here
        self._here = {url: known.pop(url) if url in known else self._new(url) for url in urls}
        self._leaving = {url: one for url, one in known.items() if one.limiter.in_flight}
        for one in known.values():
            one.limiter.send_away(one.limiter.waiting)

    def _new(self, url: str) -> _Endpoint:
        return _Endpoint(url, Limiter(self._most, self._stopping, self._clock, self._queues))


def parse_endpoints(text: str, where: str, allow_http: bool = False) -> tuple[str, ...]:
    """Base URLs, one a line; what follows a # is a comment. Raises `InputError`, which names file and line."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        url = line.partition("#")[0].strip().rstrip("/")
        if not url:
            continue
        try:
            check_address(url, allow_http, setting=f"{where}:{number}")
        except UsageError as error:
            raise InputError(error.message, error.fix) from None
        if url in found:
            raise InputError(f"{where}:{number}: the same address as in line {found[url]}", "Name each server once.")
        found[url] = number
    if not found:
        raise InputError(f"{where} names no address", "One base URL a line, such as http://127.0.0.1:8000/v1")
    return tuple(found)
