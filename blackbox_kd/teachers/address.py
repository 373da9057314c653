"""Addresses to which keys and prompts may go, and how addresses are shown: without what they may hide."""

import contextlib
import ipaddress
import re
import socket
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from blackbox_kd.errors import UsageError
from blackbox_kd.teachers.terms import LOOPBACK

LINK_LOCAL = (  # also where clouds hand out credentials to whoever asks
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("fe80::/10"),
    ipaddress.ip_network("fd00:ec2::/32"),
)
PROXIED = ("http", "https", "all")
LOGIN = re.compile(r"([a-z]{1,10}://)[^\s/@'\"]{1,500}@")


def check_address(address: str, allow_http: bool, setting: str = "teacher.base_url") -> None:
    """Raise `UsageError` for an address that would leak a key.

    That is one with user name, password or query in it, plain http to another machine, or a link-local address.
    """
    parts = _split(address)
    if parts is None:
        raise UsageError(f"{setting}: {shown(address)!r} is no http address", 'Such as "http://127.0.0.1:8000/v1".')
    if "@" in parts.netloc:
        raise UsageError(f"{setting} holds a user name or password", "Name the key's variable: api_key_env.")
    if parts.query or parts.fragment:
        raise UsageError(f"{setting}: {shown(address)} has a query or fragment", "End it with the path, such as /v1.")
    host = parts.hostname or ""
    if link_local(host):
        raise UsageError(f"{setting}: {host} is a link-local address, where clouds keep credentials", "Name a server.")
    if parts.scheme == "http" and host not in LOOPBACK and not allow_http:
        raise UsageError(
            f"{setting}: plain http to {host}: keys and prompts would cross the network unencrypted",
            "Use https, or set allow_http = true if you trust the network.",
        )


def _split(address: str) -> SplitResult | None:
    """The parts of an http address; None if it is none."""
    if not (address.isascii() and address.isprintable()) or set(address) & set(" \\<>\"'`"):
        return None  # parsers do not agree about these
    try:
        parts = urlsplit(address)
        return parts if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def link_local(host: str) -> bool:
    """Whether a host is a link-local IP address, in any of the forms that resolvers take."""
    found: ipaddress.IPv4Address | ipaddress.IPv6Address | None = None
    with contextlib.suppress(ValueError):
        found = ipaddress.ip_address(host.partition("%")[0])
    if found is None:
        with contextlib.suppress(OSError, ValueError):
            found = ipaddress.IPv4Address(socket.inet_aton(host))  # also 2852039166, 0xa9fea9fe and 169.254.43518
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found is not None and any(found in one for one in LINK_LOCAL if one.version == found.version)


def shown(address: str) -> str:
    """An address as it may be shown: what stands before an @, and a query, may be secrets."""
    scheme, separator, rest = address.partition("?")[0].partition("#")[0].rpartition("//")
    return f"{scheme}{separator}{'***@' if '@' in rest else ''}{rest.rpartition('@')[2]}"


def without_logins(text: str) -> str:
    """A text without the user names and passwords of the addresses in it."""
    return LOGIN.sub(r"\1***@", text)


def origin(address: str) -> str:
    """Scheme, host and, where it is not the usual one, port of an http address."""
    parts = urlsplit(address)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def proxies() -> dict[str, str]:
    """The proxies that the environment names, by the scheme of what is asked: http, https or all."""
    found = getproxies_environment()
    return {scheme: url if "://" in url else f"http://{url}" for scheme in PROXIED if (url := found.get(scheme))}


def proxy_of(address: str) -> str | None:
    """The proxy that stands before an address, credentials included; none stands before this machine's own servers.

    Raises `UsageError`, without its credentials, for one that does not speak HTTP.
    """
    parts = urlsplit(address)
    host, found = parts.hostname or "", proxies()
    proxy = found.get(parts.scheme, found.get("all"))
    if proxy is None or host in LOOPBACK or proxy_bypass(host):
        return None
    try:
        usable = urlsplit(proxy).scheme in ("http", "https") and bool(urlsplit(proxy).hostname)
        usable = usable and urlsplit(proxy).port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"the environment's proxy {shown(proxy)!r} is no HTTP proxy", "Such as http://proxy.org:3128.")
    return proxy


def proxy_secrets() -> set[str]:
    """The passwords of the environment's proxies, as they stand there and decoded."""
    passwords = {url.rpartition("//")[2].rpartition("@")[0].partition(":")[2] for url in proxies().values()}
    return {form for one in passwords for form in (one, unquote(one)) if form}
