import msgspec
import pytest

from blackbox_kd.measures import Arm, Comparison, Estimate, Gap, Measured, Part
from blackbox_kd.report import arms
from blackbox_kd.report.data import compared, told_apart

HALF = Estimate(value=0.5, low=0.2, high=0.8, n=9, families=9)


def test_arms_come_in_the_order_of_the_file(measured: Measured) -> None:
    names = [row[0] for row in arms.scores(measured).rows]
    assert names[:3] == ["Untuned student", "Untuned, teacher's prompt", "Untuned, few-shot"]
    assert names[-2:] == ["Student", "Teacher"]


def test_a_score_carries_its_interval_and_the_rows_own_n_once(measured: Measured) -> None:
    table = arms.scores(measured)
    row = dict(zip(table.head, table.rows[-2], strict=True))
    assert row == {
        "Model": "Student",
        "Prompts": "120",
        "exact_match": "78.3 % (70 to 85 %)",
        "Agrees with teacher (exact_match)": "76.7 % (68 to 83 %)",
        "json_fields": "91.0 % (88 to 94 %)",
        "Gap recovered": "81 % (72 to 88 %)",
    }


def test_another_n_than_the_rows_is_told(measured: Measured) -> None:
    one = Arm(name="student", whole=Part(accuracy=HALF, agreement=msgspec.structs.replace(HALF, n=20)))
    rows = arms.scores(msgspec.structs.replace(measured, arms=(one,), gaps={})).rows
    assert rows == (("Student", "9", "50.0 % (20 to 80 %)", "50.0 % (20 to 80 %, n 20)"),)


def test_without_references_there_is_no_column_for_accuracy(measured: Measured) -> None:
    students = (Arm(name="student", whole=Part(agreement=HALF)), Arm(name="teacher", whole=Part(agreement=HALF)))
    agreed = msgspec.structs.replace(measured, reference="teacher", arms=students, gaps={}, self_agreement=HALF)
    table = arms.scores(agreed)
    assert table.head == ("Model", "Prompts", "Agrees with teacher (exact_match)")
    assert table.rows[1][-1] == "50.0 % (20 to 80 %) with itself"


def test_further_metrics_of_agreement_are_named_as_that(measured: Measured) -> None:
    agreed = msgspec.structs.replace(measured, reference="teacher", agreements=("json_fields",))
    assert arms.scores(agreed).head[3:5] == ("Agrees with teacher (exact_match)", "Agrees with teacher (json_fields)")


def test_validity_is_not_called_accuracy(measured: Measured) -> None:
    whole = Part(accuracy=HALF)
    valid = msgspec.structs.replace(
        measured, metric="json_schema", reference="none", arms=(Arm(name="student", whole=whole),), gaps={}
    )
    assert arms.scores(valid).head == ("Model", "Prompts", "Valid (json_schema)")
    assert arms.comparisons(valid).caption.startswith("Differences in validity")


def test_prompts_without_a_reference_are_counted_apart(measured: Measured) -> None:
    mixed = msgspec.structs.replace(measured, items=120, with_reference=40)
    assert arms.scores(mixed).caption.startswith(
        "40 of 120 held-out prompts have a reference: accuracy and what is made of it are over these. For the other 80 "
        "only the teacher's answer is known: they count in agreement alone; 95 % intervals"
    )
    whole = msgspec.structs.replace(measured, items=120, with_reference=120)
    assert arms.scores(whole).caption.startswith("120 held-out prompts; 95 % intervals")


def test_several_tests_are_adjusted_for_their_number(measured: Measured) -> None:
    two = [
        Comparison(arm="student", against=name, difference=0.1, p=p, n=9) for name, p in (("base", 0.03), ("x", 0.5))
    ]
    rows = arms.comparisons(msgspec.structs.replace(measured, comparisons=tuple(two))).rows
    assert [row[2:4] for row in rows] == [("p = 0.030", "p = 0.060"), ("p = 0.50", "p = 0.50")]


def test_agreement_of_the_teacher_with_its_own_answer_is_not_shown(measured: Measured) -> None:
    teacher = (Arm(name="teacher", whole=Part(accuracy=HALF, agreement=HALF)),)
    unasked = msgspec.structs.replace(measured, arms=teacher, gaps={}, self_agreement=None)
    assert arms.scores(unasked).rows == (("Teacher", "9", "50.0 % (20 to 80 %)"),)


def test_a_gap_of_agreement_is_labelled(measured: Measured) -> None:
    agreed = msgspec.structs.replace(measured, gaps={"student": Gap(value=0.5, reference="teacher")})
    assert arms.scores(agreed).head[-1] == "Gap recovered, of agreement with the teacher"
    assert "recovered, of agreement with the teacher (" in arms.recovered_sentence(agreed)


