"""Response bodies with a limit, also for what they unpack to: a server cannot fill the memory."""

import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2

MOST_BYTES = 16 * 1024 * 1024  # of a body, before and after decompression
GZIP = b"\x1f\x8b"  # how it begins (RFC 1952)
ODD = "bbkd.odd_encoding"  # among a response's extensions: whether its body is encoded as nobody asked for


class TooBigError(Exception):
    """A body that exceeds its limit, before or after decompression; of a response with that HTTP status."""

    def __init__(self, most: int, status: int) -> None:
        super().__init__(f"the body is larger than {most // 2**20} MiB")
        self.status = status


class Bounded(httpx2.AsyncByteStream):
    """A response body of at most `most` bytes, decompressed where it is gzip; raises `TooBigError` beyond that.

    What is called gzip and is none is left as it is; raises `zlib.error` for gzip that is damaged or has no end.
    """

    def __init__(self, stream: Any, gzipped: bool, status: int = 200) -> None:
        self.most = MOST_BYTES
        self._stream = stream
        self._gzipped = gzipped
        self._status = status

    async def __aiter__(self) -> AsyncIterator[bytes]:
        room, start, inflate = self.most, b"", None
        async for chunk in self._stream:
            given = chunk
            if self._gzipped and len(start) < len(GZIP):
                given = start = start + chunk
                if len(start) < len(GZIP):
                    continue
                inflate = zlib.decompressobj(zlib.MAX_WBITS | 16) if start.startswith(GZIP) else None
            plain = given if inflate is None else inflate.decompress(given, room + 1)
            room -= len(plain)
            if room < 0:
                raise TooBigError(self.most, self._status)
            yield plain
        if 0 < len(start) < len(GZIP):
            yield start
        if inflate is not None and not inflate.eof:
            raise zlib.error("the gzip body has no end")

    async def aclose(self) -> None:
        """Close the response."""
        await self._stream.aclose()


async def bound(response: httpx2.Response) -> None:
    """Bound the body of a response; an encoding that was not asked for is left as it is, for nothing to unpack."""
    encoding = response.headers.pop("content-encoding", "").strip().lower()
    response.extensions[ODD] = encoding not in ("", "gzip", "identity")
    response.stream = Bounded(response.stream, encoding == "gzip", response.status_code)
