import xml.etree.ElementTree as ET
from collections.abc import Callable

import msgspec
import pytest

from blackbox_kd.measures import Arm, Estimate, Measured, Part
from blackbox_kd.report.charts import coverage_chart, curve_chart, funnel_chart, loss_chart, scores_chart
from blackbox_kd.report.data import Count, LossPoint, ReportData

CHARTS: list[Callable[[ReportData], str]] = [
    lambda data: scores_chart(data.measured),
    lambda data: curve_chart(data.measured),
    lambda data: coverage_chart(data.measured),
    lambda data: funnel_chart(data.funnel),
    lambda data: loss_chart(data.loss),
]


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter("text")]


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_is_well_formed_and_names_itself(chart: Callable[[ReportData], str], data: ReportData) -> None:
    root = ET.fromstring(chart(data))
    assert root.get("role") == "img"
    assert root.get("aria-label")


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_is_the_same_each_time_and_undated(chart: Callable[[ReportData], str], data: ReportData) -> None:
    svg = chart(data)
    assert svg == chart(data)
    assert "metadata" not in svg
    assert "http" not in svg


def test_charts_of_one_page_share_no_id(data: ReportData) -> None:
    ids = [element.get("id") for chart in CHARTS for element in ET.fromstring(chart(data)).iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_ink_follows_the_pages_colour(measured: Measured) -> None:
    svg = scores_chart(measured)
    assert "currentColor" in svg
    assert "#010203" not in svg


def test_scores_show_each_arm_and_its_rate(measured: Measured) -> None:
    shown = texts(scores_chart(measured))
    assert {"Untuned student", "Trained on gold", "Student", "Teacher", "2 %", "78 %", "96 %"} <= set(shown)


def test_scores_fall_back_on_agreement_in_which_the_teacher_has_no_bar(measured: Measured) -> None:
    half = Part(agreement=Estimate(value=0.5, n=9, families=9))
    arms = (Arm(name="student", whole=half), Arm(name="teacher", whole=half))
    shown = texts(scores_chart(msgspec.structs.replace(measured, reference="teacher", arms=arms)))
    assert "Student" in shown
    assert "Teacher" not in shown
    assert shown.count("50 %") == 2  # on the axis, and beside the bar


def test_a_learning_curve_names_its_axes(measured: Measured) -> None:
    assert {"training rows", "accuracy"} <= set(texts(curve_chart(measured)))


def test_a_curve_of_agreement_is_called_that(measured: Measured) -> None:
    agreed = msgspec.structs.replace(measured, reference="teacher")
    assert "agreement with the teacher" in texts(curve_chart(agreed))


def test_coverage_shows_both_together_and_the_student_alone(measured: Measured) -> None:
    assert {"both together", "the student on what it answers"} <= set(texts(coverage_chart(measured)))


def test_foreign_names_are_drawn_as_text() -> None:
    shown = texts(funnel_chart([Count(name="<b>$x$ & \u65e5\u672c \x1b[31m\u202e", count=3)]))
    assert "<b>$x$ & ??" in shown


def test_an_endless_name_is_cut() -> None:
    assert f"{'x' * 39}\u2026" in texts(funnel_chart([Count(name="x" * 500, count=3)]))


def test_an_empty_funnel_step_is_drawn() -> None:
    assert "0" in texts(funnel_chart([Count(name="asked", count=0)]))


def test_a_loss_curve_names_its_axes() -> None:
    shown = texts(loss_chart([LossPoint(step=1, loss=2.0), LossPoint(step=2, loss=1.0)]))
    assert {"step", "training loss (nats a token)"} <= set(shown)


def test_one_step_is_no_curve() -> None:
    assert loss_chart([LossPoint(step=1, loss=2.0)]) == ""


def test_nothing_to_draw_is_no_chart(bare: ReportData) -> None:
    assert [chart(bare) for chart in CHARTS] == [""] * len(CHARTS)
