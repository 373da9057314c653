from collections.abc import Callable
from pathlib import Path

import pytest

from blackbox_kd.errors import InputError
from blackbox_kd.records import Completion
from blackbox_kd.run import RunDir
from blackbox_kd.stages.scoring.cells import write_sheet
from blackbox_kd.stages.scoring.reviewing import reviewed, reviews_in
from blackbox_kd.stages.scoring.sheets import COLUMNS

Make = Callable[..., Completion]
Bought = Callable[[list[Completion], dict[str, str]], None]


def sheet(folder: Path, *rows: tuple[str, str, str]) -> Path:
    """A sheet with these ids, verdicts and corrections."""
    path = folder / "r.csv"
    write_sheet(path, COLUMNS, [(name, "p", "c", "", verdict, better, "") for name, verdict, better in rows])
    return path


@pytest.mark.parametrize(
    ("word", "keep"),
    [
        *((word, True) for word in ("keep", "Good ", "1", "YES")),
        *((word, False) for word in ("reject", "bad", " 0", "No")),
    ],
)
def test_verdicts_are_read_in_any_of_their_words(tmp_path: Path, word: str, keep: bool) -> None:
    review = reviews_in(sheet(tmp_path, ("p#0", word, "")))["p#0"]
    assert (review.keep, review.score, review.correction) == (keep, float(keep), None)


def test_a_line_that_nobody_filled_in_is_no_review(tmp_path: Path) -> None:
    assert reviews_in(sheet(tmp_path, ("p#0", " ", "  "), ("p#0", "", ""))) == {}


@pytest.mark.parametrize("text", ["=1+1", "  two\n lines \n", "'quoted'", "- item", "'=x"])
def test_a_correction_is_kept_to_the_character(tmp_path: Path, text: str) -> None:
    assert reviews_in(sheet(tmp_path, ("p#0", "", text)))["p#0"].correction == text


def test_a_correction_is_to_be_learnt_and_says_that_the_teachers_answer_would_not_do(tmp_path: Path) -> None:
    found = reviews_in(sheet(tmp_path, ("a#0", "", "better"), ("b#0", "reject", "better"), ("c#0", "keep", "better")))
    assert [(one.score, one.keep) for one in found.values()] == [(1.0, False), (1.0, False), (1.0, True)]


def test_a_word_that_is_no_verdict_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = sheet(tmp_path, ("a#0", "keep", "two\nlines"), ("b#0", "maybe", ""))
    with pytest.raises(InputError, match=r"r\.csv:4: 'maybe' is no verdict") as caught:
        reviews_in(path)
    assert "keep" in caught.value.fix


def test_a_completion_that_is_reviewed_twice_is_an_error_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"r\.csv:3: 'a#0' is reviewed in .*r\.csv:2"):
        reviews_in(sheet(tmp_path, ("a#0", "keep", ""), ("a#0", "reject", "")))


def test_a_sheet_without_verdicts_column_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("id,text\na#0,x\n")
    with pytest.raises(InputError, match=r":1: no column `verdict`"):
        reviews_in(tmp_path / "r.csv")


@pytest.mark.parametrize(("name", "message"), [("gone#0", "no completion is called 'gone#0'"), ("q#0", "held out")])
def test_a_review_of_what_is_not_learnt_from_is_an_error_with_its_line(
    run: RunDir, bought: Bought, completion: Make, name: str, message: str
) -> None:
    bought([completion("a", "p"), completion("b", "q", prompt_id="q", split="held_out")], {})
    with pytest.raises(InputError, match=rf"r\.csv:3: .*{message}|{message}.*r\.csv:3"):
        reviewed(run, reviews_in(sheet(run.root, ("p#0", "keep", ""), (name, "keep", ""))))


def test_the_reviewed_completions_are_found(run: RunDir, bought: Bought, completion: Make) -> None:
    bought([completion("a", "p"), completion("b", "q", prompt_id="q")], {})
    assert [one.text for one in reviewed(run, reviews_in(sheet(run.root, ("q#0", "no", ""))))] == ["b"]
    assert reviewed(run, {}) == []
