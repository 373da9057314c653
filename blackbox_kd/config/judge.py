"""`[judge]`: a model that compares two answers; it is asked, and paid, only with `--judge`."""

from typing import Literal

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.teachers.target import NonNegative, Positive, Sampling


class JudgeSampling(Sampling, frozen=True, kw_only=True):
    """How a judge is sampled: once in each order, and as repeatably as its provider can."""

    temperature: NonNegative | None = 0.0

    def __post_init__(self) -> None:
        if self.n != 1:  # ValueError: msgspec adds the path
            raise ValueError("n: each pair is judged once in each order")


class Judge(Teacher, frozen=True, kw_only=True):
    """LLM-as-a-judge: asked as a teacher is, with a rubric in place of a prompt (Zheng et al. 2023, arXiv 2306.05685).

    `labels` are human verdicts, JSONL with `id` and `winner`: "student", the name of the other arm, or "tie".
    """

    sampling: JudgeSampling = JudgeSampling()
    drop_unsupported: bool = True  # reasoning models refuse a temperature
    rubric: str = ""  # own template in place of ours
    count: Positive = 200  # items that are judged, two calls each
    against: Literal["teacher", "base"] = "teacher"
    labels: str = ""
