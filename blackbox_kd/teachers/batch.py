"""Sends batches and fetches their results through the vendors' SDKs; with `sender` the only network code here.

Nothing is retried but a download: whether a call may be made again is for the caller to say.
"""

import asyncio
import contextlib
import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

import aiohttp
import httpx2
import msgspec

from blackbox_kd.teachers.address import proxy_secrets
from blackbox_kd.teachers.batches import MARK, PREFIX, Remote, read_batch
from blackbox_kd.teachers.body import Bounded, TooBigError
from blackbox_kd.teachers.capabilities import api_version
from blackbox_kd.teachers.redact import Redactor
from blackbox_kd.teachers.request import WIRES
from blackbox_kd.teachers.sender import USER_AGENT, connect, plain, unconnected, without_keys
from blackbox_kd.teachers.spool import Spool
from blackbox_kd.teachers.target import Api, Patience, Target
from blackbox_kd.teachers.wire import Malformed, WireError, decode, table

SLOWEST_BYTES_PER_S = 100_000  # an upload that is slower than this is late
DOWNLOADS = 4  # how often a result file is begun or continued
PAGE = 100
PAGES = 1000
MOST_RESULT_BYTES = 16 * 2**30


class CallError(Exception):
    """A call that failed: how its error reads, its HTTP status (None: no response), whether it may have worked."""

    def __init__(self, error: WireError, status: int | None, ambiguous: bool) -> None:
        super().__init__(error.message)
        self.error = error
        self.status = status
        self.ambiguous = ambiguous


