"""What the patterns of refusals have in common: rules by class, and the words that say cheaply which can match at all.

A pattern sees small letters, `'` for every apostrophe and no Markdown emphasis.
"""

import re
from typing import Literal, NamedTuple

Class = Literal["hard", "soft", "capability", "safety_redirect", "content_filter", "declared"]
ALL: tuple[Class, ...] = ("hard", "soft", "capability", "safety_redirect", "content_filter", "declared")
MARKS = ("", ",", ".", "!", "?", ":", ";", "…")
ME = "i i'm im i'll i'd i've"


Need = Literal["", "request", "deed", "own_voice", "named"]  # what the prompt has to be; see `asking.fits`


class Words(NamedTuple):
    """One class in one language: where the pattern matches, each group has one of its words in the text."""

    name: Class
    groups: tuple[frozenset[str], ...]
    pattern: re.Pattern[str]
    cue: re.Pattern[str] | None = None  # quickly found; the pattern is looked for in the sentences that have it
    after_i: bool = False  # the pattern goes on after an English "I" that is the teacher's own
    need: Need = ""  # it is no refusal where the prompt is of another kind


def rule(name: Class, groups: tuple[str, ...], *patterns: str) -> Words:
    """A rule whose words stand between spaces, with or without a mark after them."""
    return Words(name, tuple(forms(group) for group in groups), re.compile("|".join(patterns)))


def near(cue: str, name: Class, groups: tuple[str, ...], *patterns: str) -> Words:
    """A rule whose patterns are looked for in the sentences that have a cue."""
    return rule(name, groups, *patterns)._replace(cue=re.compile(cue))


def mine(name: Class, groups: tuple[str, ...], *patterns: str) -> Words:
    """A rule whose patterns go on after "I"."""
    return rule(name, (ME, *groups), *patterns)._replace(after_i=True)


def forms(words: str) -> frozenset[str]:
    """Words as `str.split` leaves them in a text."""
    return frozenset(word + mark for word in words.split() for mark in MARKS)


def mixed(words: str) -> str:
    """An alternation of what is written one after another, spaces between; `~` stands for a space."""
    return "(?:" + "|".join(words.split()).replace("~", " ") + ")"


def behind(words: str) -> str:
    """An "i" that stands right after one of the words."""
    return "|".join(rf"(?<=\b{word} i)" for word in words.split())


# "I" opens a sentence or a clause, or follows one of these: "he thinks I cannot help" is a story.
BEFORE = (
    "but so and or because since as which that means unfortunately regrettably sadly however sorry afraid apologies"
    " apologize apologise therefore thus hence while though although yet currently time now reason reasons why ai"
    " model assistant like reflection respectfully request here no nope okay ok hi hello hey well honestly if"
)
START = r"(?<=^i)|(?<=\ni)|(?<=[^\w\s\"“”„«'] i)|(?<=[^\w\s\"“”„«'(]i)|(?<=  i)"
I = re.compile(rf"i(?!\w)(?<![\w'\"“]i)(?:{START}|{behind(BEFORE)})")  # noqa: E741  the pronoun
DENIED = re.compile(  # what stands soon after "I" in all that a rule finds there
    "n't|not |cannot|cant |wont |unable|unwilling|prohib|forbid|incapab|restrict|uncomfort|hesita|reluct|barred"
    "|bound|declin|refus|rather|prefer|lack|only|never|no |nt |pass|left|omit|skip|exclud|remov|keep|leave|stop"
    "|turn|draw|say no|sit |opt|abstain|refrain|steer|end th|without|must|have to|need to|program|design|built"
    "|trained|made|inform|emphas|stress|remind|point out|clarif|warn|note|be clear|let you|disservice|neither|text"
    "|longer|choos|chosen|decid|opt|elect|uneasy|avoid|kept|but not"
)
