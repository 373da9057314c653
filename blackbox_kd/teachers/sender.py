"""Sends request bodies through the vendors' SDKs: their wire, authentication and versions, none of their retries.

One key to one origin, an honest User-Agent, no redirect; a body is read and decompressed up to a limit.
"""

import asyncio
import contextlib
import logging
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import aiohttp
import httpx2
import msgspec

from blackbox_kd import __version__
from blackbox_kd.teachers.address import proxy_secrets, without_logins
from blackbox_kd.teachers.body import ODD, TooBigError, bound
from blackbox_kd.teachers.capabilities import api_version
from blackbox_kd.teachers.redact import Redactor
from blackbox_kd.teachers.request import WIRES, Asked
from blackbox_kd.teachers.sse import Watch
from blackbox_kd.teachers.status import disguised
from blackbox_kd.teachers.target import Patience, Target
from blackbox_kd.teachers.wire import Malformed, WireError

USER_AGENT = f"bbkd/{__version__}"
UNPROXIED = ("all://127.0.0.1", "all://localhost", "all://[::1]")  # a proxy cannot reach this machine's own servers
NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
CONNECT_S = 10.0
TALKATIVE = ("openai", "anthropic", "httpx2", "httpcore2")  # below a warning they log prompts and what servers repeat
KEPT_HEADERS = ("x-request-id", "request-id", "openai-processing-ms", "retry-after", "content-type", "date")


class Answer(NamedTuple):
    """A 2xx response, unread; of a streamed one, its events as they came."""

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
    """Sends requests to one target, at any of its addresses."""

    def __init__(self, target: Target, key: str, patience: Patience, clock: Callable[[], float]) -> None:
        self._target = target
        self._wire = WIRES[target.wire]
        self._patience = patience
        self._clock = clock  # seconds since 1970
        self._redactor = Redactor([key, *proxy_secrets()])
        self._sdk, self._client = connect(target, key, patience)
        self._headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
        if target.wire == "anthropic" and (version := api_version(target.model)):
            self._headers["anthropic-version"] = version

    async def send(self, asked: Asked, base_url: str) -> Answer | Refused:
        """One attempt within its time limits, without the key; never raises for what a provider or network does."""
        return self._clean(await self._sent(asked, base_url))

    async def _sent(self, asked: Asked, base_url: str) -> Answer | Refused:
        stream = self._target.stream
        url, body = f"{base_url.rstrip('/')}{self._wire.path}", asked.payload(stream)
        late = _Late(self._patience, stream)
        try:
            async with asyncio.timeout(late.limit_s) as limit:
                response = await self._client.post(
                    url, cast_to=httpx2.Response, content=body, options={"headers": self._headers}, stream=stream
                )
                if stream:
                    return await self._streamed(response, limit, late)
                return self._read(response.status_code, response.headers, response.content)
        except TimeoutError:
            return Refused(
                WireError(scope="attempt", code="timeout", message=late.message), None, {}, bytes(late.seen), True
            )
        except TooBigError as big:
            return too_big(big)
        except self._sdk.APIStatusError as refusal:
            return self._refused(refusal.response)
        except (self._sdk.APIConnectionError, aiohttp.ClientError, httpx2.HTTPError, zlib.error, OSError) as lost:
            return unconnected(lost)._replace(raw=bytes(late.seen))

    def _clean(self, outcome: Answer | Refused) -> Answer | Refused:
        """The outcome without the key, wherever a server or a library repeats it."""
        clean = self._redactor
        headers = {name: clean.text(value) for name, value in outcome.headers.items()}
        outcome = outcome._replace(headers=headers, raw=clean.scrub(outcome.raw))
        if isinstance(outcome, Answer):
            return outcome
        return outcome._replace(error=without_keys(outcome.error, clean))

    def _read(self, status: int, raw_headers: httpx2.Headers, content: bytes) -> Answer | Refused:
        headers, raw = plain(raw_headers), self._redactor.scrub(content)
        if (meant := disguised(raw)) is None:
            return Answer(status, headers, raw)
        return Refused(self._wire.error(meant, headers, raw, self._clock()), status, headers, raw, ambiguous=True)

    def _refused(self, response: httpx2.Response) -> Refused:
        headers, raw = plain(response.headers), self._redactor.scrub(response.content)
        status = response.status_code
        error = proxy_refused(407) if status == 407 else self._wire.error(status, headers, raw, self._clock())
        return Refused(error, status, headers, raw, ambiguous=False)

    async def _streamed(self, response: httpx2.Response, limit: asyncio.Timeout, late: "_Late") -> Answer | Refused:
        """Read events until the last one; silence, and a stream that ends without it, is no answer."""
        watch, loop = Watch(self._target.wire), asyncio.get_running_loop()
        try:
            async for chunk in response.aiter_raw():
                late.seen += chunk
                if watch.feed(chunk):
                    late.started()
                    limit.reschedule(loop.time() + late.limit_s)
                if watch.ended or watch.error is not None:
                    break
        finally:
            await response.aclose()
        headers, raw = plain(response.headers), self._redactor.scrub(bytes(late.seen))
        if watch.plain or response.extensions.get(ODD):  # a server that does not stream sent one whole body
            return self._read(response.status_code, response.headers, raw)
        if watch.error is not None:
            told = self._redactor.scrub(watch.error.raw)
            meant = self._wire.error(watch.error.status, headers, told, self._clock())
            return Refused(meant, response.status_code, headers, raw, ambiguous=True)
        if not watch.finished:
            error = WireError(scope="attempt", code="incomplete", message="the stream ended before the answer did")
            return Refused(error, response.status_code, headers, raw, ambiguous=True)
        if self._repeats(raw):
            error = WireError(scope="row", code="key_repeated", message="the reply repeats the key")
            return Refused(error, response.status_code, headers, b"", ambiguous=True)
        return Answer(response.status_code, headers, raw)

    def _repeats(self, raw: bytes) -> bool:
        """Whether the events of a stream, each without the key, give it when their texts are joined."""
        try:
            reply = self._wire.parse(raw)
        except Malformed:
            return False
        said = f"{reply.text}\n{reply.reasoning or ''}"
        return self._redactor.text(said) != said

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


