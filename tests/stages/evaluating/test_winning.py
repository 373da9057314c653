from pathlib import Path

import pytest

from blackbox_kd.config.judge import Judge
from blackbox_kd.errors import InputError
from blackbox_kd.measures import Judged
from blackbox_kd.stages.evaluating.judging import Judgement, Winner
from blackbox_kd.stages.evaluating.winning import judged, labels_of
from blackbox_kd.stats import rate_interval

JUDGE = Judge(model="openai/j", labels="labels.jsonl")


def made(number: int, first: Winner | None, second: Winner | None, longer: int = 0) -> Judgement:
    """A judgement with these verdicts; the student's answer is so many characters longer."""
    winner: Winner | None = None
    if first and second:
        winner = first if first == second else "tie"
    return Judgement(
        id=f"p{number}",
        digest="d",
        first=first,
        second=second,
        winner=winner,
        student_chars=100 + longer,
        other_chars=100,
        cost_usd=0.01,
    )


def summed(found: list[Judgement], labels: dict[str, Winner] | None = None, families: int = 100) -> Judged | None:
    """The judgements added up, in so many families."""
    names = {one.id: str(number % families) for number, one in enumerate(found)}
    return judged(found, names, labels or {}, JUDGE, draws=300, seed=1)


FOUND = [
    *(made(n, "student", "student", longer=n - 3) for n in range(6)),
    *(made(n, "other", "other", longer=8 - n) for n in range(6, 10)),
    *(made(n, "student", "other", longer=n - 11) for n in range(10, 12)),
    made(12, "tie", "tie"),
    made(13, None, "student"),
    made(14, None, None),
]


def test_a_tie_is_half_a_win_and_a_pair_without_a_verdict_counts_in_nothing() -> None:
    whole = summed(FOUND)
    assert whole is not None
    assert (whole.judge, whole.against, whole.n) == ("openai/j", "teacher", 13)
    assert whole.win_rate == pytest.approx((6 + 3 / 2) / 13)
    assert (whole.ties, whole.order_disagreements, whole.unusable) == (3, 2, 3)
    assert whole.cost_usd == pytest.approx(0.15)


def test_the_interval_is_by_family() -> None:
    alone, grouped = summed(FOUND), summed(FOUND, families=2)
    assert alone is not None
    assert grouped is not None
    assert alone.low is not None and alone.high is not None and grouped.low is not None and grouped.high is not None
    wins = [1.0] * 6 + [0.0] * 4 + [0.5] * 3
    expected = rate_interval(wins, [str(n) for n in range(13)])
    assert (alone.low, alone.high) == (expected.low, expected.high)
    assert alone.low < alone.win_rate < alone.high


def test_a_cost_that_is_unknown_once_is_unknown() -> None:
    one = Judgement(id="p0", digest="d", first="tie", second="tie", winner="tie", student_chars=1, other_chars=1)
    whole = summed([*FOUND[1:], one])
    assert whole is not None
    assert whole.cost_usd is None


def test_without_a_verdict_there_is_no_rate() -> None:
    assert summed(FOUND[-2:]) is None
    assert summed([]) is None


def test_agreement_with_people_is_over_the_items_that_both_judged() -> None:
    labels: dict[str, Winner] = {
        "p0": "student",
        "p1": "student",
        "p6": "other",
        "p7": "student",
        "p12": "tie",
        "p13": "tie",
    }
    whole = summed(FOUND, labels)
    assert whole is not None
    assert whole.labels == 5
    assert (whole.human_agreement, whole.base_rate) == (4 / 5, 3 / 5)
    expected = (2 * 3 + 2 * 1 + 1 * 1) / 25
    assert whole.kappa == pytest.approx((4 / 5 - expected) / (1 - expected))


def test_without_labels_nothing_is_said_of_people() -> None:
    whole = summed(FOUND)
    assert whole is not None
    assert (whole.kappa, whole.human_agreement, whole.base_rate, whole.labels) == (None, None, None, 0)


def test_labels_name_the_student_the_other_arm_or_a_tie(tmp_path: Path) -> None:
    rows = [
        '{"id": "a", "winner": "student"}',
        '{"id": 7, "winner": "teacher", "who": "Kim"}',
        '{"id": "c", "winner": "tie"}',
    ]
    (tmp_path / "labels.jsonl").write_text("\n".join(rows))
    notes: list[str] = []
    assert labels_of(JUDGE, tmp_path, ["a", "7"], notes.append) == {"a": "student", "7": "other"}
    assert notes == ["judge: 1 of 3 labels in labels.jsonl are for items that were not judged"]


def test_without_a_file_there_are_no_labels(tmp_path: Path) -> None:
    assert labels_of(Judge(model="openai/j"), tmp_path, ["a"], pytest.fail) == {}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"winner": "student"}', r"labels\.jsonl:2: a label needs an `id`"),
        ('{"id": "b", "winner": "base"}', r"labels\.jsonl:2: winner is 'base'"),
        ('{"id": "b"}', r"labels\.jsonl:2: winner is None"),
        ('{"id": "a", "winner": "tie"}', r"labels\.jsonl:2: a second label for 'a'"),
        ("[]", r"labels\.jsonl:2: a JSON list"),
    ],
)
def test_a_label_that_cannot_be_used_is_refused_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "labels.jsonl").write_text('{"id": "a", "winner": "student"}\n' + row)
    with pytest.raises(InputError, match=message):
        labels_of(JUDGE, tmp_path, ["a"], pytest.fail)
