"""What one teacher is asked through: its connections, the pace at each of its addresses, its retry budget."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from blackbox_kd.errors import InputError
from blackbox_kd.teachers.pool import Pool, parse_endpoints
from blackbox_kd.teachers.retry import RetryBudget
from blackbox_kd.teachers.sender import Sender
from blackbox_kd.teachers.target import Patience, Target


class Line(NamedTuple):
    """The way to one teacher."""

    sender: Sender
    pool: Pool
    retries: RetryBudget


def line_to(target: Target, key: str, patience: Patience, stopping: asyncio.Event, clock: Callable[[], float]) -> Line:
    """Open the way to a teacher; raises `InputError` where its file of endpoints cannot be used."""
    pool = pool_of(target, patience.concurrency, stopping)
    return Line(Sender(target, key, patience, clock), pool, RetryBudget(patience.concurrency))


def pool_of(target: Target, most: int, stopping: asyncio.Event) -> Pool:
    """The addresses of a teacher, each with its own pace. Raises `InputError` where their file cannot be used."""
    if target.endpoints is None:
        return Pool((target.base_url or "",), most, stopping, queues=not target.official)
    path = target.endpoints

    def read() -> tuple[str, ...]:
        try:
            return parse_endpoints(path.read_text(encoding="utf-8-sig"), str(path), target.allow_http)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: {error}", "[teacher] endpoints names a file of addresses, one a line.") from None

    return Pool(read(), most, stopping, read=read)
