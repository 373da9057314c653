"""Refusals that no rule has words for, known by all of their wordings together and by the kind of the prompt."""

import functools
import math
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from blackbox_kd.filters.base import Measured
from blackbox_kd.filters.refusal_asked import DECLINING, JUDGING, QUESTION, VOICE
from blackbox_kd.filters.refusal_words import MARKS
from blackbox_kd.wording import LETTER, grams, tokens, wording

HEAD, TAIL = 400, 200  # characters at either end
FEW = 12  # words of a text that is looked at anyway
STEM = 5  # letters of a word that its forms share
RULE = 3.5  # log odds that a rule's match is worth
KINDS = (
    ("question", QUESTION),
    ("judging", JUDGING),
    ("voice", VOICE),
    ("declining", re.compile(DECLINING)),
)  # of prompts


@functools.cache
def cues() -> dict[str, float]:
    """The words that refusals have, as `str.split` leaves them, and how far each speaks for or against one."""
    return {word + mark: weight for word, weight in wording("ordinary").cues.items() for mark in MARKS}


def suspicious(low: str, words: Sequence[str]) -> bool:
    """Whether a text in small letters, and its words, may be a refusal at all."""
    if len(words) <= FEW or math.fsum(map(cues().__getitem__, cues().keys() & words)) >= wording("ordinary").glance:
        return True
    return not low.isascii() and bool(LETTER.search(low))


def by_wording(
    size: int, low: str, ends: tuple[str, str], prompt: str, forms: Iterable[str], ruled: Measured
) -> Measured:
    """The class and the words that speak most for it, of a text of that size; `ends` and prompt are folded.

    It is unlike ordinary text, and unlike what only looks like a refusal: two models, of which each has to say so. A rule
    that found something says where, but its words have to sound like a refusal, too.
    """
    model, found = wording("refusal"), features(size, ends, prompt, forms)
    wanted = -RULE if ruled.span else 0.0
    if wording("ordinary").score(found) <= wanted or model.score(found) <= wanted:
        return Measured("")
    if ruled.span:
        return ruled
    return Measured(model.kind(found), model.span(low if size <= HEAD + TAIL else low[:HEAD]))


def features(size: int, ends: tuple[str, str], prompt: str, forms: Iterable[str]) -> frozenset[str]:
    """What the model sees: the wordings of both ends, how it opens, its form and length, what kind the prompt is of."""
    words, last = tokens(ends[0]), tokens(ends[1])
    found = grams(words) | grams(last, ">") | stems(words) | stems(last)
    found.update(f"form: {form}" for form in forms)
    found.update(f"^{' '.join(words[:count])}" for count in (1, 2, 3))
    found.add(f"length {min(8, int(math.log2(size + 1)))}")
    found.update(f"prompt: {name}" for name, pattern in KINDS if pattern.search(prompt))
    return frozenset(found)


def stems(words: Sequence[str]) -> set[str]:
    """The stems of words, and pairs of them: the forms of a word in one."""
    cut = [word[:STEM] for word in words]
    return {f"{stem}-" for stem in cut} | {f"{first}- {second}-" for first, second in pairwise(cut)}
