"""`[filter]`: a table a filter, made from the filters themselves."""

from typing import TYPE_CHECKING, Annotated, Literal, get_args

import msgspec

from blackbox_kd.filters import Filter


class FilterSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which filters run, in the order of the union, and the share of the rows that measures validation loss.

    A filter that is off by default runs if its table is written, be it empty. `workers` and `engine` change no result.
    """

    off: tuple[str, ...] = ()
    validation: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.05
    workers: Annotated[int, msgspec.Meta(ge=1)] | None = None  # processes; as many as there are cores
    engine: Literal["local", "ray"] = "local"

    def __post_init__(self) -> None:
        # ValueError: msgspec adds the path.
        if unknown := [name for name in self.off if name not in NAMES]:
            raise ValueError(f"off: there is no filter {unknown[0]!r}, only {', '.join(NAMES)}")

    def rules(self) -> tuple[Filter, ...]:
        """The filters that are on, with their settings."""
        return tuple(rule for name in NAMES if name not in self.off and (rule := getattr(self, name)) is not None)


KINDS: dict[str, type[Filter]] = {kind.__struct_config__.tag: kind for kind in get_args(Filter)}
NAMES = tuple(KINDS)

if TYPE_CHECKING:
    FilterSection = FilterSettings
else:
    FilterSection = msgspec.defstruct(
        "FilterSection",
        [(name, kind, kind()) if kind.on else (name, kind | None, None) for name, kind in KINDS.items()],
        bases=(FilterSettings,),
        frozen=True,
        forbid_unknown_fields=True,
        kw_only=True,
    )
