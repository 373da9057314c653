"""Human review goes out: a CSV with a few completions for people to judge and to correct."""

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path

from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.jsonl import read_rows
from blackbox_kd.records import Completion, Rejection, Score
from blackbox_kd.run import REJECTED, SCORES, RunDir, require
from blackbox_kd.stages.evaluating.rubrics import transcript
from blackbox_kd.stages.filtering.rejects import matches, reasons
from blackbox_kd.stages.scoring.asking import by_digest
from blackbox_kd.stages.scoring.cells import read_sheet, write_sheet
from blackbox_kd.stages.scoring.surviving import answer, train_rows
from blackbox_kd.text import safe

COLUMNS = ("id", "prompt", "completion", "judged", "verdict", "correction", "note")
FILLED_IN = ("verdict", "correction", "note")


def write_review(run: RunDir, path: Path, count: int, reason: str = "") -> int:
    """Write at most `count` train completions, half of them rejected ones where filter has run; returns how many.

    With `reason` (rule:reason, or a rule) only those rejected for it. Raises `UsageError` rather than overwrite what
    people wrote, `InputError` where there is nothing to review.
    """
    replaceable(path)
    chosen = set(sampled(run, count, reason))
    judged = judged_of(run)
    rows = {one.id: one for one in train_rows(run) if one.id in chosen}
    write_sheet(path, COLUMNS, (cells(rows[name], judged) for name in by_digest(rows)))
    return len(rows)


def cells(row: Completion, judged: Mapping[str, float]) -> tuple[str, ...]:
    """One line of the sheet; whether it was kept is not told, for it would lead the reader."""
    score = f"{judged[row.id]:g}" if row.id in judged else ""
    return (row.id, safe(transcript(row.messages)), safe(answer(row)), score, "", "", "")


def replaceable(path: Path) -> None:
    """Raise `UsageError` for a file that is no sheet of ours, or one that people have written in."""
    if not path.exists():
        return
    try:
        ours = all({*row} == {*COLUMNS} and not any(row[name] for name in FILLED_IN) for _, row in read_sheet(path))
    except InputError:
        ours = False
    if not ours:
        fix = "Give another name, or move that file away."
        raise UsageError(f"{path}: it is there, and is no empty review sheet: nothing is overwritten", fix)


def sampled(run: RunDir, count: int, reason: str) -> list[str]:
    """The ids to review, by their digest; raises `InputError` if there is none."""
    if reason:
        found = rejected_for(run, reason)
        return by_digest(found)[:count]
    out = set(rejected(run)) if (run / REJECTED).exists() else set()
    names = [one.id for one in train_rows(run)]
    if not names:
        raise InputError("there is no train completion to review", "Run `bbkd generate` first.")
    strata = [[name for name in names if (name in out) == side] for side in (False, True)]
    return evenly(strata, count)


def evenly(strata: Iterable[Iterable[str]], count: int) -> list[str]:
    """At most `count` ids, as many from one stratum as from another as long as each has any left."""
    turns = zip_longest(*(by_digest(names) for names in strata))
    return [name for turn in turns for name in turn if name is not None][:count]


def rejected(run: RunDir) -> dict[str, str]:
    """Why each rejected completion was rejected, by id."""
    return {one.id: one.reason for one in read_rows(require(run / REJECTED, "filter"), Rejection)}


def rejected_for(run: RunDir, reason: str) -> list[str]:
    """The ids rejected for rule:reason, or by a rule, be it the first or not; raises `InputError` if there is none."""
    every = read_rows(require(run / REJECTED, "filter"), Rejection)
    found = [one.id for one in every if any(matches(verdict, reason) for verdict in one.verdicts)]
    if not found:
        known = ", ".join(sorted(reasons(run))) or "none"
        raise InputError(f"no completion was rejected for {reason}", f"There are: {known}.")
    return found


def judged_of(run: RunDir) -> dict[str, float]:
    """The judge's scores by completion id; none before the judge stage."""
    if run.manifest("judge") is None:
        return {}
    rows = read_rows(run / SCORES, Score)
    return {one.id: one.scores["judged"] for one in rows if "judged" in one.scores}
