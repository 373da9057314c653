from typing import Any

import msgspec
import pytest

from blackbox_kd.measures import Arm, Comparison, Estimate, Gap, Measured, Part
from blackbox_kd.report.data import ReportData
from blackbox_kd.report.verdict import verdict

BETTER = Comparison(arm="student", against="base", difference=0.76, low=0.69, high=0.83, p=1e-9, n=120)


def share(value: float, low: float, high: float, n: int = 120) -> Estimate:
    """An estimate of which each prompt is a family."""
    return Estimate(value=value, low=low, high=high, n=n, families=n)


def arms(agreement: bool = False, n: int = 120, student: float = 0.78) -> tuple[Arm, ...]:
    """Untuned student, student and teacher."""
    scores = {"base": share(0.02, 0.005, 0.06, n), "student": share(student, 0.7, 0.85, n)}
    scores["teacher"] = share(0.96, 0.91, 0.98, n)
    parts = {name: Part(agreement=one) if agreement else Part(accuracy=one) for name, one in scores.items()}
    return tuple(Arm(name=name, whole=part) for name, part in parts.items())


def changed(run: ReportData, **more: Any) -> str:
    """The verdict on another evaluation."""
    return verdict(msgspec.structs.replace(run, measured=msgspec.structs.replace(run.measured, **more)))


@pytest.fixture
def run(bare: ReportData) -> ReportData:
    """A student at 78 %, untuned 2 %, teacher 96 %, on 120 prompts."""
    found = Measured(
        schema=3,
        metric="exact_match",
        reference="gold",
        student="own",
        arms=arms(),
        comparisons=(BETTER,),
        gaps={"student": Gap(value=0.81, low=0.72, high=0.88, reference="gold")},
        minimum_detectable=0.074,
    )
    return msgspec.structs.replace(bare, measured=found)


def test_a_good_student_is_said_to_be_one(run: ReportData) -> None:
    assert verdict(run) == (
        "The student answers 78 % (70 to 85 %) of 120 held-out prompts exactly, the untuned student 2 % (0.5 to 6 %), "
        "the teacher 96 % (91 to 98 %): it recovered 81 % of the gap, 95 % interval 72 to 88 %."
    )


def test_a_simulated_teacher_is_called_that(run: ReportData) -> None:
    assert "the simulated teacher 96 %" in verdict(msgspec.structs.replace(run, simulated=True))


def test_another_metric_is_named(run: ReportData) -> None:
    said = changed(run, metric="checks.py:queue")
    assert said.startswith("The student scores 78 % (70 to 85 %) on checks.py:queue over 120 held-out prompts")


def test_an_undefined_gap_says_why(run: ReportData) -> None:
    why = "the teacher is not measurably better than the untuned student"
    assert changed(run, gaps={"student": Gap(undefined=why, reference="gold")}).endswith(
        f"better than the untuned student, but the share of the gap that it recovered is undefined, because {why}."
    )


def test_a_gap_beyond_either_end_is_not_clipped(run: ReportData) -> None:
    said = changed(run, gaps={"student": Gap(value=1.21, low=1.09, high=1.35, reference="gold")})
    assert said.endswith("it recovered 121 % of the gap, 95 % interval 109 to 135 %.")


@pytest.mark.parametrize(
    ("low", "high", "p", "words"),
    [
        (-0.02, 0.04, 0.43, "not measurably better than the untuned student, +1.0 points (-2.0 to +4.0, p = 0.43)."),
        (-0.02, 0.04, None, "not measurably better than the untuned student, +1.0 points (-2.0 to +4.0)."),
        (0.001, 0.04, 0.07, "not measurably better than the untuned student, +1.0 points (+0.1 to +4.0, p = 0.070)."),
        (None, None, 1e-9, "not measurably better than the untuned student, +1.0 points (p < 0.001)."),
    ],
)
def test_no_gain_is_not_dressed_up(
    run: ReportData, low: float | None, high: float | None, p: float | None, words: str
) -> None:
    one = msgspec.structs.replace(BETTER, difference=0.01, low=low, high=high, p=p)
    said = changed(run, comparisons=(one,))
    assert said.endswith(words)
    assert "recovered" not in said


def test_harm_is_said(run: ReportData) -> None:
    one = msgspec.structs.replace(BETTER, difference=-0.1, low=-0.2, high=-0.01, p=0.01)
    assert "training made it worse than the untuned student, -10.0 points" in changed(run, comparisons=(one,))


def test_without_references_it_is_agreement_beside_the_teachers_own(run: ReportData) -> None:
    said = changed(
        run,
        reference="teacher",
        arms=arms(agreement=True),
        gaps={"student": Gap(value=0.77, low=0.7, high=0.84, reference="teacher")},
        self_agreement=share(0.83, 0.75, 0.89, 60),
    )
    assert said == (
        "The student gives the teacher's answer to 78 % (70 to 85 %) of 120 held-out prompts, the untuned student to "
        "2 % (0.5 to 6 %): it recovered 77 % of the gap of agreement with the teacher, 95 % interval 70 to 84 %. This "
        "is agreement with the teacher, not accuracy, as there are no reference answers; the teacher itself gives the "
        "same answer twice to 83 % (75 to 89 %, n 60)."
    )


def test_validity_is_told_as_that_and_not_as_accuracy(run: ReportData) -> None:
    gap = {"student": Gap(value=0.81, low=0.72, high=0.88, reference="none")}
    assert changed(run, metric="json_schema", reference="none", gaps=gap) == (
        "By json_schema, 78 % (70 to 85 %) of the student's answers to 120 held-out prompts are valid, the untuned "
        "student 2 % (0.5 to 6 %), the teacher 96 % (91 to 98 %): it recovered 81 % of the gap of validity, 95 % "
        "interval 72 to 88 %. Validity is no accuracy: a valid answer may be wrong."
    )


@pytest.mark.parametrize(
    ("n", "detectable", "words"),
    [
        (20, 0.31, "; with only 20 prompts, differences below 31 points cannot be told from chance."),
        (4, 1.0, "; 4 prompts are too few to show any difference."),
        (1, 1.0, "; 1 prompt is too few to show any difference."),
    ],
)
def test_few_prompts_are_a_caveat(run: ReportData, n: int, detectable: float, words: str) -> None:
    assert changed(run, arms=arms(n=n), minimum_detectable=detectable).endswith(words)


def test_without_the_untuned_student_it_is_held_against_the_teacher(run: ReportData) -> None:
    one = msgspec.structs.replace(BETTER, against="teacher", difference=-0.18, low=-0.25, high=-0.1)
    assert changed(run, arms=arms()[1:], comparisons=(one,)).endswith(
        ": it is measurably worse than the teacher, -18.0 points (-25.0 to -10.0, p < 0.001); what training brought is "
        "unknown, as the untuned student was not scored."
    )


def test_nothing_scored_is_nothing_known(bare: ReportData) -> None:
    assert verdict(bare) == "No held-out prompt was scored, so nothing is known about how good the student is."
