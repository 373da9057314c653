from collections.abc import Callable
from pathlib import Path

from blackbox_kd.records import Completion
from blackbox_kd.stages.evaluating.opinions import Opinion
from blackbox_kd.stages.scoring.pairwise import asking, first_prompts, rubric_of

Make = Callable[..., Completion]
RUBRIC = "{{prompt}}{{answer_a}}{{answer_b}}"
A, B, TIE = (Opinion(f"Verdict: {word}", 0.0) for word in ("A", "B", "tie"))


def samples(make: Make, *texts: str, name: str = "p") -> list[Completion]:
    """Samples of a prompt."""
    return [make(text, f"prompt {name}", prompt_id=name, sample=n) for n, text in enumerate(texts)]


def test_every_pair_of_samples_is_asked_about_in_both_orders(completion: Make, tmp_path: Path) -> None:
    rows = samples(completion, "one", "two", "three") + samples(completion, "alone", name="q")
    asked = asking(rows, {}, rubric_of("", tmp_path))
    assert len(asked.prompts) == 2 * 3
    assert {one.split for one in asked.prompts} == {"held_out"}
    assert asked.rows == 3


def test_the_score_is_the_share_of_comparisons_won(completion: Make) -> None:
    asked = asking(samples(completion, "one", "two", "three"), {}, RUBRIC)
    opinions = {
        "p#0|p#1:first": A,
        "p#0|p#1:second": B,  # the first answer wins in both orders
        "p#0|p#2:first": A,
        "p#0|p#2:second": A,  # the orders disagree: a tie
        "p#1|p#2:first": TIE,
        "p#1|p#2:second": TIE,
    }
    assert asked.scores(opinions) == {"p#0": 0.75, "p#1": 0.25, "p#2": 0.5}


def test_a_comparison_without_a_verdict_does_not_count(completion: Make) -> None:
    asked = asking(samples(completion, "one", "two"), {}, RUBRIC)
    assert asked.scores({"p#0|p#1:first": A, "p#0|p#1:second": Opinion(None, None)}) == {}


def test_equal_answers_are_a_tie_that_nobody_is_asked_about(completion: Make) -> None:
    asked = asking(samples(completion, "same", "same "), {}, RUBRIC)
    assert (asked.prompts, asked.scores({})) == ([], {"p#0": 0.5, "p#1": 0.5})


def test_a_count_takes_whole_prompts_that_have_something_to_compare(completion: Make) -> None:
    rows = [one for name in "abcdef" for one in samples(completion, "x", "y", "z", name=name)]
    rows += samples(completion, "alone", name="g")
    found = first_prompts(rows, 7)
    assert len(found) == 6
    assert len({one.prompt_id for one in found}) == 2
    assert {one.id for one in found} < {one.id for one in first_prompts(rows[::-1], 9)}
    assert len(first_prompts(rows, None)) == 18
