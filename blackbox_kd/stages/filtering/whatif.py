"""`bbkd filter --what-if`: other thresholds on what was measured before, without reading a text again."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.filters import Filter, RowFilter, SetFilter
from blackbox_kd.filters.base import Mask, Measured
from blackbox_kd.filters.best_of import BestOf
from blackbox_kd.filters.selection import Selection
from blackbox_kd.filters.self_consistency import SelfConsistency
from blackbox_kd.records import Record
from blackbox_kd.run import VERDICTS, RunDir
from blackbox_kd.stages.filtering import columns


class WhatIf(Record, frozen=True, kw_only=True):
    """How many rows would be kept, and why the others not; None where set filters would have to compare rows again."""

    completions: int
    kept: int  # as it is
    kept_then: int | None
    stay: int  # kept now, and no row filter speaks against them then
    leave: int  # kept now, and rejected then
    enter: int  # rejected by row filters now, and then no longer
    back: int  # rejected by a set filter, for rows that leave
    before: dict[str, int]  # rows by rule:reason of the first verdict against them
    after: dict[str, int]


class Seen(NamedTuple):
    """What one file says: who passes the row filters, now and then, and what set filters said."""

    kept: Mask
    passes: Mask
    passed: Mask
    reasons: list[str]  # then, of the first row filter against
    old_reasons: list[str | None]
    ids: list[str]
    duplicate_of: list[str | None]


def what_if(run: RunDir, changes: Sequence[str]) -> WhatIf:
    """What other thresholds would do to the rows that were filtered last.

    Raises `InputError` where nothing was filtered yet, `UsageError` for a setting that no threshold is.
    """
    files = sorted((run / VERDICTS).glob("*.parquet"))
    if not files:
        raise InputError(f"{run / VERDICTS}: nothing was filtered yet", "Run `bbkd filter` first.")
    rules = columns.rules_of(files[0])
    changed = with_changes(rules, changes)
    compared = any(isinstance(rule, SetFilter) for rule in rules)
    grouped = any(isinstance(rule, BestOf | Selection | SelfConsistency) for rule in rules)
    return summed([seen(path, rules, changed) for path in files], compared, grouped)


def with_changes(rules: Sequence[Filter], changes: Sequence[str]) -> dict[str, RowFilter]:
    """The row filters that are different then; raises `UsageError` naming what can be changed."""
    found = {rule.name: rule for rule in rules if isinstance(rule, RowFilter)}
    changed: dict[str, RowFilter] = {}
    for change in changes:
        key, equals, text = change.partition("=")
        name, _, setting = key.strip().removeprefix("filter.").partition(".")
        rule = changed.get(name, found.get(name))
        if not equals:
            raise UsageError(f"--what-if {change}: it is not written as filter.setting=value", "length.max_words=300")
        if rule is None:
            names = ", ".join(one for one, rule in found.items() if rule.thresholds)
            raise UsageError(
                f"--what-if {change}: no filter {name!r} of single rows was on", f"With thresholds: {names}."
            )
        if setting not in rule.thresholds:
            known = ", ".join(sorted(rule.thresholds)) or "none"
            raise UsageError(
                f"--what-if {change}: {setting!r} is no threshold of {name} (they are: {known})",
                f"What it changes is in the texts: bbkd filter --set filter.{key.strip().removeprefix('filter.')}=...",
            )
        changed[name] = replaced(rule, setting, text, change)
    return changed


def replaced(rule: RowFilter, setting: str, text: str, change: str) -> RowFilter:
    """The filter with one setting from text: TOML where it parses, else a string. Raises `UsageError`."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    try:
        return msgspec.convert({**msgspec.to_builtins(rule), setting: value}, type(rule))
    except msgspec.ValidationError as error:
        raise UsageError(f"--what-if {change}: {error}", "Correct the value.") from None


