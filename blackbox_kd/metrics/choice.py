"""Choice: which of a few labels an answer names."""

import functools
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from blackbox_kd.metrics.base import Base

LETTERS = tuple("ABCDEFGHIJ")
MOST_CHARS = 20_000  # the end of a longer answer is read
OPEN, CLOSE = r"""["'“‘(\[{]{0,3}""", r"""["'”’)\]}]{0,3}"""
LINK = r"(?:(?:is|are|be|was|->|[:=→–—-])\s{0,3}){1,2}(?:(?:most|[a-z]{2,20}ly)\s{1,3}){0,2}"
KEYWORD = r"(?<!\w)(?:answers?|choice|option|label|category|class|classification)(?:\s{1,3}[\w'’]{1,20}){0,5}?\s{0,3}"


class Choice(Base, frozen=True, kw_only=True, tag="choice"):
    """1.0 where prediction and reference name the same label, else 0.0; an answer that names none or several scores 0.

    What counts is the last label that is stated ("the answer is B", "Answer: (b)", "\\boxed{B}") or that has a line to
    itself; without such, the only one that is marked ("B) Paris", "**B**", "It is B."), or for labels that are words
    the only one that occurs. Two in one statement ("B or C"), and several lines of one label each, name none; nor does
    a label after `not`. `labels` are the letters A to J unless set. Case is free, but a letter in running text has to
    be as set: `a` is a word.
    """

    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # ValueError: msgspec adds the path.
        if len({_folded(label) for label in self.labels if label.strip()}) != len(self.labels):
            raise ValueError("labels: each has to be a text, and another than the rest, whatever their case")

    def score(self, prediction: str, reference: str) -> float:
        """Score one answer, 0.0 or 1.0."""
        labels = self.labels or LETTERS
        found = named(prediction, labels)
        return float(found is not None and found == named(reference, labels))


class _Patterns(NamedTuple):
    emphasis: re.Pattern[str]
    line: re.Pattern[str]
    stated: re.Pattern[str]
    marked: re.Pattern[str]


def named(text: str, labels: tuple[str, ...]) -> str | None:
    """The label, in folded case, that an answer names; None where it names none or several."""
    patterns = _patterns(labels)
    plain = unicodedata.normalize("NFKC", text[-MOST_CHARS:]).replace("\\boxed", " the answer is ")
    plain = patterns.emphasis.sub(r"(\2)", re.sub(r"\\(?:text|mathrm)(?:bf)?\b|\\mathbf\b", "", plain))
    plain = re.sub(r"[*`$]", "", plain)
    stated, lines = list(patterns.stated.finditer(plain)), list(patterns.line.finditer(plain))
    if not stated and len({_folded(match["label"]) for match in lines}) > 1:
        return None
    if stated or lines:
        last = max((*stated, *lines), key=lambda match: match.start("label"))
        return None if last["more"] else _folded(last["label"])
    marked = {_folded(label) for match in patterns.marked.findall(plain) for label in match if label}
    return marked.pop() if len(marked) == 1 else None


def _folded(label: str) -> str:
    return unicodedata.normalize("NFKC", label).casefold().strip()


@functools.cache
def _patterns(labels: tuple[str, ...]) -> _Patterns:
    plain = sorted((unicodedata.normalize("NFKC", label).strip() for label in labels), key=len, reverse=True)
    letters, words = [one for one in plain if len(one) == 1], [one for one in plain if len(one) > 1]
    whole = rf"(?:{_either(plain)})(?!\w)"
    # a letter in small type only where no word follows: "the answer is a matter of taste"
    small = rf"(?i:{_either(letters)})(?=\s{{0,3}}(?:[^\w\s]|\n|\Z))"
    inside = rf"(?:(?i:{_either(words)})|{_either(letters)}|{small})(?!\w)"
    alone = [one for one in letters if one not in "AI"]  # these two are words
    more = rf"(?P<more>{CLOSE}\s{{0,3}}(?:,?\s{{0,3}}(?i:and|or)\s|[,/&])\s{{0,3}}{OPEN}(?:{inside}))?"
    return _Patterns(
        emphasis=re.compile(rf"(\*{{1,3}}|__|`)\s?({whole})[.:)]?\1", re.IGNORECASE),
        line=re.compile(
            rf"^[^\w\n]*(?:option\s|choice\s)?{OPEN}(?P<label>{whole})[^\w\n]*(?P<more>)$", re.IGNORECASE | re.MULTILINE
        ),
        stated=re.compile(
            rf"(?:(?i:{KEYWORD}{LINK})|(?<!\w)(?i:answer|choose|chose|pick|select)\s{{1,3}})"
            rf"(?i:(?:option|choice|letter)\s{{1,3}})?{OPEN}(?P<label>{inside}){more}"
        ),
        marked=re.compile(
            rf"(?<!\w)(?<!not )(?<!NOT )((?i:{_either(words)}))(?!\w)"
            rf"|(?<![\w.'’-])(?<!not )(?<!NOT )((?i:{_either(letters)}))(?:[)\]}}]|[.:,](?=\s|\Z))"
            rf"|\A\W{{0,3}}({_either(alone)})(?=\s)"
        ),
    )


def _either(labels: Sequence[str]) -> str:
    return "|".join(re.escape(label) for label in labels) or r"(?!)"
