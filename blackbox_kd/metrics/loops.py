"""Loops: whether an answer ends in the same words over and over, as models do that do not find an end."""

from blackbox_kd.repeats import endings

MOST_CHARS = 100_000  # the end of a longer text is looked at
TIMES, CHARS, LINES = 3, 40, 4
PLAIN_TIMES, PLAIN_CHARS = 8, 400  # where honest text repeats itself: no letters, table rows, an open code block


def loops(text: str) -> bool:
    """Whether the text ends in a block that stands there 3 times or more over 40 characters, or in a line 4 times.

    What has no letters (rules, equal numbers), a table's row and the inside of a code block have to repeat 8 times or
    more, over 400 characters.
    """
    tail = text[-MOST_CHARS:].rstrip()
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    if not lines:
        return False
    plain = tail.count("```") % 2 == 1 or lines[-1].startswith("|")
    same = next((index for index, line in enumerate(reversed(lines)) if line != lines[-1]), len(lines))
    if same >= LINES and not plain and _lettered(lines[-1]):
        return True
    strict = (PLAIN_TIMES, PLAIN_CHARS)
    return repeats(tail, *strict) or (not plain and repeats(tail, TIMES, CHARS, lettered=True))


def repeats(text: str, times: int, chars: int, lettered: bool = False) -> bool:
    """Whether the text ends in a block that stands there so often, over so many characters, and has a letter.

    What the last copy has after it, a space or line end, may be missing.
    """
    probe = max(1, chars - (chars + 1) // times)  # what a block says again at the least
    return any(
        stretch.end - stretch.start >= max(times * stretch.period - 1, chars)
        and (not lettered or _lettered(text[-stretch.period :]))
        for stretch in endings(text, probe)
    )


def _lettered(block: str) -> bool:
    return any(char.isalpha() for char in block)
