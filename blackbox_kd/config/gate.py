"""`[gate]`: what a new student has to keep up with, and how closely, before it replaces the last one."""

from typing import Annotated

import msgspec

Margin = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The gate of `bbkd gate`. Margins are shares of 0 to 1: 0.03 lets the new student be at most 3 points worse."""

    baseline: str = ""  # run directory of the student of now, from bbkd.toml's folder; "": named by --baseline
    margin: Margin = 0.03
    slice_margin: Margin | None = None  # None: as `margin`
    metric: str = ""  # its label; "": the headline metric
    min_items: Annotated[int, msgspec.Meta(ge=1)] = 100  # with fewer compared the gate cannot tell
