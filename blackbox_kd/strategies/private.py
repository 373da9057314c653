"""What must not leave the house in a prompt: keys and personal data, found by their form. Pure.

Written for few false alarms: a form with a checksum is checked (Luhn, ISO 7064 mod 97), a key needs its vendor's
prefix, and what manuals write in place of one is none. It proves nothing about what it does not find.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from blackbox_kd.records import Json

Kind = Literal["secret", "personal"]
FEWEST_DIGITS = 9  # of a number that tells a person
LONG = re.compile(r"[0-9](?:[ .()/-]{0,2}[0-9]){8}")  # so many digits; account numbers have as many in a row as well
CARDS = re.compile(  # by brand: first digits and length (ISO/IEC 7812)
    r"4(?:\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3[0689]\d{12}|35\d{14}|6(?:011|4|5)\d+|62\d{14,17}"
)
STAND_IN = re.compile(  # what a manual writes where a password is to be
    r"(?i)[<{$%*[(].*|[x.*]+|(?:your|my|some)?[-_]?(?:pass(?:word|wd)?|pwd|pw|secret|token|api[-_]?key)s?\d{0,3}"
)
RESERVED = re.compile(  # domains that nobody has (RFC 2606, RFC 6761), names of services, pictures such as a@2x.png
    r"(?i)(?:.*[@.](?:example|test|invalid|localhost|local)|.*[@.]example\.(?:com|net|org)|git@.*|.*@[1-9]x\..*)"
)


class Found(NamedTuple):
    """One finding; `at` are character offsets in the text that was searched."""

    kind: Kind
    what: str
    at: tuple[int, int]


class _Form(NamedTuple):
    kind: Kind
    what: str
    needles: tuple[str, ...]  # one of these is in every match: without any, the pattern need not be tried
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] = lambda text: True


def _digits(text: str) -> list[int]:
    return [int(char) for char in text if char.isascii() and char.isdigit()]


def luhn(text: str) -> bool:
    """Whether the digits of a text are a payment card's: 13 to 19, with Luhn's check digit (ISO/IEC 7812-1)."""
    digits = _digits(text)
    doubled = (digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2])
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def card(text: str) -> bool:
    """Whether a number begins, and is as long, as those of a payment card's brand, and has its check digit."""
    return CARDS.fullmatch(re.sub("[ -]", "", text)) is not None and luhn(text)


def iban(text: str) -> bool:
    """Whether a text is an account number by its check digits (ISO 13616, mod 97)."""
    plain = re.sub(r"\s", "", text).upper()
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def phone(text: str) -> bool:
    """Whether a text has as many digits as an international number (ITU-T E.164)."""
    return FEWEST_DIGITS <= len(_digits(text)) <= 15


def random(text: str) -> bool:
    """Whether a text looks drawn by lot: letters and digits, and not a few of them again and again."""
    letters = sum(char.isalpha() for char in text)
    return len(_digits(text)) >= 2 and letters >= 2 and len(set(text)) >= 10


def real(text: str) -> bool:
    """Whether a key is none of a manual's examples."""
    return not text.endswith("EXAMPLE")


def spelled(text: str) -> bool:
    """Whether the password of `scheme://user:password@h` is one, no stand-in, and not the name of its user again."""
    user, _, password = text.partition("://")[2].rpartition("@")[0].partition(":")
    return password != user and STAND_IN.fullmatch(password) is None


def mailed(text: str) -> bool:
    """Whether an address may be somebody's."""
    return RESERVED.fullmatch(text) is None


def _secret(
    what: str, needles: tuple[str, ...], pattern: str, holds: Callable[[str], bool] = lambda text: True
) -> _Form:
    return _Form("secret", what, needles, re.compile(pattern, re.ASCII), holds)


