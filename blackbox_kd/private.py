"""Keys and personal data, found by their form: what no prompt may send away, and no student should learn. Pure.

Written for few false alarms: a form with a checksum is checked (Luhn, ISO 7064 mod 97), a key needs its vendor's
prefix, and what manuals write in place of one is none. It proves nothing about what it does not find.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from blackbox_kd.records import Json

Kind = Literal["secret", "personal"]
FEWEST_DIGITS = 9  # of a number that tells a person
FEWEST_OF_ADDRESS = 6  # digits: two of the four numbers have two
NO_DIGITS = bytes(byte for byte in range(256) if not 48 <= byte <= 57)
LONG = re.compile(r"[0-9](?:[ .()/-]{0,2}[0-9]){8}")  # so many digits; account numbers have as many in a row as well
CARDS = re.compile(  # by brand: first digits and length (ISO/IEC 7812)
    r"4(?:\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3[0689]\d{12}|35\d{14}|6(?:011|4|5)\d+|62\d{14,17}"
)
# Published to try payments with, by Stripe, PayPal and others.
TEST_CARDS = re.compile(
    r"4242424242424242|40000000\d{8}|4000056655665556|4111111111111111|4012888888881881|5555555555554444"
    r"|5105105105105100|5200828282828210|2223003122003222|378282246310005|371449635398431|378734493671000"
    r"|6011111111111117|6011000990139424|30569309025904|38520000023237|3566002020360505|3530111333300000"
    r"|6200000000000005"
)
COUNTRIES = (  # of account numbers, with their length (the IBAN registry, ISO 13616-2)
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
    "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
    "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 "
    "SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
)
LENGTHS = {country: int(length) for country, length in re.findall(r"([A-Z]{2})(\d{2})", COUNTRIES)}
EXAMPLE_IBANS = re.compile(  # the registry's own, which every manual repeats
    "AT611904300234573201|BE68539007547034|CH9300762011623852957|DE89370400440532013000|ES9121000418450200051332"
    "|FR1420041010050500013M02606|GB29NWBK60161331926819|GB82WEST12345698765432|IT60X0542811101000000123456"
    "|NL91ABNA0417164300|PL61109010140000071219812874"
)
FICTION = re.compile(  # numbers kept for stories (NANP 555; Ofcom), and counting instead of a number
    r"1?[2-9]\d{2}555\d{4}|44(?:7700900|2079460|1632960)\d+|1?2345678\d*|1?234567\d{4}"
)
DOTTED = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]")  # every IPv4 address holds such
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
    """Whether a number starts, and is as long, as a payment card brand's, has its check digit, and is no test's."""
    plain = re.sub("[ -]", "", text)
    return CARDS.fullmatch(plain) is not None and TEST_CARDS.fullmatch(plain) is None and luhn(plain)


def iban(text: str) -> bool:
    """Whether a text is an account number by its country's length and its check digits (ISO 13616, mod 97)."""
    plain = re.sub(r"\s", "", text).upper()
    if len(plain) != LENGTHS.get(plain[:2]):
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def account(text: str) -> bool:
    """Whether a text is an account number, and none of the registry's examples."""
    return iban(text) and EXAMPLE_IBANS.fullmatch(re.sub(r"\s", "", text)) is None


def phone(text: str) -> bool:
    """Whether a text has as many digits as an international number (ITU-T E.164), and is none of fiction's."""
    digits = "".join(map(str, _digits(text)))
    return FEWEST_DIGITS <= len(digits) <= 15 and FICTION.fullmatch(digits) is None


def address(text: str) -> bool:
    """Whether a text is an IPv4 address of one host (RFC 6890) and no version: two of its numbers are above 31."""
    parts = [int(part) for part in text.split(".")]
    if max(parts) > 255 or len(set(parts)) == 1 or sum(part > 31 for part in parts) < 2:
        return False
    found = ipaddress.IPv4Address(bytes(parts))
    return found.is_global and not found.is_multicast


def social(text: str) -> bool:
    """Whether a US social security number is none of those printed in advertisements and manuals."""
    return text not in ("078-05-1120", "219-09-9999", "123-45-6789", "111-11-1111", "555-55-5555")


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
            "phone number",  # North American, without the country
            r"(?<![\w.+-])(?<!\+1 )(?:\([2-9]\d{2}\) ?[2-9]\d{2}-|[2-9]\d{2}(?:-[2-9]\d{2}-|\.[2-9]\d{2}\.))\d{4}"
            r"(?![\w-]|\.\d)",
            phone,
        ),
        (
            "card number",
            # no part of a table of numbers
            r"(?<![\w.,+-])(?<![0-9A-F]{4} )"
            r"(?:\d{14,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5})"
            r"(?![\w-]| [0-9A-F]{4}\b)",
            card,
        ),
        ("IBAN", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", account),
        ("US social security number", r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])", social),
    )
)
ADDRESS = _Form(
    "personal",
    "IP address",
    (),
    re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\w)", re.ASCII),
    address,
)
WHATS: dict[Kind, tuple[str, ...]] = {
    "secret": tuple(dict.fromkeys(form.what for form in SECRETS)),
    "personal": tuple(dict.fromkeys(form.what for form in (MAIL, *NUMBERS, ADDRESS))),
}


def findings(text: str, kind: Kind | None = None) -> Iterator[Found]:
    """Everything in a text that has the form of a key or of personal data, or of one of the two."""
    for form in SECRETS if kind != "personal" else ():
        for needle in form.needles:
            if needle in text:
                yield from _matches(form, text)
                break
    if kind != "secret":
        yield from _personal(text)


def _personal(text: str) -> Iterator[Found]:
    if "@" in text:
        yield from _matches(MAIL, text)
    digits = len(text.encode(errors="replace").translate(None, NO_DIGITS))  # far quicker than any pattern
    if digits >= FEWEST_DIGITS and LONG.search(text):
        for form in NUMBERS:
            yield from _matches(form, text)
    if digits >= FEWEST_OF_ADDRESS and DOTTED.search(text):
        yield from _matches(ADDRESS, text)


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


def squeezed(text: str) -> str:
    """The letters and digits of a text in one case: two spellings of a number or an address are equal so."""
    return re.sub(r"[\W_]+", "", text).casefold()
