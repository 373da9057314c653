"""Whether a text stops inside a sentence, an item or a row, or before what it announces.

A text that ends in a full stop, or in what closes something, is taken to be whole. Of any other a linear model of
endings says it, learnt from texts that are whole and the same texts, cut (benchmarks/filter/learn.py): from the last
words, from how much of a sentence they are, and from how the paragraphs, lines and items before them end.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from blackbox_kd.wording import LETTER, wording

DONE = frozenset(".!?…。！？｡؟।:：;；\"'”’»)]」』）】*_`|>")
GOES_ON = frozenset(",(„[{、，（「『-–—")  # what nothing ends with
QUOTES = frozenset('"“«')
FACES = frozenset(":;=")  # :( is an end
QUIET = re.compile(r"[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]")  # scripts that end a sentence with a space
MARK = re.compile(r"[ \t]*(?:[-*+•–]|\d{1,3}[.)]|\(?[a-z][.)])(?:[ \t]+|\Z)")
BARE = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)]|#{1,6})\Z")
HEADING = re.compile(r"#{2,6} ")
TITLES = r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\b[A-Z])(?<!\b[ei]\.[eg])"
SENTENCE = re.compile(rf"{TITLES}[.!?…][\"'”’»)\]*`]*\s+(?=[\"'“«(*`]*\w)|[。！？][」』）]*")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
LABEL = re.compile(r".{1,60}?(?::|：| [-–—] )")
PAIR = re.compile(r"\s*[\w -]+: ")
SIGNED = re.compile(r"(\A|[,—–\n-])\s*(?:[A-ZÀ-ÞА-Я][\w.’']*(?:[\s-]+|\Z)){1,4}\Z")
CODED = re.compile(
    r"[;{}]\s*$|^\s*(?:>>>|\$ |#include|def |class |import |from |return\b|if .*:$|for .*:$|@\w|\w+ = |:\w)"
    r"|://|->|::|^ {4}|^\t",
    re.MULTILINE,
)
CODE_WORD = re.compile(r"\w\(|[{}<>=|\\]|\w_\w")
LEADS = "(\"'“«[*_`„「（"  # what opens before a word
PAIRS = ("()", "[]", "{}", "“”", "«»")
EVEN = ("**", '"')
EARLIER, ITEMS = 8, 60  # paragraphs, and lines with items, that are looked at before the last
SIGNATURE = 80  # characters in which a name stands at the end
LINE = 60  # characters; lines that are all shorter may be verse, an address, a list without marks


class Ending(NamedTuple):
    """The last part of a text."""

    text: str
    earlier: list[str]  # the paragraphs before the last
    lines: list[str]  # of the last paragraph
    kind: str  # of the last line
    body: str  # the item, row, heading or paragraph that the text ends in
    piece: str  # what there is of its last sentence
    words: list[str]  # of the piece
    several: str  # "several" sentences in the body, or "one"


def mid_sentence(text: str) -> bool:
    """Whether a text stops inside a sentence or a list's item, or before what it announces."""
    text = text.rstrip()
    last = text[text.rfind("\n") + 1 :]
    if HEADING.match(last):
        return "\n" in text
    return unended(text, last) and wording("ending").score(features(text)) > 0


def unended(text: str, last: str) -> bool:
    """Whether a text may have been cut: its last character closes nothing."""
    end, before = text[-1], text[-2:-1]
    if BARE.match(last):
        return last != text
    if end in QUOTES:
        return before.isspace()
    return (end.isalnum() and not QUIET.match(end)) or (end in GOES_ON and before not in FACES)


def features(text: str) -> set[str]:
    """What the model knows a text by; of one that does not end in blanks."""
    ending = parsed(text)
    makers = (of_marks, of_words, of_sizes, of_beginnings, of_earlier, of_lines)
    return {found for maker in makers for found in maker(ending)}


