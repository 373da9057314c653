"""Text with those differences taken away that a comparison is not about."""

import math
import re
import string
import unicodedata
from collections.abc import Callable, Collection
from typing import Literal

from blackbox_kd.records import Json

Normaliser = Literal["case", "punctuation", "articles", "numbers", "fences"]
NUMBER = re.compile(r"(?<![\w.,])-?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)(?!\w|[.,][0-9])")
ARTICLE = re.compile(r"\b(?:a|an|the)\b", re.IGNORECASE)


def normalised(text: str, kinds: Collection[Normaliser] = ()) -> str:
    """NFC, every run of whitespace one space, none at the ends, and before that what `kinds` says.

    case: letters are folded. punctuation and articles (a, an, the): left out, as in SQuAD (Rajpurkar et al. 2016), but
    for signs inside and before a number, where 3.5 is not 35. numbers: one spelling, so that 1,000.0 is 1000.
    """
    found = unicodedata.normalize("NFC", text)
    for kind, change in CHANGES.items():
        if kind in kinds:
            found = change(found)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", found)).strip()


def normalised_json(value: Json, kinds: Collection[Normaliser]) -> Json:
    """JSON whose strings and keys are normalised one by one, and whose whole numbers are integers if `numbers` is set.

    Raises `ValueError` where two keys become one, `RecursionError` for what is nested too deep.
    """
    if isinstance(value, dict):
        found = {normalised(key, kinds): normalised_json(item, kinds) for key, item in value.items()}
        if len(found) < len(value):
            raise ValueError("two keys become one")
        return found
    if isinstance(value, list):
        return [normalised_json(item, kinds) for item in value]
    if isinstance(value, str):
        return normalised(value, kinds)
    if isinstance(value, float) and "numbers" in kinds and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


def one_spelling(text: str) -> str:
    """Numbers in English notation without thousands separators, needless zeros and the sign of zero."""
    return NUMBER.sub(_spelled, text.replace("\N{MINUS SIGN}", "-"))


def _spelled(match: re.Match[str]) -> str:
    whole, _, part = match[0].lstrip("-").replace(",", "").partition(".")
    plain = (whole.lstrip("0") or "0") + (f".{part.rstrip('0')}" if part.rstrip("0") else "")
    return f"-{plain}" if match[0].startswith("-") and plain != "0" else plain


def _without_punctuation(text: str) -> str:
    def kept(index: int, char: str) -> bool:
        if char not in string.punctuation and not unicodedata.category(char).startswith("P"):
            return True
        before, after = text[index - 1 : index], text[index + 1 : index + 2]
        in_number = before.isdigit() and char in ".,:/-"
        return after.isdigit() and (in_number or (char == "-" and not before.isalnum()))

    return "".join(char for index, char in enumerate(text) if kept(index, char))


# in the order in which they are applied; fences are taken off before
CHANGES: dict[Normaliser, Callable[[str], str]] = {
    "numbers": one_spelling,
    "case": str.casefold,
    "punctuation": _without_punctuation,
    "articles": lambda text: ARTICLE.sub(" ", text),
}
