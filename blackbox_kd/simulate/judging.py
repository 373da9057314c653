"""The simulated teacher as a judge of answers: it reads a rubric's marked texts and knows the oracle. Pure."""

import random
import re
from collections.abc import Mapping

from blackbox_kd.tasks.base import Task

MARKED = re.compile(r"^<<<([0-9a-f]{16}) ([^\n]*)\n(.*?)\n\1>>>$", re.DOTALL | re.MULTILINE)
OTHER = {
    "Verdict: A": "Verdict: B",
    "Verdict: B": "Verdict: A",
    "Verdict: tie": "Verdict: A",
    "Verdict: 5": "Verdict: 1",
    "Verdict: 1": "Verdict: 5",
}


def verdict(text: str, task: Task, rng: random.Random) -> str | None:
    """Which of two answers the task's oracle calls right, or what it gives one; None where the text is no such rubric.

    Only what stands between the marks of the first marked text is read as one of the rubric's.
    """
    found = list(MARKED.finditer(text))
    texts = {one[2]: one[3] for one in found if one[1] == found[0][1]}
    gold = task.answer(texts["prompt"], rng) if "prompt" in texts else None
    if gold is None:
        return None
    if {"answer A", "answer B"} <= texts.keys():
        return compared(texts, gold, task)
    return graded(texts["answer"], gold, task) if "answer" in texts else None


def compared(texts: Mapping[str, str], gold: str, task: Task) -> str:
    """The verdict on two answers."""
    a, b = (task.check(texts[name], gold) for name in ("answer A", "answer B"))
    better = "tie" if a == b else "A" if a > b else "B"
    return f"The oracle gives {a:g} to answer A and {b:g} to answer B.\nVerdict: {better}"


def graded(answer: str, gold: str, task: Task) -> str:
    """The verdict on one answer, 5 or 1."""
    right = task.check(answer, gold)
    return f"The oracle gives {right:g} to the answer.\nVerdict: {5 if right == 1 else 1}"


def flipped(text: str, rng: random.Random) -> str:
    """The same reply with another verdict."""
    reason, _, last = text.rpartition("\n")
    return f"{reason}\n{OTHER[last]}"