def test_an_undefined_gap_is_shown_with_its_reason(measured: Measured) -> None:
    without = msgspec.structs.replace(measured, gaps={"student": Gap(undefined="no gap", reference="gold")})
    assert arms.scores(without).rows[-2][-1] == "undefined"
    assert arms.recovered_sentence(without).endswith("is undefined: no gap.")


def test_the_teachers_agreement_with_itself_is_the_ceiling_where_there_is_no_gold(measured: Measured) -> None:
    assert "ceiling" not in arms.self_agreement(measured)
    assert arms.self_agreement(msgspec.structs.replace(measured, reference="teacher")) == (
        "Asked twice, the teacher itself gives the same answer to 93 % (87 to 97 %, n 120) of the prompts, "
        "the ceiling for agreement."
    )


def test_what_so_many_prompts_can_show_is_told_with_or_without_words(measured: Measured) -> None:
    assert arms.power(measured) == "120 prompts can show a difference of 8 points, not of 4."
    assert "7.4 points" in arms.power(msgspec.structs.replace(measured, power=""))


def test_likelihood_stop_loop_and_length_stand_in_a_table(measured: Measured) -> None:
    table = arms.answers(measured)
    assert table.rows[1] == ("Student", "120", "99.2 %", "0.0 %", "1.01", "31.2", "0.432 (3,720 tokens)", "0.211")
    assert "at most 64 new tokens" in table.caption


@pytest.mark.parametrize(
    ("families", "caveat"),
    [(40, ", which takes prompts as independent; they come from 40 families"), (120, ""), (0, "")],
)
def test_prompts_that_share_families_are_a_caveat_of_the_test(measured: Measured, families: int, caveat: str) -> None:
    whole = Part(accuracy=Estimate(value=0.5, n=120, families=families))
    found = msgspec.structs.replace(measured, arms=(Arm(name="student", whole=whole),))
    assert arms.comparisons(found).caption.endswith(f"two-sided{caveat}; adjusted is over this table (Holm 1979)")


def test_a_comparison_without_a_test_has_no_p(measured: Measured) -> None:
    one = Comparison(arm="student", against="base", difference=0.1, low=0.0, high=0.2, n=9)
    table = arms.comparisons(msgspec.structs.replace(measured, comparisons=(one,)))
    assert table.head == ("Compared", "Difference", "95 % interval", "Prompts")
    assert "McNemar" not in table.caption


def test_the_measure_itself_is_not_compared_with(measured: Measured) -> None:
    rows = arms.comparisons(msgspec.structs.replace(measured, reference="teacher")).rows
    assert "Student against the untuned student" in {row[0] for row in rows}
    assert "Student against the teacher" not in {row[0] for row in rows}


def test_slices_show_the_adjusted_p_of_each_difference(measured: Measured) -> None:
    table = arms.slices(measured)
    assert [row[0] for row in table.rows] == ["far from training", "near training"]
    assert table.rows[0][-2] == "+70.0 points (+60.0 to +80.0, p = 0.020)"
    assert "Holm 1979" in table.caption


def test_a_slice_that_one_arm_lacks_leaves_its_cell_empty(measured: Measured) -> None:
    found = (
        Arm(name="base", whole=Part(), slices={"short": Part(accuracy=HALF)}),
        Arm(name="student", whole=Part(), slices={"long": Part(accuracy=HALF)}),
    )
    table = arms.slices(msgspec.structs.replace(measured, arms=found, comparisons=()))
    assert table.head == ("Slice", "Prompts", "Untuned student", "Student")
    assert table.rows == (("long", "9", "", "50 % (20 to 80 %)"), ("short", "9", "50 % (20 to 80 %)", ""))


def test_a_comparison_is_found_whichever_way_round_it_was_measured(measured: Measured) -> None:
    turned = compared(measured, "base", "student")
    assert turned is not None
    assert (turned.difference, turned.low, turned.high) == pytest.approx((-0.7667, -0.8367, -0.6967))
    assert told_apart(turned) == -1


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [(0.1, 0.3, 0.01, 1), (0.1, 0.3, None, 1), (0.1, 0.3, 0.2, 0), (-0.1, 0.3, 0.01, 0), (None, None, 0.01, 0)],
)
def test_only_what_interval_and_test_both_say_is_measurable(
    low: float | None, high: float | None, p: float | None, expected: int
) -> None:
    one = Comparison(arm="student", against="base", difference=0.2, low=low, high=high, p=p, n=9)
    assert told_apart(one) == expected
