"""Takes keys out of bytes, text and errors before they are kept or shown, in the forms in which servers repeat them."""

import base64
import re
import traceback
from collections.abc import Iterable
from types import TracebackType

from blackbox_kd.errors import BbkdError

MASK = "[redacted]"
SHORTEST = 6  # characters; anything shorter is no key, and would blank out ordinary text
WORDS = re.compile(r"[A-Za-z]+(?:[-_. ][A-Za-z]+)*")  # `ollama`, `not-needed`: stands for a key where none is needed
LONGEST_WORDS = 16
PLAIN = re.compile(r"[A-Za-z0-9_.~-]+")  # nothing in it is escaped in a URL or in JSON
VENDOR = re.compile(r"(?:[a-z]{1,8}\d{0,2}[-_]){1,4}")  # how all of a vendor's keys begin: sk-ant-api03-
HEAD, BEYOND_VENDOR = 12, 8  # so many characters of a key, or of what follows the vendor's, are enough to tell it


class Redactor:
    """Knows the keys of a run, and blanks them out: plain, escaped in URL or JSON, in base64 or hex, cut short.

    As a context manager it takes them out of the error that ends the block.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        keys = [secret for secret in secrets if is_key(secret)]
        forms = sorted({form for key in keys for form in written(key)}, key=len, reverse=True)
        self._signs = sorted({sign for key in keys for sign in signs(key)})
        self._signs_raw = [sign.encode() for sign in self._signs]
        self._text, self._bytes = re.compile("|".join(forms)), re.compile("|".join(forms).encode())

    def scrub(self, raw: bytes) -> bytes:
        """The bytes without any key."""
        for sign in self._signs_raw:
            if sign in raw:
                return self._bytes.sub(MASK.encode(), raw)
        return raw

    def text(self, text: str) -> str:
        """The text without any key."""
        for sign in self._signs:
            if sign in text:
                return self._text.sub(MASK, text)
        return text

    def __enter__(self) -> "Redactor":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take the keys out of an error; raises `RuntimeError`, with the whole trace as text, in place of a bug's."""
        if isinstance(error, BbkdError):
            error.message, error.fix = self.text(error.message), self.text(error.fix)
            error.args = (error.message,)
        elif isinstance(error, Exception):
            trace = "".join(traceback.format_exception(error))
            if (clean := self.text(trace)) != trace:
                raise RuntimeError(clean) from None


def is_key(secret: str) -> bool:
    """Whether a text can be kept secret: a short one and a few words are found in ordinary text too."""
    return len(secret) >= SHORTEST and not (len(secret) < LONGEST_WORDS and WORDS.fullmatch(secret))


def written(key: str) -> list[str]:
    """Patterns, in ASCII, of the ways in which a key may be written."""
    whole, head = "".join(map(_character, key)), head_of(key)
    cut = ["".join(map(_character, head)) + "[A-Za-z0-9_-]*"] if head != key else []
    return [whole, *cut, f"(?i:{key.encode().hex()})", *map(re.escape, coded(key))]


def signs(key: str) -> set[str]:
    """Texts without any of which no form of a key is there: looking for these is quick."""
    head = head_of(key)
    found = {head, head.encode().hex(), head.encode().hex().upper(), *coded(key)}
    for char in {key[0], *PLAIN.sub("", key)}:  # escaped: all of the key, or what has to be
        for point in (f"{ord(char):02x}", f"{ord(char):02X}"):
            found |= {f"%{point}", f"%25{point}", f"\\u00{point}"} | ({f"\\{char}"} if char in "\"'/\\" else set())
    return found


def head_of(key: str) -> str:
    """So much of a key as tells it from others."""
    vendor = VENDOR.match(key)
    return key[: max(HEAD, (vendor.end() if vendor else 0) + BEYOND_VENDOR)]


def coded(key: str) -> set[str]:
    """A key in base64, of both alphabets and at each of three alignments, without what its neighbours decide."""
    found = {base64.b64encode(b"\0" * shift + key.encode()).decode()[(0, 2, 3)[shift] : -4] for shift in range(3)}
    found |= {form.translate(str.maketrans("+/", "-_")) for form in found}
    return {form for form in found if len(form) >= HEAD}


def _character(char: str) -> str:
    """A pattern of one character: as it is, after backslashes, as `%73` or as `\\u0073`."""
    point = f"{ord(char):02x}"
    return f"(?:{re.escape(char)}|%(?:25)?(?i:{point})|\\\\{{1,3}}(?:u00(?i:{point})|{re.escape(char)}))"
