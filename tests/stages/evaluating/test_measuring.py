import random

import msgspec
import pytest

from blackbox_kd.measures import Measured, Trained, arm_of
from blackbox_kd.records import Item, Prediction
from blackbox_kd.stages.evaluating.evidence import AGAIN, Facts
from blackbox_kd.stages.evaluating.measuring import measured
from blackbox_kd.stages.evaluating.modelling import Timing

N = 120
FACTS = Facts(metrics=("exact_match", "chrf"), student="student", draws=500)


def item(number: int, gold: bool = True) -> Item:
    """One item; two of them share a family, and every third is of the slice `hard`."""
    slices = ("hard",) if number % 3 == 0 else ()
    reference = f"r{number}" if gold else None
    return Item(id=f"p{number:03}", key=f"k{number}", family=f"f{number // 2}", reference=reference, slices=slices)


def said(arm: str, number: int, score: float | None, agreement: float | None = 1.0, **more: float) -> Prediction:
    """What an arm said of an item."""
    return Prediction(
        prompt_id=f"p{number:03}",
        model=arm,
        text=f"{arm} {number}",
        finish_reason="stop",
        completion_tokens=3,
        scores={} if score is None else {"exact_match": score, "chrf": score / 2},
        agreements={} if agreement is None else {"exact_match": agreement, "chrf": agreement / 4},
        logprob=more.get("logprob"),
        nll=more.get("nll"),
        nll_tokens=int(more.get("nll_tokens", 0)),
        nll_bytes=int(more.get("nll_bytes", 0)),
    )


def rows(gold: bool = True) -> tuple[list[Item], list[Prediction]]:
    """120 items: base right on the first 10 %, student on 60 %, teacher on 90 %."""
    items = [item(number, gold) for number in range(N)]
    rates = {"base": 0.1, "student": 0.6, "teacher": 0.9}
    found = []
    for arm, rate in rates.items():
        for number in range(N):
            right = float(number < rate * N)
            agrees = 1.0 if arm == "teacher" else right
            found.append(said(arm, number, right if gold else None, agrees, logprob=-0.01 * number))
    return items, found


def test_gap_recovered_is_the_students_share_of_what_the_teacher_is_better() -> None:
    found = measured(*rows(), FACTS)
    gap = found.gaps["student"]
    assert gap.value == pytest.approx(0.625)
    assert gap.low is not None
    assert gap.high is not None
    assert gap.low < 0.625 < gap.high
    assert gap.reference == "gold"


def test_without_gold_all_is_agreement_with_the_teacher() -> None:
    found = measured(*rows(gold=False), FACTS)
    student = arm_of(found, "student")
    assert student is not None
    assert student.whole.accuracy is None
    assert student.whole.agreement is not None
    assert student.whole.agreement.value == pytest.approx(0.6)
    assert found.reference == found.gaps["student"].reference == "teacher"
    assert found.gaps["student"].value == pytest.approx(5 / 9)
    assert found.copied is None


def test_without_gold_the_further_metrics_are_of_agreement_and_said_to_be() -> None:
    found = measured(*rows(gold=False), FACTS)
    student, teacher = arm_of(found, "student"), arm_of(found, "teacher")
    assert student is not None
    assert teacher is not None
    assert student.whole.metrics["chrf"].value == pytest.approx(0.15)
    assert student.slices["hard"].metrics["chrf"].n == N // 3
    assert found.agreements == ("chrf",)
    assert teacher.whole.metrics == {}
    assert measured(*rows(), FACTS).agreements == ()


def test_a_headline_that_needs_no_reference_is_neither_accuracy_nor_agreement() -> None:
    items, predictions = rows()
    predictions = [msgspec.structs.replace(one, agreements={"chrf": 0.5}) for one in predictions]
    found = measured(items, predictions, msgspec.structs.replace(FACTS, reference_free=True))
    student = arm_of(found, "student")
    assert student is not None
    assert (found.reference, found.gaps["student"].reference, found.copied) == ("none", "none", None)
    assert student.whole.agreement is None
    assert student.whole.accuracy is not None
    assert student.whole.accuracy.value == pytest.approx(0.6)
    assert found.gaps["student"].value == pytest.approx(0.625)


def test_items_with_a_reference_are_told_apart_from_those_with_the_teachers_answer_alone() -> None:
    items, predictions = rows()
    items = [one if number < 40 else item(number, gold=False) for number, one in enumerate(items)]
    predictions = [one if one.prompt_id < "p040" else msgspec.structs.replace(one, scores={}) for one in predictions]
    found = measured(items, predictions, FACTS)
    student = arm_of(found, "student")
    assert student is not None
    assert student.whole.accuracy is not None
    assert student.whole.agreement is not None
    assert (found.reference, found.items, found.with_reference) == ("gold", N, 40)
    assert (student.whole.accuracy.n, student.whole.agreement.n) == (40, N)


def test_the_order_of_the_rows_plays_no_part() -> None:
    items, predictions = rows()
    first = msgspec.json.encode(measured(items, predictions, FACTS))
    random.Random(1).shuffle(items)
    random.Random(2).shuffle(predictions)
    assert msgspec.json.encode(measured(items, predictions, FACTS)) == first


def test_the_teachers_mistakes_that_the_student_copied_are_counted() -> None:
    items, predictions = rows()
    predictions = [one for one in predictions if one.model != "student"]
    for number in range(N):  # 12 teacher mistakes, from 108 on: 6 copied, 3 right, 3 wrong in another way
        copies, right = 108 <= number < 114, number < 60 or 114 <= number < 117
        predictions.append(said("student", number, float(right), float(copies)))
    found = measured(items, predictions, FACTS).copied
    assert found is not None
    assert (found.teacher_wrong, found.copied, found.student_right) == (12, 6, 3)


