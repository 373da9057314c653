"""Answers read as JSON, strictly, and taken out of a Markdown fence."""

import json
import unicodedata
from typing import NoReturn

from blackbox_kd.records import Json

FENCE = "```"


def unfenced(text: str) -> str:
    """What is inside the one Markdown fence that the whole text is; the text itself where it is none."""
    whole = text.strip()
    opening, newline, inside = whole.removesuffix(FENCE).partition("\n")
    fenced = newline and whole.endswith(FENCE) and opening.startswith(FENCE) and "`" not in opening[3:]
    return inside.removesuffix("\n") if fenced and FENCE not in inside else text


def read_json(text: str) -> Json:
    """The value of a text that is JSON (RFC 8259) and nothing else; its keys are in NFC.

    Raises `ValueError` for other text, for NaN and infinities, and for an object that names a key twice (the RFC leaves
    its meaning open); `RecursionError` for what is nested deeper than Python reads.
    """
    value: Json = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    return value


def spelled(value: Json) -> str:
    """One spelling for equal JSON values, in NFC; raises `RecursionError` for deep ones."""
    return unicodedata.normalize("NFC", json.dumps(value, sort_keys=True, ensure_ascii=False))


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = {unicodedata.normalize("NFC", key): value for key, value in pairs}
    if len(found) < len(pairs):
        raise ValueError("a key is named twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
