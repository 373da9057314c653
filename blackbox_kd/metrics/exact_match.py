"""Exact match: the same answer, up to whitespace and, for JSON, up to layout."""

import json
import re
import unicodedata
from typing import NoReturn

import msgspec

from blackbox_kd.records import Json


class ExactMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="exact_match"):
    """1.0 where prediction and reference are the same answer, else 0.0.

    Text is compared in NFC with runs of whitespace as one space and none around it. Where both are JSON objects or
    arrays they are compared as JSON: key order and spacing are free, types, strings and array order are not, and an
    object that names a key twice is no JSON (RFC 8259 leaves its meaning open).
    """

    @property
    def label(self) -> str:
        """The name that reports show."""
        return "exact_match"

    def score(self, prediction: str, reference: str) -> float:
        """Score one answer, 0.0 or 1.0."""
        one, other = canonical_json(prediction), canonical_json(reference)
        if one is not None and other is not None:
            return float(one == other)
        return float(normalised(prediction) == normalised(reference))


def normalised(text: str) -> str:
    """NFC, every run of whitespace one space, none at the ends."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def canonical_json(text: str) -> str | None:
    """One spelling for equal JSON objects or arrays, in NFC; None where the text is not exactly one of these."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
        return unicodedata.normalize("NFC", json.dumps(value, sort_keys=True, ensure_ascii=False))
    except (ValueError, RecursionError):  # not JSON, or nested deeper than Python reads
        return None


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = {unicodedata.normalize("NFC", key): value for key, value in pairs}
    if len(found) < len(pairs):
        raise ValueError("a key is named twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
