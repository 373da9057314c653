import msgspec

from blackbox_kd.report import tables
from blackbox_kd.report.data import CLEAN, Count, NoiseRecall, ReportData


def test_all_tables_have_rows_as_wide_as_their_heads(data: ReportData) -> None:
    made = [build(data) for build in (tables.funnel, tables.noise, tables.training)]
    assert all(table.rows for table in made)
    assert all(len(row) == len(table.head) for table in made for row in table.rows)


def test_a_column_in_which_nobody_has_anything_is_left_out() -> None:
    table = tables.filled(("a", "b", "c"), [("", "", "1"), ("", "", "")])
    assert (table.head, table.rows) == (("a", "c"), (("", "1"), ("", "")))


def test_recall_of_a_fault_that_was_never_planted_is_not_a_number(bare: ReportData) -> None:
    noise = (NoiseRecall(kind="echo", planted=0, rejected=0), NoiseRecall(kind="cut", planted=8, rejected=6))
    rows = tables.noise(msgspec.structs.replace(bare, noise=noise)).rows
    assert [row[-2] for row in rows] == ["none planted", "75 %"]


def test_rejected_clean_answers_are_false_alarms_and_no_recall(bare: ReportData) -> None:
    table = tables.noise(msgspec.structs.replace(bare, noise=(NoiseRecall(kind=CLEAN, planted=8, rejected=2),)))
    assert table.head[-2:] == ("Recall", "False alarms")
    assert table.rows[0][-2:] == ("", "25 %")


def test_lost_rows_carry_a_minus(bare: ReportData) -> None:
    steps = (Count(name="replied", count=1200), Count(name="failed", count=8, lost=True))
    assert tables.funnel(msgspec.structs.replace(bare, funnel=steps)).rows == (("replied", "1,200"), ("failed", "-8"))
