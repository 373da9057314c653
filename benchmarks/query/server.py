"""A teacher for benchmarks: answers chat completions on the loopback address, and counts what it bills.

    python benchmarks/query/server.py --latency-s 0.05 --rate 50 --burst 50 --headers

Prints the address as its first line. `GET /books` tells what was billed, by prompt; `GET /counts` the sums alone.
A client that dies before it reads its answer is billed all the same. Asyncio alone, so that little of the machine's CPU
is the server's.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WORDS = ["the", "a", "of", "to", "in", "and", "is", "that", "for", "it", "as", "was", "with", "be", "by", "on", "not"]
TEXTS = 64  # different answers, made once
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 411: "Length Required", 429: "Too Many Requests"}


@dataclass
class Limit:
    """A token bucket of `burst` requests that refills by `rate` a second; both in requests."""

    rate: float
    burst: float
    retry_after_s: float
    headers: bool
    left: float
    at_s: float | None = None  # None: nobody has asked yet, and nothing was refilled

    def admits(self) -> bool:
        """Take one request out of the bucket, if there is one."""
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - (self.at_s or now)) * self.rate)
        self.at_s = now
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def told(self) -> str:
        """The bucket as OpenAI's headers tell it: what a full one holds, what is left, when it is full again."""
        if not self.headers:
            return ""
        full_s = (self.burst - self.left) / self.rate
        return (
            f"x-ratelimit-limit-requests: {self.burst:.0f}\r\n"
            f"x-ratelimit-remaining-requests: {int(self.left)}\r\n"
            f"x-ratelimit-reset-requests: {1000 * full_s:.0f}ms\r\n"
        )


class Teacher:
    """The state of the server: its answers, its limit and its books."""

    def __init__(self, latency_s: float, words: int, limit: Limit | None) -> None:
        self.latency_s = latency_s
        self.limit = limit
        rng = random.Random(0)
        self.texts = [" ".join(rng.choices(WORDS, k=max(1, words))) for _ in range(TEXTS)]
        self.words = words
        self.ids: Iterator[int] = itertools.count(1)
        self.billed: Counter[str] = Counter()
        self.sums: Counter[str] = Counter()
        self.in_flight = 0
        self.first_s: float | None = None
        self.last_s: float | None = None

    def counts(self) -> dict[str, Any]:
        """Requests, 429s, billed calls, calls unanswered now; seconds from the first request to the last one billed."""
        span = None if self.first_s is None or self.last_s is None else self.last_s - self.first_s
        names = ("requests", "throttled", "probes", "most_in_flight")
        sums = {name: self.sums[name] for name in names}
        billed = {"billed": self.billed.total(), "distinct": len(self.billed)}
        return sums | billed | {"in_flight": self.in_flight, "span_s": span}

    def chat(self, body: bytes) -> tuple[int, str, bytes]:
        """Status, extra headers and body of one chat completion; an empty conversation is a probe, not a row."""
        now = time.monotonic()
        self.first_s = self.first_s or now
        self.sums["requests"] += 1
        if self.limit is not None and not self.limit.admits():
            self.sums["throttled"] += 1
            told = f"retry-after: {self.limit.retry_after_s:g}\r\n{self.limit.told()}"
            return 429, told, failure("Rate limit reached", "rate_limit_exceeded")
        try:
            asked = json.loads(body)
            messages = asked.get("messages") or []
            prompt = text_of(messages[-1]) if messages else ""
        except (ValueError, AttributeError, TypeError, LookupError):
            return 400, "", failure("cannot be read", "invalid_request")
        if prompt:
            self.billed[prompt] += 1
            self.last_s = now
        else:
            self.sums["probes"] += 1
        return 200, self.limit.told() if self.limit else "", self.answer(asked.get("model"), len(body))

    def answer(self, model: object, size: int) -> bytes:
        """A completion's body."""
        number = next(self.ids)
        prompt_tokens, completion_tokens = size // 4 + 1, self.words + 3
        return (
            f'{{"id":"chatcmpl-{number}","object":"chat.completion","created":{int(time.time())},'
            f'"model":{json.dumps(model)},"choices":[{{"index":0,"message":{{"role":"assistant","content":'
            f'"{self.texts[number % TEXTS]} No. {number}"}},"finish_reason":"stop"}}],"usage":{{'
            f'"prompt_tokens":{prompt_tokens},"completion_tokens":{completion_tokens},'
            f'"total_tokens":{prompt_tokens + completion_tokens}}}}}'
        ).encode()


