import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.private import Kind, findings, iban, luhn, mapped, texts
from blackbox_kd.records import Json

SECRETS = {
    "API key": "sk-proj-Ab3dEf6hIj9kLm2nOp5q",
    "AWS access key": "AKIA" + "Q3E" * 5 + "Z",
    "Google API key": "AIza" + "Sy9" * 11 + "Ab",
    "GitHub token": "ghp_" + "a1B2" * 9,
    "GitLab token": "glpat-" + "x9Y8" * 5,
    "Hugging Face token": "hf_" + "aBcDeF7h9J" * 3,
    "Slack token": "xoxb-123456789012-abcdef",
    "Stripe key": "sk_live_" + "4eC39HqLyjWD" * 2,
    "npm token": "npm_" + "a1B2" * 9,
    "JSON Web Token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fwpM",
    "assigned key": "aws_secret_access_key=" + "wJa1rXUtnF3Mi/K7" * 2 + "bPxRfi9Y",
    "bearer token": "Authorization: Bearer abcdefghijklmnopqrstuvwx0123",
    "password in a URL": "postgres://admin:hunter22@db.example.org/app",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\\nMIIEowIBAAKCAQEA",
    "Slack address": "https://hooks.slack.com/services/T0123ABCD/B0123ABCD/" + "aB3d" * 6,
    "PyPI token": "pypi-AgEIcHlwaS5vcmc" + "aB3-" * 20,
    "SendGrid key": "SG." + "a1B2c3D4e5F" * 2 + "." + "a" * 43,
}
PERSONAL = {
    "e-mail address": "anna.muster+x@muster.co.uk",
    "phone number": "+49 (0)151 2345 6789",
    "card number": "4532 0151 1283 0366",
    "IBAN": "DE26 2004 1133 5678 9012 34",
    "US social security number": "536-22-1234",
    "IP address": "84.112.37.9",
}
INNOCENT = [
    "The order number is 4111 1111 1111 1112.",
    "Version 10.12.2026.1, ticket 123-45-678, page 12-34-5678.",
    "Write to us at our office, or @example on the network.",
    "sk-learn is short for scikit-learn, and task-force-something-long-enough-to-match is a word",
    "Call 112 in an emergency. It is +5 degrees and +12.5 % more.",
    "sk-estimator-doc-link-fitted and sk-toggleable__content-and-more-of-it",
    "export OPENAI_API_KEY=sk-your-key-goes-here-please, Bearer YOUR_ACCESS_TOKEN_GOES_HERE, AKIAIOSFODNN7EXAMPLE",
    "postgres://user:password@db/app, postgres://postgres:postgres@localhost, redis://:${PASSWORD}@cache, a://b:***@c",
    "if '-----BEGIN PRIVATE KEY-----' in text: raise ValueError",
    "anna@example.com, bob@mail.example.org, root@test.localhost, git@github.com:org/name.git, logo@2x.png",
    "5236 5241 52BE 5352 5354 5353 5351 5366 5377 and 5098 5099 6700 5271 5272 5274 5275 5269",
    "[27648, 86400000, 4031078400000, 2099709530100, 1685363802304750]",
    "GB82 WEST 1234 5698 7654 33 is wrong by one digit",
    "The bearer of this letter is my brother. https://example.org:8080/path@version",
    "0000 0000 0000 0000 and 1234567890123456",
    "Let x = 3.14159265358979, y = 2.71828182845904.",
    "Pay with 4111 1111 1111 1111, 4242424242424242 or 3782 822463 10005, into DE89 3704 0044 0532 0130 00.",
    "Call (212) 555-0123, 415-555-0199, +1 212 555 0123 or +44 7700 900123; 234-567-8901; +1 234 567 8900",
    "Hosts 192.168.77.80, 10.200.99.4, 127.0.0.1, 192.0.2.44, 203.0.113.99, 8.8.8.8 and 255.255.255.0; 300.200.100.50",
    "Hosts 224.0.0.114, 239.99.88.77 and 123.123.123.123",
    "Chrome 120.0.6099.109, section 1.2.3.4, version 4.18.0.372, v84.112.37.9, 84.112.37.9.1, 84.112.37.9-rc1",
    "SSN 078-05-1120 was printed on a wallet, 123-45-6789 in manuals.",
    "2024-10-2024, 212-13-2024-5, 300-200-10000 and part 212.345.67890",
]


@pytest.mark.parametrize(("what", "text"), [*SECRETS.items(), *PERSONAL.items()])
def test_each_form_is_found_inside_a_sentence(what: str, text: str) -> None:
    whole = f"Please use {text} for this, thanks."
    (found,) = [one for one in findings(whole) if one.what == what]
    assert found.kind == ("secret" if what in SECRETS else "personal")
    assert whole[slice(*found.at)] in text or text in whole[slice(*found.at)]


@pytest.mark.parametrize("number", ["(212) 736-5000", "212-736-5000", "212.736.5000", "+1 (212) 736-5000"])
def test_a_north_american_number_needs_no_country(number: str) -> None:
    assert [one.what for one in findings(f"Call {number}.")] == ["phone number"]


def test_one_kind_can_be_looked_for_alone() -> None:
    text = f"{SECRETS['API key']} of {PERSONAL['e-mail address']}"
    kinds: tuple[Kind, ...] = ("secret", "personal")
    assert [[one.what for one in findings(text, kind)] for kind in kinds] == [["API key"], ["e-mail address"]]


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_resembles_one_is_left_alone(text: str) -> None:
    assert list(findings(text)) == []


@given(st.text(string.digits, min_size=12, max_size=18))
def test_exactly_one_check_digit_makes_a_card_number(body: str) -> None:
    valid = [luhn(body + digit) for digit in string.digits]
    assert sum(valid) == (1 if len(set(body)) > 1 else sum(valid))
    assert sum(valid) <= 1


@given(st.integers(4, 20), st.integers(0, 15))
def test_a_changed_digit_breaks_an_account_number(place: int, shift: int) -> None:
    good = "DE89370400440532013000"
    digit = str((int(good[place]) + 1 + shift % 9) % 10)
    assert iban(good)
    assert iban(good[:place] + digit + good[place + 1 :]) == (digit == good[place])


def test_every_text_of_a_value_is_visited_and_changed() -> None:
    value: Json = {"a": ["x", {"b": "y"}], "c": 3, "d": None}
    assert list(texts(value)) == ["a", "x", "b", "y", "c", "d"]
    assert mapped(value, str.upper) == {"a": ["X", {"b": "Y"}], "c": 3, "d": None}


HOSTILE = (
    "@",
    "1",
    "+1",
    "A",
    "AB12",
    "sk-",
    "://",
    "a://b:",
    "AA11BBBB",
    "a@b.",
    "xoxb-",
    "4111 1111 ",
    "212-",
    "84.112.",
    "(212) ",
    "-----BEGIN ",
)


@pytest.mark.parametrize("part", HOSTILE)
def test_no_text_takes_long(part: str) -> None:
    began = time.process_time()
    assert list(findings(part * (100_000 // len(part)))) == []
    assert time.process_time() - began < 1
