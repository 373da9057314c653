"""What all metrics share."""

from typing import ClassVar, Protocol

import msgspec


class Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="name"):
    """Base of all metrics: the fields are the settings, the tag is the name in bbkd.toml."""

    needs_reference: ClassVar[bool] = True  # False: `reference` is not looked at, and "" where there is none
    reference_is_answer: ClassVar[bool] = True  # False: two answers cannot be scored against each other

    @property
    def label(self) -> str:
        """The name that reports show: the tag, and in brackets the settings that are not the default."""
        return labelled(self)


class Scorer(Protocol):
    """A metric that is ready: its files are read, its code is loaded."""

    needs_reference: ClassVar[bool]
    reference_is_answer: ClassVar[bool]

    @property
    def label(self) -> str:
        """The name that reports show; other settings, another name."""

    def score(self, prediction: str, reference: str) -> float:
        """Score one answer, from 0 (wrong) to 1 (right)."""


def labelled(metric: Base, hidden: tuple[str, ...] = ()) -> str:
    """A metric's tag, and in brackets those settings that are neither the default nor hidden."""
    told = []
    for field in msgspec.structs.fields(metric):
        value = getattr(metric, field.name)
        if value != field.default and field.name not in hidden:
            told += _told(field.name, value)
    return f"{metric.__struct_config__.tag}({','.join(told)})" if told else str(metric.__struct_config__.tag)


def _told(name: str, value: object) -> list[str]:
    if isinstance(value, tuple):
        return [str(item) for item in value]
    if isinstance(value, str):
        return [value]
    return [name] if value is True else [f"{name}={value}"]
