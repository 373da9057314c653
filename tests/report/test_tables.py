import msgspec
import pytest

from blackbox_kd.report import tables
from blackbox_kd.report.data import CLEAN, Count, NoiseRecall, ReportData, Score, StageUsage
from blackbox_kd.stats import Interval, Pgr


def usage(*costs: float | None) -> tuple[StageUsage, ...]:
    return tuple(
        StageUsage(stage=f"s{i}", requests=1, prompt_tokens=10, completion_tokens=5, cost_usd=cost)
        for i, cost in enumerate(costs)
    )


def test_all_tables_have_rows_as_wide_as_their_heads(data: ReportData) -> None:
    made = [
        build(data)
        for build in (
            tables.scores,
            tables.comparisons,
            tables.slices,
            tables.funnel,
            tables.noise,
            tables.usage,
            tables.training,
        )
    ]
    assert all(table.rows for table in made)
    assert all(len(row) == len(table.head) for table in made for row in table.rows)


def test_scores_come_in_one_order_whatever_order_they_are_given_in(data: ReportData) -> None:
    turned = msgspec.structs.replace(data, scores=data.scores[::-1])
    names = [row[0] for row in tables.scores(turned).rows]
    assert names == ["Untuned student", "Untuned, teacher's prompt", "Student", "Teacher"]


def test_a_second_metric_gets_a_column(data: ReportData) -> None:
    more = (*data.scores, Score(model="student", n=120, metric="checks.py:queue", value=0.9))
    table = tables.scores(msgspec.structs.replace(data, scores=more))
    assert table.head[1] == "Metric"
    assert table.rows[-1][:3] == ("Student", "checks.py:queue", "90.0 %")


def test_a_score_without_references_is_not_zero(bare: ReportData) -> None:
    scores = (Score(model="student", n=9, agreement=0.5, agreement_interval=Interval(0.2, 0.8)),)
    row = tables.scores(msgspec.structs.replace(bare, scores=scores)).rows[0]
    assert row == ("Student", "no references", "", "50.0 %", "20 to 80 %", "9")


def test_one_unknown_price_makes_the_sum_unknown(bare: ReportData) -> None:
    rows = tables.usage(msgspec.structs.replace(bare, usage=usage(1.5, None))).rows
    assert [row[-1] for row in rows] == ["1.50 USD", "unknown", "unknown"]


def test_tokens_and_known_costs_are_summed(bare: ReportData) -> None:
    rows = tables.usage(msgspec.structs.replace(bare, usage=usage(1.5, 0.25))).rows
    assert rows[-1] == ("Total", "2", "20", "10", "1.75 USD")


def test_recall_of_a_fault_that_was_never_planted_is_not_a_number(bare: ReportData) -> None:
    noise = (NoiseRecall(kind="echo", planted=0, rejected=0), NoiseRecall(kind="cut", planted=8, rejected=6))
    rows = tables.noise(msgspec.structs.replace(bare, noise=noise)).rows
    assert [row[-2] for row in rows] == ["none planted", "75 %"]


def test_rejected_clean_answers_are_false_alarms_and_no_recall(bare: ReportData) -> None:
    table = tables.noise(msgspec.structs.replace(bare, noise=(NoiseRecall(kind=CLEAN, planted=8, rejected=2),)))
    assert table.head[-2:] == ("Recall", "False alarms")
    assert table.rows[0][-2:] == ("", "25 %")


def test_failed_lost_and_newly_bought_rows_are_told(data: ReportData) -> None:
    assert tables.usage_notes(data) == (
        "query: 0.25 USD of it in the last run",
        "query: 1 request perhaps paid twice: connection or process lost",
        "query: 8 rows failed for good",
    )


@pytest.mark.parametrize(
    ("families", "caveat"),
    [(40, "; prompts taken as independent; they come from 40 families"), (120, ""), (0, "")],
)
def test_prompts_that_share_families_are_a_caveat(data: ReportData, families: int, caveat: str) -> None:
    scores = tuple(msgspec.structs.replace(score, families=families) for score in data.scores)
    notes = [row[2] for row in tables.comparisons(msgspec.structs.replace(data, scores=scores)).rows[1:]]
    assert notes == [f"McNemar's exact test, two-sided{caveat}", f"with power 0.8 at the 5 % level{caveat}"]


def test_a_gap_of_agreement_is_labelled(data: ReportData) -> None:
    agreed = msgspec.structs.replace(data, pgr_of_agreement=True)
    assert tables.comparisons(agreed).rows[0][0] == "Performance gap recovered, of agreement with the teacher"
    assert "Gap recovered, of agreement with the teacher" in {tile.name for tile in tables.tiles(agreed)}


def test_lost_rows_carry_a_minus(bare: ReportData) -> None:
    steps = (Count(name="replied", count=1200), Count(name="failed", count=8, lost=True))
    assert tables.funnel(msgspec.structs.replace(bare, funnel=steps)).rows == (("replied", "1,200"), ("failed", "-8"))


def test_a_slice_that_one_model_lacks_leaves_its_cell_empty(bare: ReportData) -> None:
    scores = (
        Score(model="student", n=9, slice="long", value=0.5),
        Score(model="base", n=9, slice="short", value=0.1, interval=Interval(0.0, 0.3)),
    )
    table = tables.slices(msgspec.structs.replace(bare, scores=scores))
    assert table.head == ("Slice", "Prompts", "Untuned student", "Student")
    assert table.rows == (("long", "9", "", "50 %"), ("short", "9", "10 % (0 to 30 %)", ""))


def test_an_undefined_gap_is_shown_with_its_reason(data: ReportData) -> None:
    rows = tables.comparisons(msgspec.structs.replace(data, pgr=Pgr(undefined="no gap"))).rows
    assert rows[0] == ("Performance gap recovered", "undefined", "no gap")


@pytest.mark.parametrize(("simulated", "shown"), [(False, True), (True, False)])
def test_the_cost_of_a_point_is_told_for_real_money_only(data: ReportData, simulated: bool, shown: bool) -> None:
    rows = tables.comparisons(msgspec.structs.replace(data, simulated=simulated)).rows
    assert any(row[0] == "Cost of one point gained" for row in rows) is shown


def test_tiles_show_agreement_where_there_is_no_accuracy(bare: ReportData) -> None:
    scores = (Score(model="student", n=9, agreement=0.5), Score(model="teacher", n=9, agreement=1.0))
    found = tables.tiles(msgspec.structs.replace(bare, scores=scores))
    assert [(tile.name, tile.value, tile.note) for tile in found] == [("Student", "50 %", "agrees with teacher")]


def test_tiles_name_what_matters_most(data: ReportData) -> None:
    found = {tile.name: tile.value for tile in tables.tiles(data)}
    assert found == {
        "Untuned student": "2 %",
        "Student": "78 %",
        "Teacher": "96 %",
        "Gap recovered": "81 %",
        "Training rows": "380",
        "Cost": "1.71 USD",
    }
