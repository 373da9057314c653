"""Answers that hold somebody's personal data."""

from typing import ClassVar

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.private import WHATS, Found, Kind, findings, squeezed
from blackbox_kd.records import Completion, Verdict

NOTHING = Measured("")


def word(what: str) -> str:
    """The name of what is found as settings and reasons spell it: `email_address`."""
    return what.lower().replace("-", "").replace(" ", "_")


def words(kind: Kind) -> tuple[str, ...]:
    """The names of all that is looked for."""
    return tuple(word(what) for what in WHATS[kind])


class Held(RowRule, frozen=True, kw_only=True):
    """Base of the filters that look for keys or personal data; `reject` names the kinds that are refused."""

    on: ClassVar[bool] = False
    kind: ClassVar[Kind]
    thresholds: ClassVar[frozenset[str]] = frozenset({"reject"})
    reject: tuple[str, ...]
    allow_copied: bool = True  # what stands in the prompt is the user's: an answer that extracts it leaks nothing

    def __post_init__(self) -> None:
        # ValueError: msgspec adds the path.
        if unknown := [name for name in self.reject if name not in words(self.kind)]:
            raise ValueError(f"reject: {unknown[0]!r} is none of {', '.join(words(self.kind))}")

    def measure(self, completion: Completion) -> Measured:
        """The kinds that are found, in order of their places, a space between two; the span is the first finding's."""
        found = list(findings(completion.text, self.kind))
        if found and self.allow_copied:
            asked = squeezed("\n".join(turn.content for turn in completion.messages))
            found = [one for one in found if _essence(one, completion.text) not in asked]
        if not found:
            return NOTHING
        found.sort(key=lambda one: one.at)
        return Measured(" ".join(dict.fromkeys(word(one.what) for one in found)), found[0].at)

    def decide(self, found: Measured) -> Verdict:
        """Reject what holds one of the kinds in `reject`; the reason is the first of them."""
        held = str(found.value or "").split()
        reason = next((name for name in held if name in self.reject), "")
        return Verdict(rule=self.name, kept=not reason, reason=reason, value=found.value, span=found.span)


class Pii(Held, frozen=True, kw_only=True, tag="pii"):
    """Rejects completions with an e-mail or IP address, a phone, card, account or social security number.

    Numbers count where their check digits and ranges hold. Addresses and numbers that are reserved for examples, for
    fiction and for tests are nobody's.
    """

    kind: ClassVar[Kind] = "personal"
    reject: tuple[str, ...] = words("personal")


def _essence(one: Found, text: str) -> str:
    """What a copy has in common with its source: a phone number may be written with its country or without."""
    plain = squeezed(text[slice(*one.at)])
    return plain[-8:] if one.what == "phone number" else plain