def parsed(text: str) -> Ending:
    """A text, taken apart."""
    paragraphs = [part for part in text.split("\n\n") if part.strip()]
    lines = [line for line in paragraphs[-1].split("\n") if line.strip()]
    start = next((at for at in range(len(lines) - 1, -1, -1) if MARK.match(lines[at])), None)
    if start is not None and all(line[:1] in " \t" for line in lines[start + 1 :]):
        kind, body = "item", MARK.sub("", "\n".join(lines[start:]), count=1)
    else:
        kind = kind_of(lines[-1])
        body = lines[-1] if kind in ("heading", "row") else "\n".join(lines)
    sentences = SENTENCE.split(body)
    several = "several" if len(sentences) > 1 else "one"
    return Ending(text, paragraphs[:-1], lines, kind, body, sentences[-1], sentences[-1].split(), several)


def kind_of(line: str) -> str:
    """What sort of line it is."""
    if MARK.match(line):
        return "item"
    first = line.lstrip()[:1]
    return {"#": "heading", "|": "row", ">": "quotation"}.get(first, "indented" if line[:1] in " \t" else "text")


def case_of(word: str) -> str:
    """How a word begins, or that it is all in capitals or mixed."""
    if not word or LETTER.match(word) or not word[0].isalpha():
        return "none" if not word else "alone" if LETTER.match(word) else "digit" if word[0].isdigit() else "mark"
    if word[0].isupper():
        return "upper" if word.isupper() and len(word) > 1 else "title"
    return "lower" if word == word.lower() else "mixed"


def within(number: float, *bounds: int) -> str:
    """The first bound that a number does not pass."""
    return next((str(bound) for bound in bounds if number <= bound), "more")


def mark_of(text: str) -> str:
    """The last character, letters and digits by their kind."""
    end = text[-1:]
    return ("9" if end.isdigit() else "字" if LETTER.match(end) else "x") if end.isalnum() else end


def share(parts: Sequence[bool]) -> str:
    """Of how many it holds."""
    return "none" if not parts else "all" if all(parts) else "some" if any(parts) else "no"


def of_marks(ending: Ending) -> Iterator[str]:
    """The last character, what is opened and not closed, and signs of code."""
    mark, kind = mark_of(ending.text), ending.kind
    yield from (f"mark {mark}", f"mark {mark} {kind}", f"kind {kind} {ending.several}")
    paragraph = "\n".join(ending.lines)
    opened = [pair for pair in PAIRS if paragraph.count(pair[0]) > paragraph.count(pair[1])]
    for pair in [*opened, *(even for even in EVEN if paragraph.count(even) % 2)]:
        yield from (f"open {pair}", f"open {pair} {kind}")
    if CODED.search(paragraph):
        yield from ("coded", f"coded {kind} {ending.several}", f"coded {mark}")
    odd = sum(bool(CODE_WORD.search(word)) for word in ending.words)
    yield f"odd {within(100 * odd / max(1, len(ending.words)), 0, 10, 25, 50)} {kind}"
    if signed := SIGNED.search(paragraph[-SIGNATURE:]):
        yield f"signed {signed[1]}"
    if "```" in ending.text:
        yield "fenced"


def of_words(ending: Ending) -> Iterator[str]:
    """The last words: which they are, how they end, and whether the text has that one elsewhere, or a longer one."""
    piece, words = ending.piece, ending.words
    if LETTER.match(ending.text[-1]):
        yield from (f"end {piece[-size:]}" for size in range(1, 5))
        yield f"alone {within(len(piece), 2, 4, 7, 12, 20, 40)} {ending.kind} {ending.several}"
        return
    last = words[-1] if words else ""
    bare = last.lstrip(LEADS)
    lead, bare = last[: len(last) - len(bare)], bare.rstrip("-–—")
    case, low = case_of(bare), bare.lower()
    yield from (f"word {last.lower()}", f"word {last.lower()} {ending.kind}")
    yield from (f"end {low[-size:]}" for size in range(1, 6) if len(low) > size)
    yield f"letters {within(len(bare), 1, 2, 3, 4, 6, 9, 13, 20)}"
    yield from (f"case {case} {lead}", f"case {case} {ending.kind} {ending.several}")
    if low[-1:].isalpha():
        others = set(WORD.findall(ending.text[: len(ending.text) - len(bare)].lower()))
        seen = "here" if low in others else "stump" if any(word.startswith(low) for word in others) else "new"
        yield from (f"seen {seen} {case}", f"seen {seen} {within(len(low), 2, 3, 5, 8)}")
    if CODE_WORD.search(last):
        yield "code word"
    if any(sign in last for sign in "./@\\"):
        yield "address"
    yield from (f"before {back} {words[-1 - back].lower()}" for back in (1, 2) if len(words) > back)
    if len(words) > 1:
        yield f"two {words[-2].lower()} {last.lower()}"
        yield f"before {case_of(words[-2].lstrip('('))} {case}"
        yield f"before {mark_of(words[-2])}"


