"""Refusals that no rule has words for, known by all of their wordings together and by the kind of the prompt."""

import functools
import math
import re
from collections.abc import Iterable, Sequence

from blackbox_kd.filters.base import Measured
from blackbox_kd.filters.refusal_asked import DECLINING, JUDGING, QUESTION, VOICE
from blackbox_kd.filters.refusal_words import MARKS
from blackbox_kd.wording import LETTER, grams, tokens, wording

HEAD, TAIL = 400, 200  # characters at either end
SHARE = 0.05  # of what the cues speak for a refusal, a word
KINDS = (
    ("question", QUESTION),
    ("judging", JUDGING),
    ("voice", VOICE),
    ("declining", re.compile(DECLINING)),
)  # of prompts


@functools.cache
def cues() -> dict[str, float]:
    """The words of which nearly every refusal has some, as `str.split` leaves them, and how far each speaks for one."""
    return {word + mark: weight for word, weight in wording("refusal").cues.items() for mark in MARKS}


def suspicious(low: str, words: Sequence[str]) -> bool:
    """Whether a text in small letters, and its words, may be a refusal at all: the longer it is, the more says so."""
    if found := cues().keys() & words:
        glance = wording("refusal").glance
        wanted = min(glance + 1, max(glance - 1, SHARE * len(words)))
        if math.fsum(map(cues().__getitem__, found)) >= wanted:
            return True
    return not low.isascii() and bool(LETTER.search(low))


def by_wording(size: int, low: str, ends: tuple[str, str], prompt: str, forms: Iterable[str]) -> Measured:
    """The class and the words that speak most for it, of a text of that size; `ends` and prompt are folded."""
    model, found = wording("refusal"), features(size, ends, prompt, forms)
    if model.score(found) <= 0:
        return Measured("")
    return Measured(model.kind(found), model.span(low if size <= HEAD + TAIL else low[:HEAD]))


def features(size: int, ends: tuple[str, str], prompt: str, forms: Iterable[str]) -> frozenset[str]:
    """What the model sees: the wordings of both ends, how it opens, its form and length, what kind the prompt is of."""
    words = tokens(ends[0])
    found = grams(words)
    found |= grams(tokens(ends[1]), ">")
    found.update(f"form: {form}" for form in forms)
    found.update(f"^{' '.join(words[:count])}" for count in (1, 2, 3))
    found.add(f"length {min(8, int(math.log2(size + 1)))}")
    found.update(f"prompt: {name}" for name, pattern in KINDS if pattern.search(prompt))
    return frozenset(found)
