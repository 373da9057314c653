import msgspec

from blackbox_kd.measures import Arm, Estimate, Part
from blackbox_kd.report.data import ReportData
from blackbox_kd.report.sections import ORDER, sections, tiles

HALF = Estimate(value=0.5, low=0.2, high=0.8, n=9, families=9)


def test_each_question_that_was_measured_has_a_section(data: ReportData) -> None:
    assert [one.title for one in sections(data)] == [
        "Scores",
        "By slice",
        "Task or format",
        "Against the alternatives",
        "The teacher's mistakes",
        "How many prompts are needed",
        "Training seeds",
        "What was forgotten",
        "Cost and speed",
        "Passing hard prompts to the teacher",
        "LLM-as-a-judge",
    ]
    assert len(ORDER) == len(sections(data))


def test_what_was_not_measured_has_none(bare: ReportData) -> None:
    assert sections(bare) == ()


def test_all_rows_are_as_wide_as_their_heads(data: ReportData) -> None:
    made = [table for one in sections(data) for table in one.tables]
    assert len(made) == 8
    assert all(len(row) == len(table.head) for table in made for row in table.rows)


def test_tiles_show_agreement_where_there_is_no_accuracy(bare: ReportData) -> None:
    whole = Part(agreement=HALF)
    arms = tuple(Arm(name=name, whole=whole) for name in ("student", "teacher"))
    found = msgspec.structs.replace(bare.measured, reference="teacher", arms=arms)
    shown = tiles(msgspec.structs.replace(bare, measured=found))
    assert [(one.name, one.value, one.note) for one in shown] == [
        ("Student", "50 %", "agrees with teacher, 95 %: 20 to 80 %, n 9")
    ]


def test_tiles_name_what_matters_most(data: ReportData) -> None:
    assert {tile.name: tile.value for tile in tiles(data)} == {
        "Untuned student": "2 %",
        "Student": "78 %",
        "Teacher": "96 %",
        "Gap recovered": "81 %",
        "Training rows": "380",
        "Cost": "1.71 USD",
    }


def test_what_this_run_paid_is_no_number_of_a_student_from_elsewhere(data: ReportData) -> None:
    assert "Cost" in [tile.name for tile in tiles(data)]
    assert "Cost" not in [tile.name for tile in tiles(msgspec.structs.replace(data, foreign=True))]