BLOCK = (
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:\s|\\[nr]|[\w-]{1,30}: [^\n]{0,80}\n){0,9}[A-Za-z0-9+/]{16}"
)
ASSIGNED = ("secret", "SECRET", "token", "TOKEN", "password", "PASSWORD", "api_key", "API_KEY", "apikey")
ASSIGNMENT = (
    r"\b\w{0,40}(?:secret|SECRET|token|TOKEN|password|PASSWORD|api_key|API_KEY|apikey)\w{0,20}"
    r"[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?[A-Za-z0-9+/_-]{24,}(?![\w(.])"
)
SECRETS = (
    _secret("private key", ("-----BEGIN ",), BLOCK),
    _secret("API key", ("sk-",), r"\bsk-(?:ant-|proj-|svcacct-|or-)?[A-Za-z0-9_-]{20,}\b", random),
    _secret(
        "API key", ("gsk_", "xai-", "pplx-", "nvapi-"), r"\b(?:gsk_|xai-|pplx-|nvapi-)[A-Za-z0-9_-]{32,}\b", random
    ),
    _secret("assigned key", ASSIGNED, ASSIGNMENT, random),
    _secret("AWS access key", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", real),
    _secret("Google API key", ("AIza",), r"\bAIza[A-Za-z0-9_-]{35}\b"),
    _secret(
        "GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})\b",
    ),
    _secret("GitLab token", ("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20,}\b"),
    _secret("Hugging Face token", ("hf_",), r"\bhf_[A-Za-z0-9]{30,}\b", random),
    _secret("Slack token", ("xox",), r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}\b", random),
    _secret("Slack address", ("hooks.slack.com",), r"hooks\.slack\.com/services/T\w{8,}/B\w{8,}/\w{20,}"),
    _secret("Stripe key", ("_live_", "_test_"), r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}\b", random),
    _secret("npm token", ("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b"),
    _secret("PyPI token", ("pypi-Ag",), r"\bpypi-Ag[A-Za-z0-9_-]{60,}"),
    _secret("SendGrid key", ("SG.",), r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b"),
    _secret("JSON Web Token", ("eyJ",), r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{10,}"),
    _secret("bearer token", ("earer ",), r"\b[Bb]earer [A-Za-z0-9._~+/-]{24,}=*", random),
    _secret("password in a URL", ("://",), r"\b[a-z][a-z0-9+.-]{1,15}://[^\s/:@]{1,64}:[^\s/@]{3,64}@[^\s/]", spelled),
)
MAIL = _Form(
    "personal",
    "e-mail address",
    ("@",),
    re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,6}[A-Za-z]{2,24}\b"),
    mailed,
)
NUMBERS = tuple(
    _Form("personal", what, (), re.compile(pattern, re.ASCII), holds)
    for what, pattern, holds in (
        ("phone number", r"(?<![\w+])\+[1-9]\d{0,2}[ .()/-]{0,2}(?:\d[ .()/-]{0,2}){6,13}\d\b", phone),
        (
            "card number",
            # no part of a table of numbers
            r"(?<![\w.,+-])(?<![0-9A-F]{4} )"
            r"(?:\d{14,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5})"
            r"(?![\w-]| [0-9A-F]{4}\b)",
            card,
        ),
        ("IBAN", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", iban),
        ("US social security number", r"\b(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b", lambda text: True),
    )
)


def findings(text: str) -> Iterator[Found]:
    """Everything in a text that has the form of a key or of personal data."""
    for form in SECRETS:
        for needle in form.needles:
            if needle in text:
                yield from _matches(form, text)
                break
    if "@" in text:
        yield from _matches(MAIL, text)
    if LONG.search(text):
        for form in NUMBERS:
            yield from _matches(form, text)


def _matches(form: _Form, text: str) -> Iterator[Found]:
    for match in form.pattern.finditer(text):
        if form.holds(match[0]):
            yield Found(form.kind, form.what, match.span())


def texts(value: Json) -> Iterator[str]:
    """Every string in a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def mapped(value: Json, change: Callable[[str], str]) -> Json:
    """A JSON value with every string in it changed, keys aside."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: mapped(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [mapped(item, change) for item in value]
    return value
