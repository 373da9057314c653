"""The simulated teacher as a judge of two answers: it reads a rubric's marked texts and knows the oracle. Pure."""

import random
import re

from blackbox_kd.tasks.base import Task

MARKED = re.compile(r"^<<<([0-9a-f]{16}) ([^\n]*)\n(.*?)\n\1>>>$", re.DOTALL | re.MULTILINE)
OTHER = {"Verdict: A": "Verdict: B", "Verdict: B": "Verdict: A", "Verdict: tie": "Verdict: A"}


def verdict(text: str, task: Task, rng: random.Random) -> str | None:
    """Which of two answers the task's oracle calls right; None where the text is no rubric with a prompt of the task.

    Only what stands between the marks of the first marked text is read as one of the rubric's.
    """
    found = list(MARKED.finditer(text))
    texts = {one[2]: one[3] for one in found if one[1] == found[0][1]}
    if not {"prompt", "answer A", "answer B"} <= texts.keys():
        return None
    gold = task.answer(texts["prompt"], rng)
    if gold is None:
        return None
    a, b = (task.check(texts[name], gold) for name in ("answer A", "answer B"))
    better = "tie" if a == b else "A" if a > b else "B"
    return f"The oracle gives {a:g} to answer A and {b:g} to answer B.\nVerdict: {better}"


def flipped(text: str, rng: random.Random) -> str:
    """The same reply with another verdict."""
    reason, _, last = text.rpartition("\n")
    return f"{reason}\n{OTHER[last]}"
