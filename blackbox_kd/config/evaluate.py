"""`[evaluate]` and `[report]`: how the student is measured and told about."""

import re
from typing import Annotated

import msgspec

from blackbox_kd.metrics import Metric

ARM = re.compile(r"shuffled|gold|[1-9]\d*/[1-9]\d*|seed:(?:0|[1-9]\d*)")
ARMS = "shuffled, gold, a share of the rows such as 1/4, or another training seed such as seed:2"


class Evaluate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the student is measured. The first metric is the one that gap and significance are computed for.

    `arms` are further students, trained as the student is: on shuffled completions, on gold, on a share of the rows.
    """

    metrics: Annotated[tuple[str | Metric, ...], msgspec.Meta(min_length=1)] = ("exact_match",)
    student: str = ""  # another one than the run's: folder, hub id, .gguf, or a server's URL ("http://host/v1#model")
    completions: str = ""  # or its answers, in a file: prompt or id, completion, optionally teacher, reference
    full_prompt: bool = True  # also ask the untuned student with the teacher's system prompt and shots
    few_shot: Annotated[int, msgspec.Meta(ge=0)] = 3  # and with so many training rows as examples
    arms: tuple[str, ...] = ()
    retention: str = "everyday"  # prompts that the data does not cover, a file; "everyday": ours; "": none
    retention_limit: Annotated[int, msgspec.Meta(ge=1)] = 40
    max_new_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None  # None: 1.5 x the teacher's 99th percentile
    batch_size: Annotated[int, msgspec.Meta(ge=1)] = 64
    limit: Annotated[int, msgspec.Meta(ge=1)] | None = None  # at most so many held-out prompts
    draws: Annotated[int, msgspec.Meta(ge=100)] = 10_000  # of the bootstrap
    judge: bool = False  # --judge: let [judge] compare answers (paid)
    student_request_usd: Annotated[float, msgspec.Meta(ge=0)] | None = None  # what a request to the student will cost

    def __post_init__(self) -> None:
        # ValueError: msgspec adds the path.
        for name in self.arms:
            if not ARM.fullmatch(name) or (share_of(name) or 0) >= 1:
                raise ValueError(f"arms: {name!r} is none of {ARMS}")
        if len(set(self.arms)) < len(self.arms):
            raise ValueError("arms: one stands there twice")
        if self.student and self.completions:
            raise ValueError("student and completions exclude each other")


def share_of(arm: str) -> float | None:
    """The share of the rows that an arm such as `1/4` is trained on; None for another arm."""
    one, slash, whole = arm.partition("/")
    return int(one) / int(whole) if slash else None


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the report shows."""

    title: str = ""
    licence: str = ""  # of the student, for its card; nothing is assumed
    examples: Annotated[int, msgspec.Meta(ge=0)] = 6
    rejections: Annotated[int, msgspec.Meta(ge=0)] = 8
