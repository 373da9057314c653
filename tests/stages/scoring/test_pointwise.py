from collections.abc import Callable
from pathlib import Path

import pytest

from blackbox_kd.errors import InputError
from blackbox_kd.records import Completion
from blackbox_kd.shipped import shipped
from blackbox_kd.stages.evaluating.opinions import Opinion
from blackbox_kd.stages.evaluating.rubrics import filled
from blackbox_kd.stages.scoring.asking import first
from blackbox_kd.stages.scoring.pointwise import POINTWISE, asking, rubric_of, score_of

Make = Callable[..., Completion]


def says(points: str) -> Opinion:
    """An opinion with these points."""
    return Opinion(f"Because.\nVerdict: {points}", 0.0)


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("Fine.\nVerdict: 4", 4.0),
        ("Fine.\n\n**Verdict: 5**\n", 5.0),
        ("verdict: 3/5.", 3.0),
        ("Verdict: 2.0", 2.0),
        ("Verdict: 4\nor rather not", None),
        ("Verdict: 6", None),
        ("Verdict: 45", None),
        ("Verdict: 4.5", None),
        ("Verdict: A", None),
        ("", None),
    ],
)
def test_the_last_line_alone_holds_the_points(reply: str, score: float | None) -> None:
    assert score_of(reply) == score


def test_our_rubric_serves_and_shows_every_text_once(tmp_path: Path) -> None:
    texts = {"prompt": "Is it?", "answer": "It is.", "reference": "Yes."}
    whole = filled(rubric_of("", tmp_path), texts)
    assert [whole.count(part) for part in texts.values()] == [1, 1, 1]
    assert "{{" not in whole
    assert "known to be right" not in filled(shipped(POINTWISE).read_text(), {**texts, "reference": None})


def test_a_rubric_that_does_not_show_the_answer_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "own.md").write_text("{{prompt}}\nVerdict: 1 to 5")
    with pytest.raises(InputError, match=r"own\.md: it has no \{\{answer\}\}"):
        rubric_of("own.md", tmp_path)


def test_the_judge_sees_the_answer_without_its_reasoning_and_the_reference(completion: Make) -> None:
    row = completion("<think>secret thought</think>Paris.", "Capital?")
    (prompt,) = asking([row], {"p": "PARIS"}, "{{prompt}}{{answer}}{{reference}}").prompts
    text = prompt.messages[0].content
    assert ("secret" in text, "Paris.\n" in text, "PARIS\n" in text, "Capital?\n" in text) == (False, True, True, True)


def test_only_an_opinion_that_holds_a_score_gives_one(completion: Make) -> None:
    rows = [completion("a", prompt_id="a"), completion("b", prompt_id="b"), completion("c", prompt_id="c")]
    asked = asking(rows, {}, "{{prompt}}{{answer}}")
    opinions = {"a#0": says("5"), "b#0": Opinion(None, None), "c#0": says("?")}
    assert asked.scores(opinions) == {"a#0": 5.0}
    assert asked.rows == 3


def test_a_count_takes_the_same_ones_in_any_order(completion: Make) -> None:
    rows = [completion("x", prompt_id=f"p{n}") for n in range(20)]
    few = {one.id for one in first(rows, 5)}
    assert few == {one.id for one in first(rows[::-1], 5)} < {one.id for one in first(rows, 9)}
    assert first(rows, None) == rows
