"""Human review comes back: verdicts, and corrections that override the teacher."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_rows
from blackbox_kd.records import Completion
from blackbox_kd.run import COMPLETIONS, RunDir, require
from blackbox_kd.stages.scoring.cells import read_sheet

KEEP, REJECT = ("keep", "good", "1", "yes"), ("reject", "bad", "0", "no")
NEEDED = ("id", "verdict")


class Review(NamedTuple):
    """What a person said of a completion; `keep` is of the teacher's answer, a correction says that it would not do."""

    where: str  # file:line
    keep: bool
    correction: str | None = None
    note: str = ""

    @property
    def score(self) -> float:
        """1.0 if the row is to be learnt from, as it is or corrected, else 0.0."""
        return float(self.keep or self.correction is not None)


def reviews_in(path: Path) -> dict[str, Review]:
    """The reviews of a sheet by completion id; a line with neither verdict nor correction is none.

    Raises `InputError` naming file and line for a word that is no verdict, and a completion that is reviewed twice.
    """
    found: dict[str, Review] = {}
    for where, row in read_sheet(path):
        if missing := [name for name in NEEDED if name not in row]:
            fix = f"The header has: {', '.join(row)}. `bbkd review` writes such a sheet."
            raise InputError(f"{path}:1: no column `{missing[0]}`", fix)
        review = review_of(where, row)
        if review is None:
            continue
        name = row["id"]
        if name in found:
            raise InputError(f"{where}: {name!r} is reviewed in {found[name].where} already", "Keep one of the two.")
        found[name] = review
    return found


def review_of(where: str, row: Mapping[str, str]) -> Review | None:
    """One line's review; None for a line that nobody filled in. Raises `InputError`."""
    word, correction = row["verdict"].strip().lower(), row.get("correction", "")
    if word and word not in (*KEEP, *REJECT):
        fix = f"Write one of: {', '.join((*KEEP, *REJECT))}; or leave the cell empty."
        raise InputError(f"{where}: {row['verdict']!r} is no verdict", fix)
    if not word and not correction.strip():
        return None
    return Review(where, word in KEEP, correction if correction.strip() else None, row.get("note", ""))


def reviewed(run: RunDir, reviews: Mapping[str, Review]) -> list[Completion]:
    """The completions that the reviews are of; raises `InputError` naming file and line for one that is not there."""
    if not reviews:
        return []
    rows = read_rows(require(run / COMPLETIONS, "generate"), Completion)
    found = [one for one in rows if one.id in reviews]
    if held_out := [one.id for one in found if one.split == "held_out"]:
        message = f"{reviews[held_out[0]].where}: {held_out[0]!r} is held out: nothing is learnt from it"
        raise InputError(message, "Remove the line.")
    if unknown := reviews.keys() - {one.id for one in found}:
        first = min(unknown, key=lambda name: reviews[name].where)
        fix = "Ids are prompt#sample as `bbkd review` writes them; has the sheet been written for another run?"
        raise InputError(f"{reviews[first].where}: no completion is called {first!r}", fix)
    return found
