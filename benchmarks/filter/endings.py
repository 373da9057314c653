"""Texts that are whole and texts that were cut, from which the model of endings is learnt.

Nobody has to label them: a text is whole as it was found, and cut anywhere before its end, but never where a sentence
or a line ends, since nobody could tell. Only those are learnt from of which the model will be asked.
"""

import json
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.filter.installed import HEADING, messages, texts
from blackbox_kd.filters.endings import TAIL, cut
from blackbox_kd.filters.sentences import unended
from blackbox_kd.wording import LETTER

LABELLED = Path(__file__).parent / "labelled"
ENDS = ".!?。！？:：;；"
SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
UNLIKE = re.compile(r"^[-=~:>*|]|^\w+ ?:|::|>>>", re.MULTILINE)  # lists of parameters, code: no running text
SHORT, WIDE = 60, 2.2  # letters, of which a character of a script without spaces counts for more
PROSE, MARKDOWN, WRITTEN, TRANSLATED = 2, 4, 3, 5  # times that a text is cut
WHOLE, STUB = 3.0, 0.1  # weight of a labelled text that is whole, and of a short one that is cut
MOST, FEW = 30_000, 1500  # texts of each kind, and short ones


class Example(NamedTuple):
    """A text; its kind is "cut", or "" if it is whole."""

    kind: str
    text: str
    weight: float = 1.0


def examples(seed: int = 1) -> Iterator[Example]:
    """What is learnt from, each text as the model sees it."""
    source = random.Random(seed)
    for each in (installed(source), short(source), written(source)):
        yield from (one._replace(text=one.text.strip()[-TAIL:]) for one in each if asked(one.text))


def asked(text: str) -> bool:
    """Whether nothing but the model can say if a text was cut."""
    text = text.strip()
    return bool(text) and unended(text, text[text.rfind("\n") + 1 :]) and cut(text, sentences=False) is None


def cut_anywhere(text: str, source: random.Random) -> str:
    """A text up to a random place behind its first fifth, half of the time between words; empty if it is too short."""
    places = [
        place
        for place in range(max(8, len(text) // 5), len(text) - 1)
        if text[place] != "\n" and not text[place - 1].isspace() and text[place - 1] not in ENDS
    ]
    if source.random() < 0.5:
        places = [place for place in places if text[place] == " " or LETTER.match(text[place])] or places
    return text[: source.choice(places)] if places else ""


def installed(source: random.Random) -> Iterator[Example]:
    """Text that nobody here wrote; code and configuration only as they are."""
    for kind, each in texts(MOST, of="learn").items():
        yield from (Example("", text) for text in each)
        if kind == "prose":
            running = [one for one in each if one.endswith(".") and "  " not in one and not UNLIKE.search(one)]
            yield from (Example("cut", cut_anywhere(text, source)) for text in running for _ in range(PROSE))
        if kind == "markdown":
            yield from (Example("cut", cut_anywhere(text, source)) for text in each for _ in range(MARKDOWN))
            yield from (Example("", text.split("\n")[0].lstrip("# ")) for text in each if HEADING.match(text))


def short(source: random.Random) -> Iterator[Example]:
    """Docstrings of a line, and what programs say, in eight languages."""
    few = [one for one in texts(MOST, of="learn", sizes=(8, 199))["prose"] if asked(one)]
    yield from (Example("", text) for text in source.sample(few, min(len(few), 3 * FEW)))
    for each in messages("learn").values():
        few = [one for one in each if len(one) <= 160 and asked(one)]
        yield from (Example("", text) for text in source.sample(few, min(len(few), FEW // 2)))


def written(source: random.Random) -> Iterator[Example]:
    """The texts labelled for the filters, whole and cut, and their first sentences without a full stop."""
    rows = [row for name in ("refusal", "identity") for row in labelled(name)]
    for row in rows:
        yield Example("", row["text"], WHOLE)
        for _ in range(WRITTEN if row["language"] == "en" else TRANSLATED):
            part = cut_anywhere(row["text"], source)
            yield Example("cut", part, 0.5 if wide(part) > SHORT else STUB)
    firsts = [SENTENCE.split(row["text"])[0].strip() for row in rows]
    stripped = dict.fromkeys(
        one[:-1] for one in firsts if 10 <= len(one) <= 90 and one[-1] in ".!。！" and "\n" not in one
    )
    yield from (Example("", text) for text in source.sample(list(stripped), FEW))
    yield from (Example(row["class"], row["text"], WHOLE) for row in labelled("ending"))


def wide(text: str) -> float:
    """How long a text is in letters."""
    alone = len(LETTER.findall(text))
    return len(text) + (WIDE - 1) * alone


def labelled(name: str) -> Iterable[dict[str, Any]]:
    """The rows of a file, each text once."""
    rows = [json.loads(line) for line in (LABELLED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return {row["text"]: row for row in rows}.values()
