"""Answers that do not have the form that was asked for."""

import re
from collections.abc import Callable

from blackbox_kd.errors import UsageError
from blackbox_kd.filters.base import Given, Measured, PreparedRule
from blackbox_kd.reading import read_json, unfenced
from blackbox_kd.records import Completion, Verdict
from blackbox_kd.schemas import Schema

AT_MOST = 100_000  # characters of an answer that a pattern is tried on; no answer that is longer passes it
WELL = Measured("")
Check = Callable[[str], Measured]


class Format(PreparedRule, frozen=True, kw_only=True, tag="format"):
    r"""Keeps completions that fulfil every condition that is set; none is by default. The value is the first to fail.

    `json`: one JSON value (RFC 8259), no key twice. `json_schema`: JSON that the schema in a file allows. `pattern`: a
    regular expression (Python's `re`) that is found anywhere, as in a JSON schema: `\A` and `\Z` bind it to the ends.
    It is the user's to write one without nested repetition, which can take for ever; longer answers than 100,000
    characters fail it untried. `must_contain` and `must_not_contain`: texts, letter for letter, of which all or none
    are in it. `fences` takes off a Markdown fence around the whole answer before any JSON is read.
    """

    json: bool = False
    json_schema: str = ""  # a path, from the folder of bbkd.toml
    fences: bool = False
    pattern: str = ""
    must_contain: tuple[str, ...] = ()
    must_not_contain: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # ValueError: msgspec adds the path.
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern: {self.pattern!r} is no regular expression: {error}") from error
        for name in ("must_contain", "must_not_contain"):
            if "" in getattr(self, name):
                raise ValueError(f"{name}: an empty text is in every answer")

    def files(self) -> tuple[str, ...]:
        """The schema."""
        return (self.json_schema,) if self.json_schema else ()

    def measurer(self, given: Given) -> Callable[[Completion], Measured]:
        """The function that looks for the first condition that fails; raises `UsageError` for a schema of no use."""
        checks = tuple(self._checks(given))
        if not checks:
            return lambda completion: WELL

        def measure(completion: Completion) -> Measured:
            return next((found for check in checks if (found := check(completion.text)).value), WELL)

        return measure

    def decide(self, found: Measured) -> Verdict:
        """Reject where a condition failed; it is the reason."""
        reason = str(found.value or "")
        return Verdict(rule=self.name, kept=not reason, reason=reason, value=found.value, span=found.span)

    def _checks(self, given: Given) -> list[Check]:
        checks: list[Check] = []
        if self.json:
            checks.append(_failing("json", self._bare(_is_json)))
        if self.json_schema:
            checks.append(_failing("schema", self._bare(_schema(self.json_schema, given).allows)))
        if self.pattern:
            search = re.compile(self.pattern).search
            checks.append(_failing("pattern", lambda text: len(text) <= AT_MOST and search(text) is not None))
        if self.must_contain:
            checks.append(_failing("must_contain", lambda text: all(one in text for one in self.must_contain)))
        if self.must_not_contain:
            checks.append(lambda text: _first_of(self.must_not_contain, text))
        return checks

    def _bare(self, holds: Callable[[str], bool]) -> Callable[[str], bool]:
        return (lambda text: holds(unfenced(text))) if self.fences else holds


def _failing(name: str, holds: Callable[[str], bool]) -> Check:
    failed = Measured(name)
    return lambda text: WELL if holds(text) else failed


def _first_of(parts: tuple[str, ...], text: str) -> Measured:
    for part in parts:
        if (at := text.find(part)) >= 0:
            return Measured("must_not_contain", (at, at + len(part)))
    return WELL


def _is_json(text: str) -> bool:
    try:
        read_json(text)
    except (ValueError, RecursionError):
        return False
    return True


def _schema(path: str, given: Given) -> Schema:
    where = f"filter.format.json_schema: {path}"
    try:
        text = given.read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{where}: cannot be read: {error}", "Paths start from the folder of bbkd.toml.") from error
    return Schema(text, where)
