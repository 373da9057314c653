import msgspec
import pytest

from blackbox_kd.report.data import ReportData, Score
from blackbox_kd.report.verdict import verdict
from blackbox_kd.stats import Interval, Pgr

SCORES = (Score(model="base", n=120, value=0.02), Score(model="teacher", n=120, value=0.96))


@pytest.fixture
def run(bare: ReportData) -> ReportData:
    """A student at 78 %, untuned 2 %, teacher 96 %, on 120 prompts."""
    return msgspec.structs.replace(
        bare,
        scores=(*SCORES, Score(model="student", n=120, value=0.78)),
        pgr=Pgr(value=0.81, low=0.72, high=0.88),
        mcnemar_p=1e-9,
        minimum_detectable=0.074,
    )


def test_a_good_student_is_said_to_be_one(run: ReportData) -> None:
    assert verdict(run) == (
        "The student answers 78 % of 120 held-out prompts exactly (untuned: 2 %, teacher: 96 %): "
        "it recovered 81 % of the gap, 95 % interval 72 to 88 %."
    )


def test_a_simulated_teacher_is_called_that(run: ReportData) -> None:
    assert "simulated teacher: 96 %" in verdict(msgspec.structs.replace(run, simulated=True))


def test_another_metric_is_named(run: ReportData) -> None:
    scores = tuple(msgspec.structs.replace(score, metric="checks.py:queue") for score in run.scores)
    said = verdict(msgspec.structs.replace(run, scores=scores, metric="checks.py:queue"))
    assert said.startswith("The student scores 78 % on checks.py:queue over 120 held-out prompts")


def test_an_undefined_gap_says_why(run: ReportData) -> None:
    pgr = Pgr(undefined="the teacher is not measurably better than the untuned student")
    assert verdict(msgspec.structs.replace(run, pgr=pgr)).endswith(
        "it is better than the untuned student, but the share of the gap that it recovered is undefined, "
        "because the teacher is not measurably better than the untuned student."
    )


@pytest.mark.parametrize(
    ("student", "p", "words"),
    [
        (0.03, 0.43, "it is not measurably better than the untuned student (p = 0.43)."),
        (0.02, None, "it is not measurably better than the untuned student."),
        (0.01, 0.6, "it is not measurably better than the untuned student (p = 0.60)."),
        (0.01, 0.01, "training made it worse (p = 0.010)."),
    ],
)
def test_no_gain_is_not_dressed_up(run: ReportData, student: float, p: float | None, words: str) -> None:
    scores = (*SCORES, Score(model="student", n=120, value=student))
    said = verdict(msgspec.structs.replace(run, scores=scores, mcnemar_p=p))
    assert said.endswith(words)
    assert "recovered" not in said


def test_without_references_it_is_agreement(run: ReportData) -> None:
    scores = (
        Score(model="base", n=120, agreement=0.02),
        Score(model="student", n=120, agreement=0.78, agreement_interval=Interval(0.7, 0.84)),
    )
    assert verdict(msgspec.structs.replace(run, scores=scores, pgr=None, mcnemar_p=None)) == (
        "The student gives the teacher's answer to 78 % of 120 held-out prompts (untuned: 2 %), "
        "95 % interval 70 to 84 %: this is agreement with the teacher, not accuracy, as there are no reference answers."
    )


def test_few_prompts_are_a_caveat(run: ReportData) -> None:
    scores = tuple(msgspec.structs.replace(score, n=20) for score in run.scores)
    said = verdict(msgspec.structs.replace(run, scores=scores, minimum_detectable=0.31))
    assert said.endswith("; with only 20 prompts, differences below 31 points cannot be told from chance.")


def test_a_handful_of_prompts_shows_nothing(run: ReportData) -> None:
    scores = tuple(msgspec.structs.replace(score, n=4) for score in run.scores)
    said = verdict(msgspec.structs.replace(run, scores=scores, minimum_detectable=1.0))
    assert said.endswith("; 4 prompts are too few to show any difference.")


def test_one_prompt_is_not_called_several(run: ReportData) -> None:
    scores = tuple(msgspec.structs.replace(score, n=1) for score in run.scores)
    said = verdict(msgspec.structs.replace(run, scores=scores, minimum_detectable=1.0))
    assert "of 1 held-out prompt exactly" in said
    assert said.endswith("; 1 prompt is too few to show any difference.")


def test_a_missing_base_leaves_the_gain_unknown(run: ReportData) -> None:
    said = verdict(msgspec.structs.replace(run, scores=run.scores[1:]))
    assert said.endswith("the untuned student was not scored, so what training brought is unknown.")


def test_nothing_scored_is_nothing_known(bare: ReportData) -> None:
    assert verdict(bare) == "No held-out prompt was scored, so nothing is known about how good the student is."
