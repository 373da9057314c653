"""`[train]`: the student and how it is fine-tuned."""

from typing import Annotated, Literal

import msgspec

from blackbox_kd.records import Json

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Train(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The student and how it is fine-tuned; what is left out is chosen by the student's size and the device."""

    student: str = "HuggingFaceTB/SmolLM2-135M-Instruct"  # hub id (@revision), folder, .gguf, packaged:smollm2-135m
    system: str = ""  # what the student sees before every prompt, in training and after
    template_args: dict[str, Json] = {}
    epochs: Annotated[float, msgspec.Meta(gt=0)] = 3.0
    max_steps: Positive | None = None
    learning_rate: Annotated[float, msgspec.Meta(gt=0)] | None = None  # None: by size of the student
    batch_size: Positive = 8  # sequences an optimizer step
    max_length_tokens: Positive = 2048  # longer rows are left out and counted, never cut
    method: Literal["full", "lora"] = "full"
    lora_rank: Positive = 64
    warmup: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.1  # share of all steps
    save_every_steps: Positive = 50
    seed: Annotated[int, msgspec.Meta(ge=0)] | None = None  # of the rows' order; None: the run's


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """`bbkd.json` in a student's folder: what it was trained with, and has to be served with."""

    system: str
    template_args: dict[str, Json] = {}


SERVED = "bbkd.json"
