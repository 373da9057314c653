import gzip
import zlib
from collections.abc import AsyncIterator

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.teachers.body import MOST_BYTES, ODD, Bounded, TooBigError, bound


class Chunks(httpx2.AsyncByteStream):
    """A body that comes in pieces of one size, each counted."""

    def __init__(self, body: bytes, size: int) -> None:
        self.body = body
        self.size = size
        self.given = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.body), self.size):
            self.given += 1
            yield self.body[start : start + self.size]


async def read(body: bytes, gzipped: bool, size: int = 16_384) -> bytes:
    """The whole of a bounded body."""
    return b"".join([chunk async for chunk in Bounded(Chunks(body, size), gzipped)])


@given(st.binary(max_size=300), st.integers(1, 50), st.booleans())
async def test_a_body_is_read_whole_in_whatever_pieces_it_comes(body: bytes, size: int, gzipped: bool) -> None:
    assert await read(gzip.compress(body) if gzipped else body, gzipped, size) == body


@pytest.mark.parametrize("body", [b'{"a": 1}', b"{", b"", b"\x1f"])
@pytest.mark.parametrize("size", [1, 100])
async def test_what_is_called_gzip_and_is_none_is_left_as_it_is(body: bytes, size: int) -> None:
    assert await read(body, True, size) == body


@pytest.mark.parametrize("cut", [1, 8, 30])
async def test_gzip_without_an_end_is_damaged(cut: int) -> None:
    with pytest.raises(zlib.error):
        await read(gzip.compress(bytes(range(256)))[:-cut], True)


async def test_damaged_gzip_is_no_body() -> None:
    with pytest.raises(zlib.error):
        await read(b"\x1f\x8b" + b"\0" * 50, True)


@pytest.mark.parametrize("gzipped", [False, True])
async def test_a_body_has_a_limit(gzipped: bool) -> None:
    for length in (MOST_BYTES, MOST_BYTES + 1):
        body = gzip.compress(b"a" * length, 1) if gzipped else b"a" * length
        if length == MOST_BYTES:
            assert len(await read(body, gzipped)) == length
            continue
        with pytest.raises(TooBigError, match="larger than 16 MiB"):
            await read(body, gzipped)


async def test_no_more_is_read_once_the_limit_is_reached() -> None:
    chunks = Chunks(gzip.compress(b"a" * 8 * MOST_BYTES, 1), 1024)
    with pytest.raises(TooBigError):
        async for _ in Bounded(chunks, True):
            pass
    assert chunks.given < len(chunks.body) // 1024 / 4


@pytest.mark.parametrize(
    ("encoding", "odd"), [("", False), ("identity", False), (" GZIP ", False), ("br", True), ("gzip, gzip", True)]
)
async def test_an_encoding_that_nobody_asked_for_is_marked_and_not_unpacked(encoding: str, odd: bool) -> None:
    inner = gzip.compress(b"x")
    body = gzip.compress(inner)
    response = httpx2.Response(200, headers={"content-encoding": encoding}, stream=Chunks(body, 7))
    await bound(response)
    assert response.extensions[ODD] is odd
    assert await response.aread() == (inner if encoding == " GZIP " else body)
