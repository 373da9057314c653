"""Pointwise: the judge gives one answer 1 to 5 points by a rubric (Zheng et al. 2023, arXiv 2306.05685, 3.1)."""

import re
from collections.abc import Sequence
from pathlib import Path

from blackbox_kd.records import Completion, Message, Prompt
from blackbox_kd.stages.evaluating.rubrics import filled, template, transcript
from blackbox_kd.stages.scoring.asking import Asking, Opinions, References
from blackbox_kd.stages.scoring.surviving import answer

POINTWISE = "judge/pointwise.md"
LAST_LINE = re.compile(r"[\s*_`#>]*verdict[*_`]*:[\s*_`]*([1-5])(?:\.0+)?(?:\s*/\s*5)?[\s*_`.]*", re.IGNORECASE)


def rubric_of(own: str, root: Path) -> str:
    """The template; raises `InputError` if it cannot serve."""
    return template(own, root, POINTWISE, ("prompt", "answer"), ("reference",))


def asking(rows: Sequence[Completion], references: References, rubric: str) -> Asking:
    """One prompt to the judge a completion; its score is 1 to 5."""
    prompts = [prompt_of(one, references.get(one.prompt_id), rubric) for one in rows]

    def scores(opinions: Opinions) -> dict[str, float]:
        replies = {one.id: opinions[one.id].text for one in rows if one.id in opinions}
        points = {name: None if reply is None else score_of(reply) for name, reply in replies.items()}
        return {name: score for name, score in points.items() if score is not None}

    return Asking(prompts, len(rows), scores)


def prompt_of(row: Completion, reference: str | None, rubric: str) -> Prompt:
    """The rubric filled in for one completion."""
    texts = {"prompt": transcript(row.messages), "answer": answer(row), "reference": reference}
    turn = Message(role="user", content=filled(rubric, texts))
    return Prompt(id=row.id, messages=(turn,), split="train", family="judge")


def score_of(reply: str) -> float | None:
    """The points on the last line of a reply, the only ones that count; None if there are none."""
    lines = reply.rstrip().splitlines()
    found = LAST_LINE.fullmatch(lines[-1]) if lines else None
    return float(found[1]) if found else None