class _Late:
    """What to say when time runs out, and what had come until then."""

    def __init__(self, patience: Patience, stream: bool) -> None:
        self._idle_s = patience.idle_s
        self.limit_s = patience.first_token_s if stream else patience.timeout_s
        what = "no first token" if stream else "no whole reply"
        self.message = f"{what} within {self.limit_s:g} s"
        self.seen = bytearray()

    def started(self) -> None:
        """An event came: from now on only silence is late."""
        self.limit_s = self._idle_s
        self.message = f"the stream was silent for {self._idle_s:g} s"


def connect(target: Target, key: str, patience: Patience) -> tuple[Any, Any]:
    """(SDK module, client). Imported here, because each SDK costs about a second of CPU."""
    limits = httpx2.Limits(max_connections=patience.concurrency, max_keepalive_connections=patience.concurrency)
    read_s = max(patience.first_token_s, patience.idle_s) if target.stream else patience.timeout_s
    network: dict[str, Any] = {
        "follow_redirects": False,
        "limits": limits,
        "timeout": httpx2.Timeout(read_s, connect=min(CONNECT_S, read_s / 2)),
        "mounts": dict.fromkeys(UNPROXIED),
        "event_hooks": {"response": [bound]},
    }
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    with sdk_variables_hidden():
        if target.wire == "anthropic":
            import anthropic

            aio = anthropic.DefaultAioHttpClient(**network)
            return anthropic, anthropic.AsyncAnthropic(
                api_key=key, base_url=target.base_url, max_retries=0, http_client=aio, open_telemetry=False
            )
        import openai

        http = openai.DefaultAioHttpClient(**network)
        return openai, openai.AsyncOpenAI(api_key=key, base_url=target.base_url, max_retries=0, http_client=http)


@contextlib.contextmanager
def sdk_variables_hidden() -> Iterator[None]:
    """Hide the SDKs' own variables from them: bbkd.toml alone says where requests go and which headers they carry."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("OPENAI_", "ANTHROPIC_"))}
    try:
        yield
    finally:
        os.environ.update(hidden)


def without_keys(error: WireError, redactor: Redactor) -> WireError:
    """An error without the key, which a server or a library may repeat in it."""
    code, message = redactor.text(error.code), redactor.text(error.message)
    return msgspec.structs.replace(error, code=code, message=message)


def too_big(error: TooBigError) -> Refused:
    """A body that is not read to its end: to ask again would bring as much."""
    failed = WireError(scope="row", code="too_big", message=str(error))
    return Refused(failed, error.status, {}, b"", ambiguous=error.status < 300)


def proxy_refused(status: int) -> WireError:
    """A proxy that lets nothing through."""
    fix = "HTTPS_PROXY or HTTP_PROXY names it, with the user and password that it may want; NO_PROXY makes exceptions."
    return WireError(scope="run", code="proxy_refused", message=f"the proxy answered {status}", fix=fix)


def unconnected(error: BaseException) -> Refused:
    """A connection that failed: before anything was sent it costs nothing, after that it may have been paid for."""
    root = error  # the SDKs' own transport calls a lost connection a failed one; only aiohttp's error tells
    while root.__cause__ is not None and not isinstance(root, aiohttp.ClientError | TooBigError):
        root = root.__cause__
    if isinstance(root, TooBigError):  # both SDKs may wrap it
        return too_big(root)
    text = without_logins(f"{type(root).__name__}: {root}")
    if isinstance(root, aiohttp.ClientConnectorCertificateError):
        fix = "The server's certificate is not trusted; SSL_CERT_FILE may name your own authority."
        return Refused(WireError(scope="run", code="certificate", message=text, fix=fix), None, {}, b"", False)
    if isinstance(root, aiohttp.ClientHttpProxyError) and root.status < 500:
        return Refused(proxy_refused(root.status), root.status, {}, b"", ambiguous=False)
    if isinstance(root, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        text = f"the proxy: {text}"
    never_sent = isinstance(root, NEVER_SENT)
    code = "connect" if never_sent else "connection_lost"
    return Refused(WireError(scope="attempt", code=code, message=text), None, {}, b"", ambiguous=not never_sent)


def plain(headers: httpx2.Headers) -> dict[str, str]:
    """Response headers as a plain dictionary, names in lower case."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers.raw}


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers worth keeping."""
    return {name: headers[name] for name in KEPT_HEADERS if name in headers}
