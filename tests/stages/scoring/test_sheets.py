from collections.abc import Callable

import pytest

from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Completion, Rejection, Score, Verdict
from blackbox_kd.run import REJECTED, SCORES, Manifest, RunDir
from blackbox_kd.stages.scoring.cells import read_sheet
from blackbox_kd.stages.scoring.sheets import evenly, write_review

Make = Callable[..., Completion]
Bought = Callable[[list[Completion], dict[str, str]], None]


@pytest.fixture
def rows(bought: Bought, completion: Make) -> list[Completion]:
    """Twenty train completions, and a held-out one."""
    found = [completion(f"answer {n}", f"prompt {n}", prompt_id=f"p{n:02}") for n in range(20)]
    found.append(completion("x", "held", prompt_id="q", split="held_out"))
    bought(found, {})
    return found


def rejecting(run: RunDir, rows: list[Completion], *reasons: str) -> None:
    """Leaves the first rows as rejected, each for its reasons."""
    found = [
        Rejection(id=one.id, reason=why.split()[0], verdicts=tuple(map(verdict, why.split())), completion=one)
        for one, why in zip(rows, reasons)  # noqa: B905  the others are kept
    ]
    write_rows(run / REJECTED, found)


def verdict(reason: str) -> Verdict:
    """A rule's verdict, from rule:reason."""
    rule, _, why = reason.partition(":")
    return Verdict(rule=rule, kept=False, reason=why)


def ids(run: RunDir) -> list[str]:
    """The ids in the sheet."""
    return [row["id"] for _, row in read_sheet(run.root / "r.csv")]


def test_a_few_are_chosen_always_the_same_and_more_include_them(run: RunDir, rows: list[Completion]) -> None:
    assert write_review(run, run.root / "r.csv", 5) == 5
    few = ids(run)
    assert write_review(run, run.root / "r.csv", 5) == 5
    assert ids(run) == few
    assert write_review(run, run.root / "r.csv", 100) == 20
    assert set(few) < set(ids(run)) == {one.id for one in rows[:20]}


def test_half_of_them_are_rejected_ones_as_long_as_there_are_any(run: RunDir, rows: list[Completion]) -> None:
    rejecting(run, rows, "length:too_long", "length:too_short", "refusal:hard")
    write_review(run, run.root / "r.csv", 4)
    assert sum(name in {one.id for one in rows[:3]} for name in ids(run)) == 2
    write_review(run, run.root / "r.csv", 12)
    assert {one.id for one in rows[:3]} < set(ids(run))
    assert len(ids(run)) == 12


@pytest.mark.parametrize(("reason", "count"), [("length", 3), ("length:too_long", 2), ("refusal", 1)])
def test_only_those_rejected_for_a_reason(run: RunDir, rows: list[Completion], reason: str, count: int) -> None:
    rejecting(run, rows, "length:too_long", "length:too_short", "refusal:hard length:too_long")
    assert write_review(run, run.root / "r.csv", 10, reason) == count


def test_a_reason_that_rejected_nobody_is_answered_with_those_that_did(run: RunDir, rows: list[Completion]) -> None:
    rejecting(run, rows, "length:too_long")
    with pytest.raises(InputError, match="rejected for len") as caught:
        write_review(run, run.root / "r.csv", 10, "len")
    assert "length:too_long" in caught.value.fix
    assert not (run.root / "r.csv").exists()


def test_the_judges_score_is_shown_where_there_is_one(run: RunDir, rows: list[Completion]) -> None:
    write_rows(run / SCORES, [Score(id=rows[0].id, scores={"judged": 4.5}), *(Score(id=one.id) for one in rows[1:])])
    run.finish(Manifest(stage="judge", settings={}, reads={}, writes={}, counts={}))
    write_review(run, run.root / "r.csv", 20)
    shown = {row["id"]: row["judged"] for _, row in read_sheet(run.root / "r.csv")}
    assert (shown.pop(rows[0].id), {*shown.values()}) == ("4.5", {""})


def test_formulas_are_harmless_in_the_file(run: RunDir, bought: Bought, completion: Make) -> None:
    bought([completion("=cmd|' /C calc'!A0", "@SUM(1)", prompt_id="-p")], {})
    write_review(run, run.root / "r.csv", 1)
    text = (run.root / "r.csv").read_text(encoding="utf-8-sig")
    assert '"\'-p#0","\'@SUM(1)","\'=cmd|' in text
    assert ids(run) == ["-p#0"]


@pytest.mark.parametrize("column", ["verdict", "correction", "note"])
def test_what_people_wrote_is_never_overwritten(run: RunDir, rows: list[Completion], column: str) -> None:
    path = run.root / "r.csv"
    write_review(run, path, 3)
    cells = {"verdict": '"","keep","",""', "correction": '"","","yes",""', "note": '"","","","hm"'}[column]
    path.write_text(path.read_text(encoding="utf-8-sig").replace('"","","",""', cells, 1), encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(UsageError, match="nothing is overwritten"):
        write_review(run, path, 3)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"my own notes\n1\n", b"\xff\xfe", b'"'])
def test_a_file_that_is_no_sheet_is_never_overwritten(run: RunDir, rows: list[Completion], content: bytes) -> None:
    path = run.root / "r.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="nothing is overwritten"):
        write_review(run, path, 3)
    assert path.read_bytes() == content


def test_strata_share_until_one_is_used_up() -> None:
    found = evenly([["a1"], [f"b{n}" for n in range(9)]], 4)
    assert len(found) == 4
    assert "a1" in found