def test_a_student_that_is_right_where_its_teacher_is_wrong_did_not_copy() -> None:
    items, predictions = rows()
    predictions = [one for one in predictions if one.model != "student"]
    predictions += [said("student", number, 1.0, 1.0) for number in range(N)]
    found = measured(items, predictions, FACTS).copied
    assert found is not None
    assert (found.copied, found.student_right) == (0, 12)


def test_the_second_sample_says_how_far_the_teacher_agrees_with_itself_and_is_no_arm() -> None:
    items, predictions = rows(gold=False)
    predictions += [said(AGAIN, number, None, float(number < 40)) for number in range(50)]
    found = measured(items, predictions, FACTS)
    assert found.self_agreement is not None
    assert (found.self_agreement.value, found.self_agreement.n) == (0.8, 50)
    assert arm_of(found, AGAIN) is None


def test_likelihood_is_a_sum_over_a_sum() -> None:
    items, predictions = rows()
    longer = {"nll": 90.0, "nll_tokens": 90, "nll_bytes": 300}
    predictions += [said("gold", 0, 1.0, 1.0, nll=20.0, nll_tokens=10, nll_bytes=50), said("gold", 1, 1.0, **longer)]
    arm = arm_of(measured(items, predictions, FACTS), "gold")
    assert arm is not None
    assert arm.likelihood is not None
    assert arm.likelihood.nats_per_token == pytest.approx(110 / 100)
    assert arm.likelihood.bits_per_byte == pytest.approx(110 / 350 / 0.6931471805599453)


def test_slices_are_compared_with_adjusted_p() -> None:
    found = measured(*rows(), FACTS)
    part = next(one for one in found.comparisons if (one.arm, one.against, one.slice) == ("student", "base", "hard"))
    assert part.n == N // 3
    assert part.p is not None
    assert part.p_holm is not None
    assert part.p_holm >= part.p


def test_the_learning_curve_has_the_rows_of_each_share() -> None:
    items, predictions = rows()
    predictions += [said("1/4", number, float(number < 30)) for number in range(N)]
    trained = {name: Trained(rows=count, tokens=1, train_s=1.0) for name, count in (("1/4", 100), ("student", 400))}
    found = measured(items, predictions, msgspec.structs.replace(FACTS, trained=trained))
    assert [(point.arm, point.rows, point.score.value) for point in found.curve] == [
        ("1/4", 100, 0.25),
        ("student", 400, 0.6),
    ]


def test_trainings_with_other_seeds_give_a_spread() -> None:
    items, predictions = rows()
    predictions += [said("seed:2", number, float(number < 60)) for number in range(N)]
    own = {"student": Trained(rows=1, tokens=1, train_s=1.0)}
    found = measured(items, predictions, msgspec.structs.replace(FACTS, trained=own)).seeds
    assert found is not None
    assert found.n == 2
    assert found.value == pytest.approx(0.55)
    assert found.low is not None
    assert found.low < 0.5


def test_one_training_has_no_spread() -> None:
    assert measured(*rows(), FACTS).seeds is None


def test_retention_keeps_to_the_prompts_that_are_not_covered() -> None:
    items, predictions = rows()
    for number in (900, 901):
        items.append(msgspec.structs.replace(item(number), retention=True, reference=None))
        for arm, nll in (("base", 4.0), ("student", 12.0)):
            predictions.append(said(arm, number, None, None, nll=nll, nll_tokens=8, nll_bytes=16))
    found = measured(items, predictions, FACTS)
    assert found.retention is not None
    assert found.retention.n == 2
    assert found.retention.after.nats_per_token == pytest.approx(3 * found.retention.before.nats_per_token)
    assert found.retention.kept.value == 0.0
    student = arm_of(found, "student")
    assert student is not None
    assert student.whole.accuracy is not None
    assert student.whole.accuracy.n == N


def test_handing_back_all_is_the_teacher_and_nothing_the_student() -> None:
    found = measured(*rows(), FACTS).coverage
    by_share = {point.coverage: point.accuracy for point in found}
    assert by_share[0.0] == pytest.approx(0.9)
    assert by_share[1.0] == pytest.approx(0.6)
    assert by_share[0.5] == pytest.approx(0.9)  # the surest half is right as often as the teacher


def test_no_confidence_no_coverage() -> None:
    items, predictions = rows()
    predictions = [msgspec.structs.replace(one, logprob=None) for one in predictions]
    assert measured(items, predictions, FACTS).coverage == ()


def test_economics_break_even_after_what_the_teacher_took_is_saved() -> None:
    facts = msgspec.structs.replace(
        FACTS,
        teacher_usd=10.0,
        teacher_request_usd=0.02,
        student_request_usd=0.01,
        timing=Timing(latency_s=0.5, tokens_per_second=100.0),
    )
    found = measured(*rows(), facts).economics
    assert found is not None
    assert found.points == pytest.approx(50)
    assert found.usd_per_point == pytest.approx(0.2)
    assert found.break_even_requests == pytest.approx(1000)
    assert found.latency_s == 0.5


def test_a_student_that_costs_more_than_its_teacher_never_breaks_even() -> None:
    facts = msgspec.structs.replace(FACTS, teacher_usd=10.0, teacher_request_usd=0.02, student_request_usd=0.03)
    found = measured(*rows(), facts).economics
    assert found is not None
    assert found.break_even_requests is None


def test_an_unknown_price_is_no_price_of_zero() -> None:
    found = measured(*rows(), FACTS).economics
    assert found is not None
    assert (found.teacher_usd, found.usd_per_point, found.break_even_requests) == (None, None, None)


def test_metrics_come_back_from_disk_as_they_were() -> None:
    found = measured(*rows(), FACTS)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Measured) == found