def of_sizes(ending: Ending) -> Iterator[str]:
    """How much there is: of the sentence, the paragraph, the text."""
    kind, several = ending.kind, ending.several
    count = within(len(ending.words), 0, 1, 2, 3, 5, 8, 12, 20)
    yield from (f"words {count} {kind} {several}", f"words {count} {several}")
    single = "alone" if not ending.earlier and len(ending.lines) == 1 else "after others"
    yield f"words {count} {single} {several}"
    yield f"paragraphs {within(len(ending.earlier), 0, 1, 2, 4, 8)}"
    yield f"lines {within(len(ending.lines), 1, 2, 3, 5, 9)} {kind}"
    yield f"length {within(len(ending.text), 20, 40, 80, 120, 200, 400, 1000)} {kind}"
    yield f"body {within(len(ending.body), 20, 40, 80, 120, 200, 400)} {kind} {several}"


def of_beginnings(ending: Ending) -> Iterator[str]:
    """How the last sentence and the text begin."""
    if ending.words:
        first = ending.words[0]
        count = within(len(ending.words), 1, 2, 3, 5, 8, 12, 20)
        yield from (f"first {first.lower()}", f"first {case_of(first)} {ending.several}")
        yield f"first {case_of(first)} {ending.kind} {count}"
    opening = ending.text.split(None, 1)[0]
    yield from (f"opening {opening.lower()}", f"opening {case_of(opening)}")


def of_earlier(ending: Ending) -> Iterator[str]:
    """How the paragraphs and the items before the last end."""
    kind, count = ending.kind, within(len(ending.words), 0, 1, 2, 3, 5, 8, 12, 20)
    texts = [part.rstrip() for part in ending.earlier[-EARLIER:] if len(part) > LINE // 2]
    running = [one for one in texts if kind_of(one[one.rfind("\n") + 1 :]) in ("text", "item", "quotation")]
    ended = share([one[-1] in DONE for one in running])
    yield from (f"earlier {ended} {kind}", f"earlier {ended} {kind} {count}", f"earlier {ended} {ending.several}")
    if kind != "item":
        return
    marked = [line for line in ending.text.split("\n")[-ITEMS:] if MARK.match(line)][:-1]
    items = [MARK.sub("", line, count=1) or "-" for line in marked]
    ended = share([one.rstrip()[-1] in DONE for one in items])
    yield from (f"items {ended}", f"items {ended} {count}", f"items {ended} {ending.several}")
    yield f"items {within(len(items), 0, 1, 2, 4, 8)}"
    if not ending.body:
        yield "items empty"
    if items:
        usual = sum(map(len, items)) / len(items)
        yield f"shorter {len(ending.body) * 2 < min(map(len, items))}"
        yield f"size {within(100 * len(ending.body) / usual, 25, 50, 80, 120, 200)} {ended}"
        yield f"labels {share([bool(LABEL.match(one)) for one in items])} {bool(LABEL.match(ending.body))}"


def of_lines(ending: Ending) -> Iterator[str]:
    """Whether the lines of the last paragraph are running text, verse or a list without marks."""
    lines = ending.lines
    if len(lines) == 1:
        return
    widest = max(map(len, lines[:-1]))
    form = "short" if widest < LINE else "wide"
    yield f"widest {within(widest, 30, 50, 60, 72, 80, 100, 150)} {ending.kind}"
    yield f"small {share([line.lstrip()[0].islower() for line in lines[1:]])} {form}"
    yield f"last line {within(100 * len(lines[-1]) / widest, 20, 50, 80, 100)} {form}"
    yield f"above {mark_of(lines[-2].rstrip())} {case_of(lines[-1].lstrip())} {form}"
    yield f"pairs {share([bool(PAIR.match(line)) for line in lines])}"
