"""Answers in which the teacher declines instead of doing the task, wholly or in part."""

import re
from collections.abc import Iterator
from typing import ClassVar

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.filters.refusal_asked import DECLINING, fits, names
from blackbox_kd.filters.refusal_east import EAST, EASTERN
from blackbox_kd.filters.refusal_english import ENGLISH
from blackbox_kd.filters.refusal_french import FRENCH
from blackbox_kd.filters.refusal_german import GERMAN
from blackbox_kd.filters.refusal_iberian import IBERIAN
from blackbox_kd.filters.refusal_russian import RUSSIAN
from blackbox_kd.filters.refusal_voices import LETTER, SIGNED, forms_of, narrated
from blackbox_kd.filters.refusal_wording import HEAD, TAIL, by_wording, features, suspicious
from blackbox_kd.filters.refusal_words import ALL, DENIED, Class, I, Words
from blackbox_kd.records import Completion, Span, Verdict

GAP = "\n\n"  # between both ends
BEFORE, NAMED = 120, 90  # characters before and after "I won't ...", in which what was asked for is named
TOLD = ("own_voice", "named")  # rules that need it to be
# Whoever only sends elsewhere, or offers another topic, does not answer at length besides.
LONGEST: dict[Class, int] = {"content_filter": 600, "safety_redirect": 900}
NOT_LAST: tuple[Class, ...] = ("safety_redirect", "content_filter")  # said at the end, they are no refusal
WORDS = (*ENGLISH, *IBERIAN, *FRENCH, *GERMAN, *RUSSIAN)
KEYS: dict[str, list[int]] = {}  # by word, the rules whose first group has it
for number, one in enumerate(WORDS):
    for word in one.groups[0]:
        KEYS.setdefault(word, []).append(number)
RARE = frozenset(KEYS)
CUES = frozenset(word for one in WORDS for group in one.groups for word in group)
DATA = re.compile(r"\s*(?:\{|\[\s*[\[\"{\d\]])")
ENDS = re.compile(r"[.!?\n。！？]")
OPENING = " \n[(⚠\ufe0f"  # of a provider's message
MARKUP = re.compile(r"[*_#`~]")
NONE = Measured("")

# A prompt that asks for a text in which somebody declines.
WRITING = (
    r"(?:writ|draft|compos|reply|respond|e-?mail|letter|message|story|dialogue|script|scene|text to|say to|polite"
    r"|customer|escrib|redact|écri|rédig|schreib|verfass|escrev|redij|напиши|составь|写|回复|書いて|作成)"
)
ASKED = re.compile(rf"{WRITING}[^.!?\n。]{{0,120}}{DECLINING}|{DECLINING}[^.!?\n。]{{0,60}}{WRITING}")
GIVEN = re.compile(
    rf"(?:translat|rephras|paraphras|rewrit|proofread|correct the|classif|label|summari[sz]|traduc|tradui|traduz"
    rf"|übersetz|перевед|переведи|翻译|翻譯|訳し)[\s\S]{{0,1500}}(?:{DECLINING}|no puedo|ne peux|nicht|não posso|не"
    rf" могу|无法|不能|できません)"
)
ITSELF = re.compile(r"\bas an? (?:\w+ )?(?:ai|language model)\b|\bmy (?:guidelines|programming|polic)|\bopenai")


class Refusal(RowRule, frozen=True, kw_only=True, tag="refusal"):
    """Rejects refusals of the classes in `reject`: the first person, unable or unwilling, at the start or at the end.

    hard (declines), soft (in part, or for another topic), capability (cannot browse, see, remember), safety_redirect
    (to professionals or help lines), content_filter (a provider's message in place of an answer), declared (by the
    provider). English, Spanish, French, German, Portuguese, Russian, Chinese, Japanese; some Italian and Korean. Words
    alone ("illegal", "sorry") prove nothing; a letter, a dialogue or data in which somebody declines is an answer. All of
    a text's wording has to sound like a refusal, much where no rule has words for it (`refusal_wording`).
    """

    thresholds: ClassVar[frozenset[str]] = frozenset({"reject"})
    reject: tuple[Class, ...] = ALL

    def measure(self, completion: Completion) -> Measured:
        """The class of the refusal and its words; "" where there is none."""
        if completion.finish_reason == "refusal":
            return Measured("declared")
        if completion.finish_reason == "content_filter":
            return Measured("content_filter")
        return found_in(completion.text, completion)

    def decide(self, found: Measured) -> Verdict:
        """Reject a refusal; the reason is its class."""
        kept = found.value not in self.reject
        reason = "" if kept else str(found.value)
        return Verdict(rule=self.name, kept=kept, reason=reason, value=found.value, span=found.span)