class BatchApi:
    """One teacher's batch API. Every method raises `CallError`."""

    def __init__(self, target: Target, key: str, patience: Patience) -> None:
        self.target = target
        self.wire: Api = target.wire
        self._wire = WIRES[target.wire]
        self._timeout_s = patience.timeout_s
        self._redactor = Redactor([key, *proxy_secrets()])
        self._sdk, self._client = connect(target, key, patience)
        self._batches = "/v1/messages/batches" if self.wire == "anthropic" else "/batches"

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def scrub(self, raw: bytes) -> bytes:
        """Bytes of the provider's without the key."""
        return self._redactor.scrub(raw)

    async def upload(self, spool: Spool, name: str) -> None:
        """Upload the request file, where that is a step of its own; to do so again costs nothing."""
        if self.wire == "anthropic" or spool.uploaded:
            return
        spool.file.seek(0)
        body = await self._call(
            "post",
            "/files",
            _seconds(self._timeout_s, spool.size),
            content_type="multipart/form-data",
            files={"file": (f"bbkd-{name[:PREFIX]}.jsonl", spool.file, "application/jsonl")},
            body={"purpose": "batch"},
        )
        spool.uploaded = str(body.get("id") or "")

    async def create(self, spool: Spool, name: str) -> Remote:
        """Create the batch; after an ambiguous failure it may exist."""
        if self.wire == "anthropic":
            headers = {"Content-Length": str(spool.size)}
            wait_s = _seconds(self._timeout_s, spool.size)
            return self._read(await self._call("post", self._batches, wait_s, headers, content=_sent(spool)))
        asked = {
            "input_file_id": spool.uploaded,
            "endpoint": f"/v1{self._wire.path}",
            "completion_window": "24h",
            "metadata": {MARK: name},
        }
        content = msgspec.json.encode(asked)
        return self._read(await self._call("post", self._batches, self._timeout_s, content=content))

    async def poll(self, remote_id: str) -> Remote:
        """How a batch is doing."""
        return self._read(await self._call("get", f"{self._batches}/{quote(remote_id, safe='')}", self._timeout_s))

    async def list(self, since_s: float) -> list[Remote]:
        """Every batch created since then (Unix time), newest first."""
        found: list[Remote] = []
        cursor = "after_id" if self.wire == "anthropic" else "after"
        params: dict[str, str] = {"limit": str(PAGE)}
        for _ in range(PAGES):
            body = await self._call("get", self._batches, self._timeout_s, params=params)
            data = body.get("data")
            if not isinstance(data, list):
                raise self._failed(_strange("a list of batches without `data`"), 200, False)
            page = [read_batch(self.wire, table(one)) for one in data]
            found += [one for one in page if not one.created_s or one.created_s >= since_s]
            if not page or not body.get("has_more") or 0 < page[-1].created_s < since_s:
                return found
            params[cursor] = page[-1].id
        raise self._failed(_strange(f"more than {PAGES} pages of batches"), 200, False)

    def result_path(self, remote: Remote, where: str) -> str:
        """Where to get results: a file, or Anthropic's address for them, which may name no other server than ours."""
        if self.wire != "anthropic":
            return f"/files/{quote(where, safe='')}/content"
        ours, theirs = urlsplit(str(self._client.base_url)), urlsplit(where)
        own = (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc)
        return where if own else f"{self._batches}/{quote(remote.id, safe='')}/results"

    async def head(self, remote: Remote) -> bytes:
        """The first result line of a batch that ended; empty if it has none."""
        seen = bytearray()
        for where in remote.results:
            async with contextlib.aclosing(self._stream(self.result_path(remote, where), 0)) as stream:
                async for chunk in stream:
                    seen += chunk
                    if b"\n" in seen:
                        break
        return bytes(seen).split(b"\n", 1)[0]

    async def download(self, path: str, out: BinaryIO, most: int = MOST_RESULT_BYTES) -> None:
        """Write a result file to `out`; a connection that is lost is taken up again where it was, else begun anew."""
        for attempt in range(1, DOWNLOADS + 1):
            have = out.seek(0, 2)
            try:
                async with contextlib.aclosing(self._stream(path, have, out)) as stream:
                    async for chunk in stream:
                        out.write(chunk)
                        if out.tell() > most:
                            error = WireError(scope="row", code="too_big", message=f"results above {most:,} bytes")
                            raise self._failed(error, 200, False)
                return
            except CallError as error:
                if error.error.scope != "attempt" or error.status is not None or attempt == DOWNLOADS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _stream(self, path: str, have: int, out: BinaryIO | None = None) -> AsyncGenerator[bytes, None]:
        headers = {**self._headers(), "Accept-Encoding": "identity", "Accept": "*/*"}
        if have:
            headers["Range"] = f"bytes={have}-"
        try:
            response = await self._client.get(path, cast_to=httpx2.Response, options={"headers": headers}, stream=True)
            try:
                ranged = response.status_code == 206
                if have and out is not None and not (ranged and _starts(response, have)):
                    out.seek(0)
                    out.truncate()
                async for chunk in _unbounded(response):
                    yield chunk
            finally:
                await response.aclose()
        except self._sdk.APIStatusError as error:
            if error.response.status_code == 416 and have:
                return  # there is no more
            raise self._refused(error.response) from None
        except self._failures as error:
            failed = unconnected(error)
            raise self._failed(failed.error, None, False) from None

    @property
    def _failures(self) -> tuple[type[BaseException], ...]:
        return (self._sdk.APIConnectionError, aiohttp.ClientError, httpx2.HTTPError, zlib.error, OSError, TimeoutError)

    def _headers(self) -> dict[str, str]:
        version = api_version(self.target.model) if self.wire == "anthropic" else None
        told = {"anthropic-version": version} if version else {}
        return {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **told}

    def _failed(self, error: WireError, status: int | None, ambiguous: bool) -> CallError:
        return CallError(without_keys(error, self._redactor), status, ambiguous)

    def _refused(self, response: httpx2.Response) -> CallError:
        headers, raw = plain(response.headers), self.scrub(response.content)
        error = self._wire.error(response.status_code, headers, raw, time.time())
        return self._failed(error, response.status_code, response.status_code >= 500)

    async def _call(
        self,
        method: str,
        path: str,
        wait_s: float,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        content_type: str = "application/json",
        **what: Any,
    ) -> dict[str, Any]:
        sent = {**self._headers(), **(headers or {})} | ({"Content-Type": content_type} if method == "post" else {})
        options: dict[str, Any] = {"headers": sent} | ({"params": params} if params else {})
        try:
            async with asyncio.timeout(wait_s):
                call = self._client.post if method == "post" else self._client.get
                response = await call(path, cast_to=httpx2.Response, options=options, **what)
                return decode(self.scrub(response.content))
        except (Malformed, TooBigError) as error:
            raise self._failed(_strange(str(error)), 200, True) from None
        except TimeoutError:
            late = WireError(scope="attempt", code="timeout", message=f"no reply within {wait_s:g} s")
            raise self._failed(late, None, True) from None
        except self._sdk.APIStatusError as error:
            raise self._refused(error.response) from None
        except self._failures as error:
            failed = unconnected(error)
            raise self._failed(failed.error, None, failed.ambiguous) from None

    def _read(self, body: dict[str, Any]) -> Remote:
        remote = read_batch(self.wire, body)
        if not remote.id:
            raise self._failed(_strange("a batch without `id`"), 200, True)
        return remote


async def _sent(spool: Spool) -> AsyncIterator[bytes]:
    for chunk in spool.chunks():
        yield chunk


async def _unbounded(response: httpx2.Response) -> AsyncIterator[bytes]:
    """A body of any length, unpacked."""
    if isinstance(response.stream, Bounded):
        response.stream.most = MOST_RESULT_BYTES
    async for chunk in response.aiter_raw():
        yield chunk


def _starts(response: httpx2.Response, have: int) -> bool:
    return str(response.headers.get("content-range", "")).startswith(f"bytes {have}-")


def _seconds(timeout_s: float, size: int) -> float:
    return timeout_s + size / SLOWEST_BYTES_PER_S


def _strange(what: str) -> WireError:
    return WireError(scope="attempt", code="malformed", message=f"not what a batch API sends: {what}")
