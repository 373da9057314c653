"""Whether a text stops before its end: for replies of which nobody knows why they stopped."""

import json
import re
from typing import Literal

from blackbox_kd.filters.sentences import mid_sentence

Cut = Literal[
    "at_limit", "open_reasoning", "open_json", "open_fence", "open_latex", "open_row", "open_mark", "mid_sentence"
]
# What an unfinished literal, number or escape leaves from the place of the parser's error on.
STUMP = re.compile(r"(?:t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|-|\.|[eE][+-]?|u?[0-9a-fA-F]{0,4})?\Z")
FENCE = re.compile(r"^[ \t>]*(?:[-*+][ \t]+|\d+[.)][ \t]+)?(`{3,})([^`\n]*)$", re.MULTILINE)
VALUE = re.compile(r"^[{\[]", re.MULTILINE)
UNENDED = re.compile(r"\\end\{\w*\Z")
DISPLAY = re.compile(r"^[ \t]*(\\\[|\$\$)|(\\\]|\$\$)[ \t]*[.,;]?$", re.MULTILINE)
INLINE = re.compile(r"(?:^|[\s(])\\\((?=[\s\w\\]|\Z)", re.MULTILINE)
DOLLAR = re.compile(r"(?:^|[\s(])\$(?=[^\s$])[^$\n]*[\\^][^$\n]*\Z", re.MULTILINE)
COMMENT = re.compile(r"<!--(?!.*?-->)", re.DOTALL)
CODE_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
OPEN_SPAN = re.compile(r"(?:^|[\s(\[\"*_|])`{1,2}(?=[^\s`'])(?:[^`'\n]|'(?!'))*\Z")
OPEN_LINK = re.compile(r"\]\([^()\s]*\Z|\]\[[^\]\n]*\Z|(?:^|\s)<(?:https?:|[a-z][a-z0-9]* [a-z]+=)[^<>\n]*\Z")
OPEN_BRACKET = re.compile(r"(?:^|[\s*_\"])[(\[](?=[^\s)\]])")
CODED = re.compile(
    r"[;{}]\s*$|^\s*(?:>>>|#include|def |class |import |from |return\b|if .*:$|for .*:$|@\w|\w+ = )|^ {4}|^\t",
    re.MULTILINE,
)
TAIL = 4000  # characters at the end in which rows and sentences are looked at


def cut(text: str, sentences: bool = True) -> Cut | None:
    """How a text was cut, None if nothing says so; `sentences`: whether it may be anywhere in one."""
    body = text.strip()
    if not body:
        return None
    if body.startswith("<think>") and "</think>" not in body:
        return "open_reasoning"
    whole = open_json(body, 0) if body[0] in "{[" else 0
    if whole is None:
        return "open_json"
    rest = body[whole:].lstrip()  # a fence inside a whole value is text
    if not rest:
        return None
    if open_fence(rest):
        return "open_fence"
    value = VALUE.search(rest) if "\n{" in rest or "\n[" in rest else None
    if value and open_json(rest, value.start()) is None:
        return "open_json"
    if open_latex(rest):
        return "open_latex"
    tail = rest[-TAIL:]
    if open_row(tail):
        return "open_row"
    if open_mark(tail):
        return "open_mark"
    return "mid_sentence" if sentences and mid_sentence(tail) else None


def open_json(text: str, at: int) -> int | None:
    """Where the JSON value that begins there ends, `at` if none does; None if it is cut."""
    try:
        return json.JSONDecoder().raw_decode(text, at)[1]
    except json.JSONDecodeError as error:
        return None if STUMP.match(text, error.pos) or error.msg.startswith("Unterminated string") else at
    except RecursionError:
        return None


def open_fence(text: str) -> bool:
    """Whether a code block is not closed. A fence with a language opens one, also inside another; a bare one closes."""
    last = text[text.rfind("\n") + 1 :].strip()
    if last in ("`", "``"):
        return True
    opened: list[int] = []
    for found in FENCE.finditer(text) if "```" in text else ():
        size, kind = len(found[1]), found[2].strip()
        if opened and not kind[:1].isalpha():
            if size >= opened[-1]:
                opened.pop()
        elif not kind or kind[0].isalpha() or kind[0] == "{":
            opened.append(size)
    return len(opened) > 1 or (bool(opened) and text.count("```") % 2 == 1)


def open_latex(text: str) -> bool:
    """Whether an environment or a formula is not closed."""
    if "\\" not in text and "$" not in text:
        return False
    if text.count("\\begin{") > text.count("\\end{") or UNENDED.search(text, max(0, len(text) - 40)):
        return True
    marks = [found.groups() for found in DISPLAY.finditer(text)]
    dollars = sum("$$" in pair for pair in marks)
    if marks and (marks[-1][0] == "\\[" or (dollars % 2 and ("$$", None) in marks)):
        return True
    paragraph = text[text.rfind("\n\n") + 1 :]
    opening = [found.end() for found in INLINE.finditer(paragraph)]
    if opening and "\\)" not in paragraph[opening[-1] :]:
        return True
    return bool(DOLLAR.search(text[text.rfind("\n") + 1 :]))


def open_mark(text: str) -> bool:
    """Whether a comment, a link, code within a line or a bracket is begun in the last paragraph and not ended."""
    if "<!--" in text and COMMENT.search(text):
        return True
    paragraph = text[text.rfind("\n\n") + 1 :].strip()
    if OPEN_LINK.search(paragraph):
        return True
    if not paragraph[-1].isalnum() and paragraph[-1] not in "_-/,":
        return False
    bare = CODE_SPAN.sub("x", paragraph) if "`" in paragraph else paragraph
    if OPEN_SPAN.search(bare):
        return True
    if CODED.search(bare):
        return False
    opening = [found.end() for found in OPEN_BRACKET.finditer(bare)]
    return bool(opening) and not any(mark in bare[opening[-1] :] for mark in ")]}")


def open_row(text: str) -> bool:
    """Whether the last row of a table is shorter than the first, or nothing but its head is there."""
    rows = text[text.rfind("\n\n") + 1 :].strip().split("\n")
    start = next((at for at, row in enumerate(rows) if row.startswith("|")), len(rows))
    rows = rows[start:]
    if not rows or not rows[-1].startswith("|"):
        return False
    cells = rows[0].count("|")
    if len(rows) == 1:
        return cells > 2 and not rows[0].endswith("|")
    return rows[0].endswith("|") and (len(rows) == 2 or not rows[-1].endswith("|") or rows[-1].count("|") < cells)
