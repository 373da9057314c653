"""Fault matrix, rows 27, 32 and 33: redirects, TLS and proxies. Where a key goes, and what is said of it."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import ProviderRefused, ProviderUnavailable, UsageError
from blackbox_kd.run import RunDir
from blackbox_kd.simulate.script import Redirect, Script
from blackbox_kd.simulate.server import serving
from blackbox_kd.stages.targets import resolved
from blackbox_kd.teachers.target import Api
from blackbox_kd.teachers.terms import Terms

MakeBench = Callable[..., AbstractAsyncContextManager[Any]]
TICKETS = Simulated(task="tickets")
WIRES: tuple[Api, ...] = ("openai", "responses", "anthropic")
WIRE = pytest.mark.parametrize("wire", WIRES)
# the SDKs' transport still passes a proxy's login in this way
OLD_AUTH = pytest.mark.filterwarnings("ignore:(BasicAuth|The 'proxy_auth' parameter) is deprecated:DeprecationWarning")
LOGIN = "usr:sesame%2F42"
OPENSSL = shutil.which("openssl")
CNF = """
[req]
distinguished_name = subject
[subject]
[ca]
default_ca = own
[own]
database = {folder}/{name}.db
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = told
[any]
commonName = supplied
[told]
basicConstraints = critical,CA:TRUE
subjectAltName = {san}
"""
NO_OPENSSL = pytest.mark.skipif(OPENSSL is None, reason="certificates are made with the openssl program")


@asynccontextmanager
async def listening(answer: bytes | None = b"") -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that notes the head of every request and gives one answer; None: it says nothing. (port, heads)."""
    heads: list[bytes] = []
    over = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n") if answer is not None else b"")
        if answer is None:
            await over.wait()
        writer.write(answer or b"")
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        over.set()
        server.close()
        await asyncio.sleep(0.01)


def response(status: str) -> bytes:
    """An answer without a body."""
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [302, 308])
@WIRE
async def test_row_27_a_redirect_to_another_origin_is_not_followed(
    wire: Api, status: int, stream: bool, bench: MakeBench
) -> None:
    async with listening() as (port, heads):
        there = f"http://localhost:{port}"
        async with bench(wire, lambda asked, attempt: Redirect(f"{there}/v1?k=1", status), stream=stream) as one:
            (outcome,) = await one.ask()
            assert isinstance(outcome, ProviderRefused)
            assert f"to {there} (redirect)" in str(outcome)
            assert len(one.seen) == 1
    assert heads == []


@WIRE
async def test_row_27_a_redirect_to_the_same_place_is_no_loop(wire: Api, bench: MakeBench) -> None:
    async with bench(wire, lambda asked, attempt: Redirect("?again")) as one:
        (outcome,) = await one.ask()
        assert isinstance(outcome, ProviderRefused)
        assert len(one.seen) == 1


def certificate(folder: Path, name: str, end: str = "20491231235959Z", san: str = "IP:127.0.0.1,DNS:localhost") -> Path:
    """A self-signed certificate, valid from 2020 to `end`, and its key, in one file."""
    path, told, cert = folder / f"{name}.pem", folder / f"{name}.cnf", folder / f"{name}.crt"
    told.write_text(CNF.format(folder=folder, name=name, san=san))
    (folder / f"{name}.db").touch()
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(path)]
    openssl("req", "-new", *key, "-subj", f"/CN={name}", "-config", str(told), "-out", f"{cert}.req")
    own = ["-selfsign", "-keyfile", str(path), "-startdate", "20200101000000Z", "-enddate", end]
    openssl("ca", "-batch", *own, "-config", str(told), "-notext", "-in", f"{cert}.req", "-out", str(cert))
    path.write_text(path.read_text() + cert.read_text())
    return path


