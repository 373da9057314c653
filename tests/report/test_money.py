from typing import Any

import msgspec
import pytest

from blackbox_kd.measures import Comparison, Economics
from blackbox_kd.report import money
from blackbox_kd.report.data import ReportData, StageUsage

PAID = {"teacher_usd": 12.0, "teacher_request_usd": 0.02, "points": 50.0}


def usage(*costs: float | None) -> tuple[StageUsage, ...]:
    """Stages of such costs."""
    return tuple(
        StageUsage(stage=f"s{i}", requests=1, prompt_tokens=10, completion_tokens=5, cost_usd=cost)
        for i, cost in enumerate(costs)
    )


def changed(data: ReportData, **more: Any) -> ReportData:
    """The run with another evaluation."""
    return msgspec.structs.replace(data, measured=msgspec.structs.replace(data.measured, **more))


def test_one_unknown_price_makes_the_sum_unknown(bare: ReportData) -> None:
    rows = money.usage(msgspec.structs.replace(bare, usage=usage(1.5, None))).rows
    assert [row[-1] for row in rows] == ["1.50 USD", "unknown", "unknown"]


def test_tokens_and_known_costs_are_summed(bare: ReportData) -> None:
    rows = money.usage(msgspec.structs.replace(bare, usage=usage(1.5, 0.25))).rows
    assert rows[-1] == ("Total", "2", "20", "10", "1.75 USD")


def test_failed_lost_and_newly_bought_rows_are_told(data: ReportData) -> None:
    assert money.usage_notes(data) == (
        "query: 0.25 USD of it in the last run",
        "query: 1 request perhaps paid twice: connection or process lost",
        "query: 8 rows failed for good",
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"break_even_requests": 600.2, "student_request_usd": 0.0}, ("601", "the teacher's cost alone")),
        ({"teacher_usd": None}, ("unknown", "the teacher's price is unknown")),
        ({}, ("unknown", "state [evaluate] student_request_usd")),
        (
            {"student_request_usd": 0.03},
            ("never", "a request to the student is not cheaper than one to the teacher"),
        ),
    ],
)
def test_where_nothing_is_saved_it_is_said_why(
    bare: ReportData, more: dict[str, float | None], expected: tuple[str, str]
) -> None:
    assert money.break_even(bare.measured, Economics(**{**PAID, **more})) == expected


def test_a_student_whose_cost_was_not_stated_is_taken_as_free_aloud(bare: ReportData) -> None:
    _, note = money.break_even(bare.measured, Economics(**PAID, break_even_requests=600.0))
    assert note.endswith("taken as free: state [evaluate] student_request_usd")


def test_what_a_worse_student_saves_is_told_with_its_being_worse(data: ReportData) -> None:
    rows = {row[0]: row[2] for row in money.economics_section(data).tables[0].rows}
    assert rows["Requests until the teacher's cost is saved"].endswith("measurably worse than the teacher's")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"usd_per_point": 0.0222}, ("0.0222 USD", "95 % interval 0.143 to 0.172 USD, n 120")),
        ({"points": None}, ("unknown", "what training gained is unknown")),
        ({"points": -1.0}, ("undefined", "the student gained nothing")),
        ({"teacher_usd": None}, ("unknown", "the teacher's price is unknown")),
    ],
)
def test_a_point_has_a_price_or_a_reason(
    data: ReportData, more: dict[str, float | None], expected: tuple[str, str]
) -> None:
    assert money.point_cost(data.measured, Economics(**{**PAID, **more})) == expected


def test_a_gain_that_may_be_none_has_no_interval_of_its_price(data: ReportData) -> None:
    uncompared = msgspec.structs.replace(data.measured, comparisons=())
    assert money.point_cost(uncompared, Economics(**PAID, usd_per_point=0.24))[1] == "no interval: the gain may be none"


def test_simulated_prices_are_called_that(data: ReportData) -> None:
    assert money.economics_section(data).tables[0].head[1] == "Value (simulated prices)"
    assert money.economics_section(msgspec.structs.replace(data, simulated=False)).tables[0].head[1] == "Value"


def test_training_and_speed_stand_beside_the_money(data: ReportData) -> None:
    rows = {row[0]: row[1:] for row in money.economics_section(data).tables[0].rows}
    assert rows["Training of the student"][0] == "380 rows, 31,040 tokens, 2.5e+13 FLOPs, 95 s"
    assert rows["Latency of the student"] == ("0.41 s", "median of single requests on the machine that evaluated")
    assert rows["Points gained over the untuned student"] == ("+76.7 points", "95 % interval +69.7 to +83.7, n 120")


def test_the_share_that_may_be_left_to_the_student_costs_no_more_than_a_point(data: ReportData) -> None:
    (sentence,) = money.coverage_section(data).sentences
    assert "With the 50 % that the student is surest of left to it, both together reach 95.0 %" in sentence
    assert "at 0.0015 USD a request" in sentence


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [(0.97, "It is measurably worse than the teacher, -17.5 points"), (0.94, "At no share in this table")],
)
def test_all_or_nothing_of_the_coverage_is_said_plainly(data: ReportData, accuracy: float, words: str) -> None:
    first, *rest = data.measured.coverage
    points = (first, *(msgspec.structs.replace(one, accuracy=accuracy) for one in rest))
    (sentence,) = money.coverage_section(changed(data, coverage=points)).sentences
    assert words in sentence


def close(data: ReportData, middle: float, low: float = -0.03, high: float = 0.02) -> str:
    """What is said of a student within a point of its teacher, where half and half reach so much."""
    first, half, last = data.measured.coverage
    points = (first, msgspec.structs.replace(half, accuracy=middle), msgspec.structs.replace(last, accuracy=0.95))
    one = Comparison(arm="student", against="teacher", difference=-0.005, low=low, high=high, p=0.8, n=120)
    (sentence,) = money.coverage_section(changed(data, coverage=points, comparisons=(one,))).sentences
    return sentence


def test_a_student_close_to_its_teacher_is_told_by_what_can_be_shown(data: ReportData) -> None:
    said = close(data, 0.95)
    assert said.endswith("No difference between the two can be shown, -0.5 points (-3.0 to +2.0, p = 0.80, n 120).")


def test_the_best_mix_is_told_with_its_having_been_chosen(data: ReportData) -> None:
    assert close(data, 0.98).endswith(
        "Best in this table is to leave it the 50 % that it is surest of: both together reach 98.0 %; the share was "
        "chosen on the very prompts that it is measured on, so new ones may do less well."
    )


def test_what_a_student_from_elsewhere_cost_is_not_taken_from_this_run(data: ReportData) -> None:
    rows = {
        row[0]: row[1:] for row in money.economics_section(msgspec.structs.replace(data, foreign=True)).tables[0].rows
    }
    assert rows["What making the student cost"] == ("unknown", "this run did not train it")
    assert rows["One request to the teacher"][0] == "0.0028 USD"
    assert not {"All completions of the teacher", "Cost of one point gained"} & rows.keys()


def test_coverage_of_agreement_is_called_that(data: ReportData) -> None:
    section = money.coverage_section(changed(data, reference="teacher"))
    assert "agreement with the teacher; what is passed on agrees by definition" in section.sentences[0]
    assert section.tables[0].head[1] == "Agreement with the teacher of both"


def test_without_the_teacher_alone_the_coverage_is_a_table_only(data: ReportData) -> None:
    section = money.coverage_section(changed(data, coverage=data.measured.coverage[1:]))
    assert section.sentences == ()
    assert len(section.tables[0].rows) == 2
