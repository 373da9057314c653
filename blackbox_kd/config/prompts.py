"""`[prompts]`: where prompts come from and how many are held out."""

from typing import Annotated, Literal

import msgspec

from blackbox_kd.strategies.template import Template
from blackbox_kd.tasks import TaskPrompts

Strategy = Template | TaskPrompts
Policy = Literal["refuse", "warn", "allow"]


class Prompts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Files of prompts (JSONL, text, CSV, Parquet; globs), and strategies that make more."""

    files: tuple[str, ...] = ()
    strategy: tuple[Strategy, ...] = ()
    held_out: Annotated[int, msgspec.Meta(ge=0)] | None = None  # never trained on; None: 300, or a fifth if few
    near_duplicate: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.8  # word 3-gram Jaccard that joins two prompts
    gold: str = ""  # a pinned, append-only file of rows with references: always held out
    near_gold: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.6  # similarity to gold at which a prompt is refused
    splits: str = ".bbkd/splits.jsonl"  # the registry: a prompt stays on its side for ever; "": none is kept
    second_samples: Annotated[int, msgspec.Meta(ge=0)] = 100  # held-out prompts without a reference, asked twice
    redact: str | None = None  # own code `file.py:function`, text in and text out, before anything is stored or sent
    secrets: Policy = "refuse"  # prompts that hold keys of a known form or assigned to a name, or a URL's password
    personal: Policy = "warn"  # e-mail addresses, phone, card and account numbers