def found_in(text: str, completion: Completion) -> Measured:
    """The class of a refusal and where its words stand; "" where there is none: by the rules, and by its wordings."""
    part = part_of(text)
    low = lowered(part)
    words = words_of(low)
    if not suspicious(low, words) or DATA.match(part):
        return NONE
    asked, rules = prompt_of(completion), list(possible(low, words))
    found = best(text, part, low, [one for one in rules if not one.need or fits(one.need, asked)], asked)
    if found.span and asked_for(asked, low):
        return NONE
    return by_wording(len(text), low, ends_of(text, low), asked, forms_of(low), found)


def part_of(text: str) -> str:
    """Both ends of a text, or the whole of a short one."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}{GAP}{text[-TAIL:]}"


def ends_of(text: str, low: str) -> tuple[str, str]:
    """The first and the last part of a text, folded; no last part of a short one."""
    if len(text) <= HEAD + TAIL:
        return folded(low), ""
    return folded(low[:HEAD]), folded(low[-TAIL:])


def seen(text: str, prompt: str) -> frozenset[str]:
    """The features of a text and the end of its prompt, to learn from."""
    low = lowered(part_of(text))
    return features(len(text), ends_of(text, low), folded(lowered(prompt[-2000:])), forms_of(low))


def words_of(low: str) -> list[str]:
    """The words of a text in small letters, marks still at them."""
    return (low.replace("*", " ") if "*" in low else low.lstrip(OPENING)).replace("—", " ").split()


def best(text: str, part: str, low: str, rules: list[Words], asked: str) -> Measured:
    """The first rule that matches where the teacher itself speaks."""
    plain = folded(low)
    denied = denials(plain) if any(one.after_i for one in rules) else []
    for one in rules:
        if len(text) > LONGEST.get(one.name, len(text)):
            continue
        for first, final in spans(one, plain, denied):
            start, end = place(low, first), place(low, final)
            last = start >= HEAD and len(text) > HEAD + TAIL
            if one.need in TOLD and (last or not names(asked, plain[max(first, final - BEFORE) : final + NAMED])):
                continue
            if (last and one.name in NOT_LAST) or narrated(plain, first, final):
                continue
            if LETTER.match(low) or SIGNED.search(low):
                return NONE
            shift = len(text) - len(part) if last else 0
            return Measured("soft" if last and one.name == "hard" else one.name, (start + shift, end + shift))
    return NONE


def denials(plain: str) -> list[Span]:
    """Every "I" of the teacher's own that is soon followed by a word of not doing."""
    return [me.span() for me in I.finditer(plain) if DENIED.search(plain, me.end(), me.end() + 60)]


def spans(one: Words, plain: str, denied: list[Span]) -> Iterator[Span]:
    """Where a rule matches."""
    if one.after_i:
        for start, end in denied:
            if match := one.pattern.match(plain, end):
                yield start, match.end()
    elif one.cue:
        done = 0
        for cue in one.cue.finditer(plain):
            if cue.start() < done:
                continue
            start, done = sentence(plain, cue.start())
            if match := one.pattern.search(plain[start:done]):
                yield start + match.start(), start + match.end()
    else:
        for match in one.pattern.finditer(plain):
            yield match.span()


def sentence(plain: str, at: int) -> Span:
    """The sentence at a place, and what ends it."""
    low, high = max(0, at - 200), min(len(plain), at + 200)
    end = ENDS.search(plain, at, high)
    before = max(plain.rfind(mark, low, at) for mark in ".!?\n。！？")
    return max(low, before + 1), end.end() if end else high


def possible(low: str, words: list[str]) -> Iterator[Words]:
    """The rules whose words are in a text."""
    if keys := RARE.intersection(words):
        hits = CUES.intersection(words)
        for number in sorted({number for key in keys for number in KEYS[key]}):
            if not any(map(hits.isdisjoint, WORDS[number].groups[1:])):
                yield WORDS[number]
    if not low.isascii() and EASTERN.search(low):
        yield from EAST


def lowered(part: str) -> str:
    """Small letters, one kind of apostrophe and space; each character in its place."""
    if part.isascii():
        return part.lower()
    low = part.replace("İ", "i").lower()  # the one letter that has two characters when it is small
    return low.replace("’", "'").replace("‘", "'").replace("´", "'").replace("\u00a0", " ").replace("\u202f", " ")


def folded(low: str) -> str:
    """No emphasis, no white space before."""
    return MARKUP.sub("", low).lstrip()


def place(low: str, at: int) -> int:
    """Where a character of the folded text stands before folding."""
    left = at + len(low) - len(MARKUP.sub("", low).lstrip()) - len(MARKUP.findall(low))  # white space before the text
    for mark in MARKUP.finditer(low):
        if mark.start() > left:
            break
        left += 1
    return left


def prompt_of(completion: Completion) -> str:
    """The end of the last turn, in small letters."""
    return folded(lowered(completion.messages[-1].content[-2000:])) if completion.messages else ""


def asked_for(asked: str, low: str) -> bool:
    """Whether the prompt asks to write, translate or label a text in which somebody else than an AI declines."""
    if not ASKED.search(asked) and not GIVEN.search(asked):
        return False
    return not ITSELF.search(folded(low[:HEAD]))
