"""`[evaluate]` and `[report]`: how the student is measured and told about."""

from typing import Annotated

import msgspec


class Evaluate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the student is measured. The first metric is the one that gap and significance are computed for."""

    metrics: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("exact_match",)
    max_new_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None  # None: 1.5 x the teacher's 99th percentile
    batch_size: Annotated[int, msgspec.Meta(ge=1)] = 64
    full_prompt: bool = True  # also ask the untuned student with the teacher's system prompt and shots
    limit: Annotated[int, msgspec.Meta(ge=1)] | None = None  # at most so many held-out prompts
    draws: Annotated[int, msgspec.Meta(ge=100)] = 10_000  # of the bootstrap


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the report shows."""

    title: str = ""
    licence: str = ""  # of the student, for its card; nothing is assumed
    examples: Annotated[int, msgspec.Meta(ge=0)] = 6
    rejections: Annotated[int, msgspec.Meta(ge=0)] = 8
