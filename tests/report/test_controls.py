from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from blackbox_kd.measures import Comparison, Copied, Measured
from blackbox_kd.report.controls import alternatives_section, copied_section, format_section, learned
from blackbox_kd.report.data import ReportData


def without(measured: Measured, *arms: str) -> Measured:
    """The evaluation without some arms."""
    return msgspec.structs.replace(measured, arms=tuple(one for one in measured.arms if one.name not in arms))


def changed(data: ReportData, **more: Any) -> ReportData:
    """The run with another evaluation."""
    return msgspec.structs.replace(data, measured=msgspec.structs.replace(data.measured, **more))


def differing(measured: Measured, arm: str, against: str, low: float, high: float) -> Measured:
    """The evaluation with another difference between two arms."""
    one = Comparison(arm=arm, against=against, difference=(low + high) / 2, low=low, high=high, n=120)
    kept: Sequence[Comparison] = [c for c in measured.comparisons if (c.arm, c.against) != (arm, against)]
    return msgspec.structs.replace(measured, comparisons=(one, *kept))


def test_a_control_that_gains_nothing_makes_the_gain_the_tasks(data: ReportData) -> None:
    assert format_section(data).sentences == (
        "A student trained on the same answers, shuffled among the prompts, reaches 2 % (1 to 7 %, n 120), the untuned "
        "student 2 % (0.5 to 6 %, n 120): not measurably more than untuned, +0.8 points (-1.2 to +2.8, p = 1.00, "
        "n 120). What the student gained over it, +75.8 points (+68.8 to +82.8, p < 0.001, n 120), comes from the "
        "task, not from the look of the answers; up to 2.8 points of format are not ruled out.",
    )


def test_a_control_that_gains_is_the_share_of_the_format(measured: Measured) -> None:
    assert learned(differing(measured, "shuffled", "base", 0.1, 0.2)) == (
        "that much of the gain, +15.0 points (+10.0 to +20.0, n 120), is the look of the answers; the task brings "
        "another +75.8 points (+68.8 to +82.8, p < 0.001, n 120)"
    )


def test_a_control_that_does_as_well_as_the_student_shows_that_no_task_was_learned(measured: Measured) -> None:
    assert "nothing shows that it learned the task" in learned(differing(measured, "student", "shuffled", -0.02, 0.05))


def test_a_control_that_was_not_compared_separates_nothing(measured: Measured) -> None:
    assert "not separated" in learned(msgspec.structs.replace(measured, comparisons=()))


def test_without_a_control_it_is_said_how_to_have_one(data: ReportData) -> None:
    (sentence,) = format_section(msgspec.structs.replace(data, measured=without(data.measured, "shuffled"))).sentences
    assert sentence.startswith('Not separated: no shuffled control was trained; [evaluate] arms = ["shuffled"] does.')


def test_the_best_untuned_way_is_the_one_to_beat(data: ReportData) -> None:
    first, second = alternatives_section(data).sentences
    assert first == (
        "Of 3 ways to ask without training, the best is the untuned student with examples in its prompt: 15 % (10 to "
        "22 %, n 120). The student is better: +63.3 points (+54.3 to +72.3, p < 0.001, n 120)."
    )
    assert second == (
        "Trained on gold (300 rows) instead of the teacher's answers, the student reaches 80 % (72 to 86 %, n 120); "
        "the distilled student is not measurably apart from it, -1.7 points (-6.7 to +3.3, p = 0.70, n 120)."
    )


def test_without_alternatives_there_is_nothing_to_say(data: ReportData) -> None:
    few = without(data.measured, "base_full_prompt", "base_few_shot", "gold")
    assert alternatives_section(msgspec.structs.replace(data, measured=few)).sentences == ()


@pytest.mark.parametrize(
    ("copied", "words"),
    [
        (
            Copied(teacher_wrong=5, copied=3, student_right=1),
            "Held to gold, the teacher got 5 prompts wrong: the student copied 3 of these mistakes (60 %, 23 to 88 %, "
            "n 5) and was right on 1. A copied mistake counts as agreement, never as accuracy.",
        ),
        (
            Copied(teacher_wrong=0, copied=0, student_right=0),
            "The teacher got no prompt wrong whose gold is known.",
        ),
    ],
)
def test_copied_mistakes_are_counted(data: ReportData, copied: Copied, words: str) -> None:
    assert copied_section(changed(data, copied=copied)).sentences == (words,)