def text_of(message: dict[str, Any]) -> str:
    """The text of a turn, whether a string or parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return str(content or "")


def failure(message: str, code: str) -> bytes:
    """An error's body, as OpenAI writes it."""
    return json.dumps({"error": {"message": message, "type": "error", "param": None, "code": code}}).encode()


class Connection(asyncio.Protocol):
    """One client's connection: requests with a Content-Length, answered after the teacher's latency."""

    def __init__(self, teacher: Teacher) -> None:
        self.teacher = teacher
        self.buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            line, _, rest = bytes(self.buffer[:end]).partition(b"\r\n")
            fields = dict(header.split(b":", 1) for header in rest.lower().split(b"\r\n") if b":" in header)
            if b"transfer-encoding" in fields:
                self.write(411, "", failure("send a Content-Length", "length_required"))
                self.transport.close()
                return
            size = int(fields.get(b"content-length", b"0"))
            if len(self.buffer) < end + 4 + size:
                return
            body = bytes(self.buffer[end + 4 : end + 4 + size])
            del self.buffer[: end + 4 + size]
            method, path, *_ = [*line.decode("latin-1").split(), "", ""]
            self.serve(method, path, body)

    def serve(self, method: str, path: str, body: bytes) -> None:
        """Answer one request: chat completions late, all else at once."""
        path = path.partition("?")[0]
        if method == "POST" and path.endswith("/chat/completions"):
            status, told, answer = self.teacher.chat(body)
            if status != 200 or not self.teacher.latency_s:
                self.write(status, told, answer)
                return
            self.teacher.in_flight += 1
            most = max(self.teacher.sums["most_in_flight"], self.teacher.in_flight)
            self.teacher.sums["most_in_flight"] = most
            asyncio.get_running_loop().call_later(self.teacher.latency_s, self.late, told, answer)
        elif method == "GET" and path == "/counts":
            self.write(200, "", json.dumps(self.teacher.counts()).encode())
        elif method == "GET" and path == "/books":
            self.write(200, "", json.dumps(self.teacher.billed).encode())
        elif method == "GET" and path.endswith("/models"):
            self.write(200, "", b'{"object":"list","data":[{"id":"mock","object":"model","owned_by":"bench"}]}')
        else:
            self.write(404, "", failure(f"no {method} {path}", "not_found"))

    def late(self, told: str, answer: bytes) -> None:
        """Send an answer whose latency is over, unless the client is gone."""
        self.teacher.in_flight -= 1
        self.write(200, told, answer)

    def write(self, status: int, told: str, body: bytes) -> None:
        """Send one response."""
        if self.transport.is_closing():
            return
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n{told}"
        self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)


async def serve(teacher: Teacher, port: int) -> None:
    """Listen until SIGTERM; prints the address first."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(lambda: Connection(teacher), "127.0.0.1", port, backlog=1024)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await stop.wait()
    server.close()


def main() -> None:
    """Serve as the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-s", type=float, default=0.05)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--rate", type=float, help="requests a second; none: no limit")
    parser.add_argument("--burst", type=float, default=50, help="requests that a full bucket holds")
    parser.add_argument("--start", type=float, help="requests that the bucket holds at first; none: full")
    parser.add_argument("--retry-after-s", type=float, default=1)
    parser.add_argument("--headers", action="store_true", help="send x-ratelimit-* headers")
    chosen = parser.parse_args()
    limit = None
    if chosen.rate:
        start = chosen.burst if chosen.start is None else chosen.start
        limit = Limit(chosen.rate, chosen.burst, chosen.retry_after_s, chosen.headers, start)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Teacher(chosen.latency_s, chosen.words, limit), chosen.port))


if __name__ == "__main__":
    main()
