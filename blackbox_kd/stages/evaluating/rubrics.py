"""A judge's rubric: a template is read, texts are put in so that none can pass for the rubric, a verdict is read.

Each text stands between two lines with a mark that is a digest of all the texts: no text can hold its own mark, so an
answer can neither end early nor speak to the judge in the rubric's name.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Message
from blackbox_kd.shipped import shipped

PAIRWISE = "judge/pairwise.md"
Verdict = Literal["A", "B", "tie"]
HOLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
PARAGRAPHS = re.compile(r"\n[ \t]*\n")
MARK = "mark"
TITLES = {"answer_a": "answer A", "answer_b": "answer B"}
FORM = "Verdict:"
LAST_LINE = re.compile(r"[\s*_`#>]*verdict[*_`]*:[\s*_`]*(a|b|tie)[\s*_`.]*", re.IGNORECASE)  # Markdown is forgiven
VERDICTS: dict[str, Verdict] = {"a": "A", "b": "B", "tie": "tie"}


def template(own: str, root: Path, ours: str, needed: Sequence[str], optional: Sequence[str] = ()) -> str:
    """The text of the user's own template, or of ours; raises `InputError` naming file and line if it cannot serve."""
    path = root / own if own else shipped(ours)
    try:
        text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}", "Paths start at bbkd.toml.") from None
    known = (*needed, *optional, MARK)
    for number, line in enumerate(text.split("\n"), start=1):
        if unknown := [name for name in HOLE.findall(line) if name not in known]:
            places = ", ".join(f"{{{{{name}}}}}" for name in known)
            raise InputError(f"{path}:{number}: nothing is known by {{{{{unknown[0]}}}}}", f"There are: {places}.")
    for name in needed:
        if name not in HOLE.findall(text):
            raise InputError(f"{path}: it has no {{{{{name}}}}}", "The judge has to see what it judges.")
    if FORM not in text:
        fix = "Ask for a last line `Verdict: A`, `Verdict: B` or `Verdict: tie`."
        raise InputError(f"{path}: it does not ask for `{FORM}`", fix)
    return text


def filled(text: str, texts: Mapping[str, str | None]) -> str:
    """The template with each text between its marks; a paragraph is left out where a text that it names is None."""
    mark = mark_of([part for part in texts.values() if part is not None])
    absent = {name for name, part in texts.items() if part is None}
    kept = [one for one in PARAGRAPHS.split(text) if absent.isdisjoint(HOLE.findall(one))]

    def put(hole: re.Match[str]) -> str:
        name = hole[1]
        return mark if name == MARK else f"<<<{mark} {TITLES.get(name, name)}\n{texts[name]}\n{mark}>>>"

    return HOLE.sub(put, "\n\n".join(kept))


def mark_of(texts: Sequence[str]) -> str:
    """A mark of 16 hex digits, the same for the same texts, that stands in none of them."""
    whole, number = "\0".join(texts), 0
    while (mark := text_digest("mark", str(number), *texts)) in whole:
        number += 1
    return mark


def verdict_of(reply: str) -> Verdict | None:
    """The verdict on the last line of a reply, the only one that counts; None if there is none."""
    lines = reply.rstrip().splitlines()
    found = LAST_LINE.fullmatch(lines[-1]) if lines else None
    return VERDICTS[found[1].lower()] if found else None


def transcript(messages: Sequence[Message]) -> str:
    """A prompt as one text: the user's words alone where that is all, else every turn with its role."""
    if len(messages) == 1 and messages[0].role == "user":
        return messages[0].content
    return "\n\n".join(f"{one.role}: {one.content}" for one in messages)