def seen(path: Path, rules: Sequence[Filter], changed: dict[str, RowFilter]) -> Seen:
    """One file's rows under the changed filters."""
    row_rules = [rule for rule in rules if isinstance(rule, RowFilter)]
    set_rules = [rule.name for rule in rules if isinstance(rule, SetFilter)]
    names = ["id", "kept", "reason"]
    names += [f"{rule.name}.{field}" for rule in row_rules for field in ("kept", "reason")]
    names += [f"{name}.{field}" for name in changed for field in ("value", "word")]
    table = columns.read(path, [*names, *(f"{name}.duplicate_of" for name in set_rules)])
    passed, passes = (np.ones(table.num_rows, dtype=np.bool_) for _ in range(2))
    reasons = [""] * table.num_rows
    for rule in row_rules:
        old = of(table, f"{rule.name}.kept")
        passed &= old
        new, why = again(table, changed[rule.name]) if rule.name in changed else (old, None)
        passes &= new
        told = why or table.column(f"{rule.name}.reason").to_pylist()
        for index in np.flatnonzero(~new).tolist():
            reasons[index] = reasons[index] or f"{rule.name}:{told[index]}"
    others: list[str | None] = [None] * table.num_rows
    for name in set_rules:
        found = table.column(f"{name}.duplicate_of").to_pylist()
        others = [one or other for one, other in zip(others, found, strict=True)]
    kept, old_reasons, ids = of(table, "kept"), table.column("reason").to_pylist(), table.column("id").to_pylist()
    return Seen(kept, passes, passed, reasons, old_reasons, ids, others)


def of(table: pa.Table, name: str) -> Mask:
    """A column of verdicts as a mask."""
    found: Mask = table.column(name).fill_null(True).to_numpy().astype(np.bool_)
    return found


def again(table: pa.Table, rule: RowFilter) -> tuple[Mask, list[str]]:
    """(who is kept, the reasons) by a filter, from the values that it measured before."""
    values = table.column(f"{rule.name}.value").to_pylist()
    words = table.column(f"{rule.name}.word").to_pylist()
    known: dict[float | str | None, tuple[bool, str]] = {}
    measured: list[float | str | None] = [
        value if word is None else word for value, word in zip(values, words, strict=True)
    ]
    for value in set(measured):
        verdict = rule.decide(Measured(value))
        known[value] = verdict.kept, verdict.reason
    return np.array([known[value][0] for value in measured], dtype=np.bool_), [known[value][1] for value in measured]


def summed(files: Sequence[Seen], compared: bool, grouped: bool) -> WhatIf:
    """All files together; `compared`: set filters had a say, `grouped`: over whole prompts or the whole set."""
    moved = any((one.passes != one.passed).any() for one in files)
    leave = {
        name for one in files for name, was, now in zip(one.ids, one.kept, one.passes, strict=True) if was and not now
    }
    before, after = Counter[str](), Counter[str]()
    stay = enter = back = total = 0
    for one in files:
        rows = zip(one.kept, one.passed, one.passes, one.reasons, one.old_reasons, one.duplicate_of, strict=True)
        for was, passed, passes, reason, old_reason, other in rows:
            total += 1
            before[old_reason or ""] += 1
            stay += bool(was and passes)
            enter += bool(passes and not passed)
            back += bool(leave and passes and passed and not was and (other is None or other in leave))
            after[reason if not passes else old_reason or "" if passed else ""] += 1
    kept = before.pop("", 0)
    after.pop("", 0)
    return WhatIf(
        completions=total,
        kept=kept,
        kept_then=None if (compared and enter + back) or (grouped and moved) else stay + enter,
        stay=stay,
        leave=len(leave),
        enter=enter,
        back=back,
        before=dict(sorted(before.items())),
        after=dict(sorted(after.items())),
    )


def lines_of(found: WhatIf) -> list[str]:
    """The same for people."""
    lines = [f"of {found.completions:,} completions {found.kept:,} are kept now; {found.leave:,} of them would leave"]
    if found.kept_then is not None:
        lines.append(f"{found.kept_then:,} would be kept: {found.enter:,} would enter")
    else:
        more = f"{found.enter:,} more pass the row filters then, {found.back:,} may come back whose better twin leaves"
        lines.append(f"{found.stay:,} would stay; {more}")
        lines.append("how many of these are duplicates, `bbkd filter` says: it has to compare them")
    for name in sorted(found.before.keys() | found.after.keys()):
        was, then = found.before.get(name, 0), found.after.get(name, 0)
        if was != then:
            lines.append(f"  {name}: {was:,} -> {then:,}")
    return lines
