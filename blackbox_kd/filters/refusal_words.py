"""What the patterns of refusals have in common: rules by class, and the words that say cheaply which can match at all.

A pattern sees small letters, `'` for every apostrophe and no Markdown emphasis.
"""

import re
from typing import Literal, NamedTuple

Class = Literal["hard", "soft", "capability", "safety_redirect", "content_filter", "declared"]
ALL: tuple[Class, ...] = ("hard", "soft", "capability", "safety_redirect", "content_filter", "declared")
MARKS = ("", ",", ".", "!", "?", ":", ";", ")", "…")


class Words(NamedTuple):
    """One class in one language: where the pattern matches, each group has one of its words in the text."""

    name: Class
    groups: tuple[frozenset[str], ...]
    pattern: re.Pattern[str]


def rule(name: Class, groups: tuple[str, ...], *patterns: str) -> Words:
    """A rule whose words stand between spaces, with or without a mark after them."""
    return Words(name, tuple(forms(group) for group in groups), re.compile("|".join(patterns)))


def forms(words: str) -> frozenset[str]:
    """Words as `str.split` leaves them in a text."""
    return frozenset(word + mark for word in words.split() for mark in MARKS)


def mixed(words: str) -> str:
    """An alternation of what is written one after another, spaces between; `~` stands for a space."""
    return "(?:" + "|".join(words.split()).replace("~", " ") + ")"