def openssl(*words: str) -> None:
    """The openssl program."""
    subprocess.run([str(OPENSSL), *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Certificates by what is wrong with them."""
    folder = tmp_path_factory.mktemp("certificates")
    return {
        "good": certificate(folder, "good"),
        "expired": certificate(folder, "expired", end="20210101000000Z"),
        "of another host": certificate(folder, "other", san="DNS:teacher.example"),
    }


@asynccontextmanager
async def secure(path: Path, script: Script | None = None, books: Path | None = None) -> AsyncIterator[str]:
    """The simulated teacher behind TLS; yields its root address."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    asyncio.get_running_loop().set_exception_handler(lambda loop, told: None)  # clients that hang up are no news
    async with serving(TICKETS, books=books, script=script, ssl=context) as url:
        yield url


@NO_OPENSSL
@pytest.mark.parametrize("wrong", ["expired", "of another host", "self-signed"])
@WIRE
async def test_row_32_a_certificate_that_proves_nothing_stops_the_run(
    wire: Api, wrong: str, certificates: dict[str, Path], bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificates["good" if wrong == "self-signed" else wrong]
    if wrong != "self-signed":
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    seen: list[str] = []
    teacher = secure(path, lambda asked, attempt: seen.append(asked.prompt))
    async with teacher as url, bench(wire, url=url) as one:
        (outcome,) = await one.ask()
        assert [(made.state, made.code) for made in one.attempts] == [("error", "certificate")]
    assert isinstance(outcome, ProviderRefused)
    assert (outcome.exit_code, seen) == (5, [])
    assert "SSL_CERT_FILE" in outcome.fix
    assert not any(word in str(outcome).lower() for word in ("verify=", "disable", "insecure", "skip"))


@NO_OPENSSL
@WIRE
async def test_row_32_an_authority_of_ones_own_is_named_by_ssl_cert_file(
    wire: Api, certificates: dict[str, Path], bench: MakeBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates["good"]))
    books = tmp_path / "books.jsonl"
    async with secure(certificates["good"], books=books) as url, bench(wire, url=url) as one:
        (outcome,) = await one.ask()
        assert outcome.text


@NO_OPENSSL
@WIRE
async def test_row_27_a_redirect_from_https_to_http_is_not_followed(
    wire: Api, certificates: dict[str, Path], bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates["good"]))
    async with listening() as (port, heads):
        there = f"http://localhost:{port}"
        teacher = secure(certificates["good"], lambda asked, attempt: Redirect(there, 307))
        async with teacher as url, bench(wire, url=url) as one:
            (outcome,) = await one.ask()
        assert isinstance(outcome, ProviderRefused)
        assert there in str(outcome)
    assert heads == []


@WIRE
async def test_row_32_a_handshake_that_stalls_meets_the_connect_limit(wire: Api, bench: MakeBench) -> None:
    async with listening(None) as (port, heads):
        patience = {"timeout_s": 0.5}
        async with bench(wire, url=f"https://127.0.0.1:{port}", patience=patience) as one:
            (outcome,) = await one.ask()
            assert [(made.state, made.code) for made in one.attempts] == [("error", "connect")] * 3
    assert isinstance(outcome, ProviderUnavailable)
    assert (outcome.exit_code, len(heads)) == (6, 3)


@OLD_AUTH
@pytest.mark.parametrize("scheme", ["http", "https"])
@WIRE
async def test_row_33_a_dead_proxy_is_named_without_its_password(
    wire: Api, scheme: str, bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://{LOGIN}@127.0.0.1:9")
    async with bench(wire, url=f"{scheme}://teacher.invalid") as one:
        (outcome,) = await one.ask()
        assert [(made.state, made.code) for made in one.attempts] == [("error", "connect")] * 3
    assert isinstance(outcome, ProviderUnavailable)
    assert "the proxy: " in str(outcome)
    assert "127.0.0.1:9" in str(outcome)
    assert not any(part in str(outcome) for part in ("sesame", "usr"))


@OLD_AUTH
@pytest.mark.parametrize(
    ("scheme", "status"),
    [("http", "407 Authenticate"), ("https", "407 Authenticate"), ("https", "403 Forbidden")],
)
@WIRE
async def test_row_33_a_proxy_that_refuses_stops_the_run_and_never_sees_the_key(
    wire: Api, scheme: str, status: str, bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(response(status)) as (port, heads):
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://{LOGIN}@127.0.0.1:{port}")
        async with bench(wire, url=f"{scheme}://teacher.invalid") as one:
            (outcome,) = await one.ask()
            assert [(made.state, made.code) for made in one.attempts] == [("error", "proxy_refused")]
    assert isinstance(outcome, ProviderRefused)
    assert f"the proxy answered {status[:3]}" in str(outcome)
    assert "HTTPS_PROXY" in outcome.fix
    assert "sesame" not in str(outcome)
    assert len(heads) == 1
    assert (b"k-secret" in heads[0]) == (scheme == "http")  # through CONNECT, only the host is told


@WIRE
async def test_row_33_no_proxy_stands_before_this_machine(
    wire: Api, bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://{LOGIN}@127.0.0.1:9")
    async with bench(wire) as one:
        (outcome,) = await one.ask()
    assert outcome.text


@pytest.mark.parametrize("proxy", [f"socks5://{LOGIN}@127.0.0.1:9", f"http://{LOGIN}@127.0.0.1:port"])
async def test_row_33_a_proxy_that_cannot_be_used_is_found_before_anything_is_asked(
    proxy: str, run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    terms = Terms(ack="unknown", basis="a test")
    config = Config(teacher=(Teacher(model="openai/m", base_url="https://teacher.invalid", terms=terms),))
    with pytest.raises(UsageError, match="is no HTTP proxy") as raised:
        async with resolved(config, run):
            pass
    assert "sesame" not in str(raised.value)
