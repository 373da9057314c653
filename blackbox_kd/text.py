"""Text made harmless, and text made comparable."""

import re
import unicodedata

WORD = re.compile(r"\w+")
# CSI, then OSC, DCS, SOS, PM and APC strings up to their end, then two-character escapes (ECMA-48). Of the 8-bit forms
# (but a CSI with parameters) and of strings without an end, only the introducer goes: mistaken encodings hold them,
# and would lose the text.
ESCAPES = re.compile(
    r"(?:\x1b\[[0-?]*|\x9b[0-?]+)[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -~]?"
)
# controls but tab and newline, directional marks and overrides, invisible tags, lone surrogates, noncharacters
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def safe(text: str) -> str:
    """The text without terminal escapes, control characters and direction overrides; line ends become `\\n`."""
    lines = re.sub(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", ESCAPES.sub("", text))
    return UNSAFE.sub("", lines)


def fold(text: str) -> str:
    """Text for comparing: NFKC, lower case, runs of white space as one space."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def words(text: str) -> list[str]:
    """The words of a text, folded, without punctuation."""
    return WORD.findall(fold(text))
