from collections.abc import Callable

import pytest

from blackbox_kd.config.scoring import Scoring
from blackbox_kd.config.whole import Config
from blackbox_kd.records import Completion
from blackbox_kd.stages.scoring.agreeing import agreement, threshold, told
from blackbox_kd.stages.scoring.reviewing import Review

Make = Callable[..., Completion]


def found(make: Make, keeps: str, points: str) -> dict[str, float]:
    """The agreement of people who say so (k or r) with a judge who gives so many points."""
    rows = [make("x", prompt_id=f"p{n}") for n in range(len(keeps))]
    reviews = {row.id: Review("r.csv:1", word == "k") for row, word in zip(rows, keeps, strict=True)}
    judged = {row.id: float(one) for row, one in zip(rows, points, strict=True) if one != "-"}
    return agreement(rows, reviews, judged, 3.0)


def test_kappa_stands_beside_agreement_and_the_commoner_verdicts_share(completion: Make) -> None:
    counts = found(completion, "kkkkkkrr", "55544121")
    assert (counts["labels"], counts["human_agreement"], counts["base_rate"]) == (8, 0.875, 0.75)
    assert counts["kappa"] == pytest.approx((0.875 - 0.5625) / (1 - 0.5625), abs=1e-4)
    assert counts["kappa_low"] < counts["kappa"] < counts["kappa_high"]


def test_a_judge_that_always_says_keep_agrees_a_lot_and_has_no_kappa_to_show(completion: Make) -> None:
    counts = found(completion, "kkkkkkkr", "55555555")
    assert (counts["human_agreement"], counts["base_rate"], counts["kappa"]) == (0.875, 0.875, 0.0)


def test_only_answers_that_both_spoke_on_count(completion: Make) -> None:
    assert found(completion, "kr", "--") == {}
    assert found(completion, "krk", "51-")["labels"] == 2


def test_it_is_said_in_a_line(completion: Make) -> None:
    line = told(found(completion, "kkkkkkrr", "55544121"), 3.0)
    assert "at 3 and above it agrees with people on 88% of 8 answers" in line
    assert "commoner verdict: 75%" in line
    assert "kappa 0.71 (" in line
    assert "undefined: all verdicts are the same" in told(found(completion, "kk", "55"), 3.0)


@pytest.mark.parametrize(("kind", "least"), [("pointwise", 3.0), ("pairwise", 0.5)])
def test_where_no_filter_says_otherwise_the_middle_is_the_threshold(kind: str, least: float) -> None:
    assert threshold(Config(scoring=Scoring(judge=kind))) == least  # type: ignore[arg-type]
