import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.teachers.address import check_address, origin, proxy_of, proxy_secrets, shown, without_logins


@pytest.mark.parametrize(
    "address",
    [
        "https://api.example.com/v1",
        "http://127.0.0.1:8000",
        "http://localhost:1",
        "http://[::1]:8000/v1",
        "https://169.253.0.1",
        "https://fe80.example.com",
    ],
)
def test_safe_addresses_pass(address: str) -> None:
    check_address(address, allow_http=False)
    assert origin(address) in address


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://user:secret@example.com", "user name or password"),
        ("http://token@127.0.0.1", "user name or password"),
        ("https://@example.com", "user name or password"),
        ("http://example.com/v1", "plain http to example.com"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://10.0.0.7:8000", "plain http"),
        ("http://localhost.example.com", "plain http"),
        ("https://example.com/v1?key=secret", "query or fragment"),
        ("https://example.com/v1#secret", "query or fragment"),
        ("ftp://example.com", "no http address"),
        ("example.com", "no http address"),
        ("user:secret@example.com", "no http address"),
        ("http://", "no http address"),
        ("http://[::1", "no http address"),
        ("http://127.0.0.1:99999", "no http address"),
        ("http://127.0.0.1:port", "no http address"),
        ("http://127.0.0.1:80\\@example.com", "no http address"),
        ("http://127.0.0.1\t.example.com", "no http address"),
        ("http://loc\u00e0lhost", "no http address"),
        ("", "no http address"),
    ],
)
def test_addresses_that_would_leak_a_key_are_refused(address: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        check_address(address, allow_http=False)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.1:8000",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[fd00:ec2::254]",
    ],
)
def test_addresses_where_clouds_keep_credentials_are_refused_in_all_their_forms(host: str) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(UsageError, match="link-local"):
            check_address(f"{scheme}://{host}/v1", allow_http=True)


def test_plain_http_is_for_those_who_allow_it() -> None:
    check_address("http://10.0.0.7:8000", allow_http=True)
    with pytest.raises(UsageError, match="user name or password"):
        check_address("http://user:secret@10.0.0.7", allow_http=True)


@pytest.mark.parametrize(
    ("address", "harmless"),
    [
        ("http://user:secret@proxy.org:3128/a", "http://***@proxy.org:3128/a"),
        ("user:secret@proxy.org", "***@proxy.org"),
        ("http://user:se@cret@proxy.org", "http://***@proxy.org"),
        ("https://h.org/a?key=secret#secret", "https://h.org/a"),
        ("https://h.org/a", "https://h.org/a"),
    ],
)
def test_an_address_is_shown_without_what_it_may_hide(address: str, harmless: str) -> None:
    assert shown(address) == harmless


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:8000", None),
        ("http://localhost", None),
        ("https://[::1]:1", None),
        ("https://inside.example.net", None),
        ("https://api.example.com", "http://u:pw@secure.org:1"),
        ("http://api.example.com", "http://plain.org"),
    ],
)
def test_a_proxy_stands_before_other_machines_alone(
    address: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://u:pw@secure.org:1")
    monkeypatch.setenv("ALL_PROXY", "plain.org")
    monkeypatch.setenv("NO_PROXY", "example.net")
    assert proxy_of(address) == expected


@pytest.mark.parametrize("proxy", ["socks5://u:secret@proxy.org:1", "http://u:secret@proxy.org:port", "http://"])
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(UsageError, match="no HTTP proxy") as raised:
        proxy_of("https://api.example.com")
    assert "secret" not in str(raised.value)


def test_the_passwords_of_proxies_are_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:p%40ss@proxy.org:1")
    monkeypatch.setenv("https_proxy", "user:other@proxy.org")
    assert proxy_secrets() == {"p%40ss", "p@ss", "other"}


def test_a_text_is_shown_without_the_passwords_of_its_addresses() -> None:
    text = "cannot reach http://user:secret@proxy.org:1 (url='https://u:p%40@h/') a@b.org http://c.org/@d"
    assert without_logins(text) == "cannot reach http://***@proxy.org:1 (url='https://***@h/') a@b.org http://c.org/@d"
