from typing import Any

import msgspec
import pytest

from blackbox_kd.measures import Comparison, Measured
from blackbox_kd.report.data import ReportData
from blackbox_kd.report.learning import curve_section, retention_section, seeds_section


def changed(data: ReportData, **more: Any) -> ReportData:
    """The run with another evaluation."""
    return msgspec.structs.replace(data, measured=msgspec.structs.replace(data.measured, **more))


def stepping(measured: Measured, low: float, high: float) -> tuple[Comparison, ...]:
    """The comparisons, the last step of the curve having such an interval."""
    step = {"difference": (low + high) / 2, "low": low, "high": high, "p": None}
    return tuple(
        msgspec.structs.replace(one, **step) if (one.arm, one.against) == ("student", "1/2") else one
        for one in measured.comparisons
    )


def test_a_flat_curve_names_the_rows_that_were_enough_and_what_is_not_ruled_out(data: ReportData) -> None:
    assert curve_section(data).sentences == (
        "From 190 to 380 training rows accuracy is flat within the error, +2.3 points (-2.7 to +7.3, p = 0.60, n 120).",
        "190 rows did not do measurably worse than all 380; a loss of up to 7.3 points (95 % interval, n 120) is not "
        "ruled out. Rows are those left after filtering; nothing is known beyond 380.",
    )


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.02, 0.1, "still rises"), (-0.1, -0.02, "falls"), (-0.05, 0.05, "is flat within the error")],
)
def test_the_last_step_tells_whether_more_may_help(data: ReportData, low: float, high: float, words: str) -> None:
    trend = curve_section(changed(data, comparisons=stepping(data.measured, low, high))).sentences[0]
    assert trend.startswith(f"From 190 to 380 training rows accuracy {words}, ")


def test_a_rising_curve_is_never_drawn_out(data: ReportData) -> None:
    trend, enough = curve_section(changed(data, comparisons=stepping(data.measured, 0.02, 0.1))).sentences
    assert trend.endswith("more prompts may help, how much was not measured.")
    assert enough == (
        "No fewer than all 380 rows were shown to do as well. Rows are those left after filtering; nothing is known "
        "beyond 380."
    )


def test_a_curve_that_was_not_compared_claims_nothing(data: ReportData) -> None:
    trend, enough = curve_section(changed(data, comparisons=())).sentences
    assert trend.endswith("accuracy was not compared.")
    assert "No fewer than all 380" in enough


def test_one_point_is_no_curve(data: ReportData) -> None:
    assert curve_section(changed(data, curve=data.measured.curve[:1])).sentences == ()


def test_the_curve_is_a_table_too(data: ReportData) -> None:
    (table,) = curve_section(data).tables
    assert [row[:3] for row in table.rows] == [
        ("Trained on 1/4 of the rows", "95", "60.0 % (51 to 68 %, n 120)"),
        ("Trained on 1/2 of the rows", "190", "76.0 % (68 to 83 %, n 120)"),
        ("Trained on all of the rows", "380", "78.3 % (70 to 85 %, n 120)"),
    ]


def test_seeds_are_told_with_their_number(data: ReportData) -> None:
    assert seeds_section(data).sentences == (
        "Over 2 trainings that differ by their seed alone, mean accuracy is 77.2 %, 95 % interval 62 to 92 % "
        "(Student's t over trainings).",
    )
    assert seeds_section(changed(data, seeds=None)).sentences == ()


def test_what_was_forgotten_is_told_before_and_after(data: ReportData) -> None:
    section = retention_section(data)
    assert section.sentences[0] == (
        "On 40 prompts that the training data does not cover, the untuned student's own answers took 0.110 bits a byte "
        "before training and take 0.520 after it (2,400 tokens; more bits are less likely). The student still gives "
        "that very answer to 5 % (1 to 17 %, n 40) of them."
    )
    assert section.sentences[1] == (
        "Where references are known, 40 % (26 to 56 %, n 40) of its answers are right, of the untuned student's 55 % "
        "(39 to 70 %, n 40) (McNemar's exact test: p = 0.070)."
    )
    formal = changed(data, reference="none", metric="json_schema")
    assert (
        retention_section(formal)
        .sentences[1]
        .startswith("By json_schema, 40 % (26 to 56 %, n 40) of its answers are valid")
    )
    assert section.tables[0].rows[1] == ("After training", "1.420", "0.520", "2,400")


def test_without_references_nothing_is_said_of_right_answers(data: ReportData) -> None:
    whole = data.measured.retention
    assert whole
    bare = msgspec.structs.replace(whole, base=None, student=None, p=None)
    assert len(retention_section(changed(data, retention=bare)).sentences) == 1
