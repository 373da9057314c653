"""What terms and licences say on training with outputs, as read on a date. No legal advice, and no conclusion."""

import functools
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Annotated

import msgspec

from blackbox_kd.errors import ProviderRefused

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The user's word: which terms were read, and on what ground training on the outputs is allowed."""

    ack: str
    basis: Annotated[str, msgspec.Meta(min_length=1)]


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What a provider's terms (`hosts`) or a model's licence (`models`) say; `ack` is what bbkd.toml repeats."""

    ack: str
    summary: str
    where: str
    checked: str  # date on which we read it; it may be out of date
    effective: str = ""  # date from which it holds; empty where it was not found
    duty: str = ""  # what whoever distributes the student has to do
    needs_ack: bool = False  # nobody is asked before it was acknowledged
    hosts: tuple[str, ...] = ()
    family: str = ""
    models: str = ""  # regular expression, searched in the model's name without regard to case

    @property
    def text(self) -> str:
        """The notice for people, with its date and its duty."""
        since = f", effective {self.effective}" if self.effective else ""
        read = f" (read {self.checked}: {self.where}{since}; it may be out of date)" if self.checked else ""
        return f"{self.summary}{read}{f' {self.duty}' if self.duty else ''}"


class Registry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The terms.toml that ships with bbkd."""

    notice: tuple[Notice, ...]


@functools.cache
def registry() -> tuple[Notice, ...]:
    """Every notice that we know."""
    text = (files("blackbox_kd.teachers") / "terms.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=Registry).notice


def notices_of(name: str, hosts: Iterable[str]) -> tuple[Notice, ...]:
    """What applies to a model asked at these hosts: the services' terms, then the licences of its families.

    A host that is neither known nor this machine has the notice `unknown`, for its terms may say anything.
    """
    found: dict[str, Notice] = {}
    for host in hosts:
        if host not in LOOPBACK:
            one = next((one for one in registry() if host in one.hosts), unknown(host))
            found.setdefault(one.ack, one)
    families: dict[str, Notice] = {}
    for one in registry():
        if one.models and re.search(one.models, name, re.IGNORECASE):
            families.setdefault(one.family, one)
    return (*found.values(), *families.values())


def unknown(host: str) -> Notice:
    """The notice for a service whose terms we have not read."""
    summary = f"The terms of {host} on training with outputs are not known to bbkd: read them."
    return Notice(ack="unknown", summary=summary, where="", checked="", needs_ack=True)


def check_terms(name: str, hosts: Iterable[str], terms: Terms | None) -> tuple[Notice, ...]:
    """What applies, to be shown and recorded, once all of it that needs it was acknowledged, on a stated basis.

    Raises `ProviderRefused` naming what was not.
    """
    notices = notices_of(name, hosts)
    for one in notices:
        if one.needs_ack and (terms is None or terms.ack != one.ack):
            raise ProviderRefused(
                f"the terms for {name} on training with outputs have not been acknowledged: {one.text}",
                f'If you may do this, say so: [teacher] terms = {{ ack = "{one.ack}", basis = "who approved it" }}, or '
                f'--ack-terms {one.ack} --basis "who approved it"',
            )
    return notices
