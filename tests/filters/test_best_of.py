from collections.abc import Callable

import pytest

from blackbox_kd.filters.best_of import BestOf
from blackbox_kd.records import Completion

Scores = dict[str, float]


def kept(rule: BestOf, samples: list[Completion]) -> list[int]:
    return [one.sample for one, verdict in zip(samples, rule.run(samples), strict=True) if verdict.kept]


def test_it_is_off_by_default() -> None:
    assert not BestOf.on


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([{"verified": 0.0}, {"verified": 1.0}], 1),
        ([{"verified": 0.0}, {}], 1),
        ([{}, {"verified": 1.0}], 1),
        ([{"verified": float("nan")}, {"verified": 1.0}], 1),
        ([{"judged": 3.0}, {"judged": 4.0}, {}], 1),
        ([{"verified": 1.0, "judged": 1.0}, {"verified": 0.0, "judged": 9.0}], 0),
        ([{}, {}], 0),
    ],
)
def test_the_best_sample_stays(scores: list[Scores], best: int, completion: Callable[..., Completion]) -> None:
    samples = [completion(sample=n, scores=score) for n, score in enumerate(scores)]
    assert kept(BestOf(), samples) == [best]


def test_of_correct_ones_the_shortest_stays_reasoning_included(completion: Callable[..., Completion]) -> None:
    right = {"verified": 1.0}
    samples = [
        completion("4, of course", sample=0, scores=right),
        completion("4", sample=1, scores=right, reasoning="2 and 2, one after another, are 4"),
        completion("It is 4", sample=2, scores=right),
        completion("5", sample=3, scores={"verified": 0.0}),
    ]
    assert kept(BestOf(), samples) == [2]


def test_the_order_of_criteria_is_a_setting(completion: Callable[..., Completion]) -> None:
    samples = [completion("long", sample=0, scores={"judged": 9.0}), completion("no", sample=1, scores={"judged": 1.0})]
    assert kept(BestOf(), samples) == [0]
    assert kept(BestOf(by=("shortest", "judged")), samples) == [1]


def test_several_can_stay_and_the_others_name_the_best(completion: Callable[..., Completion]) -> None:
    samples = [completion("a" * n, sample=n) for n in (3, 1, 2)]
    verdicts = list(BestOf(k=2).run(samples))
    assert [one.kept for one in verdicts] == [False, True, True]
    assert [(one.value, one.threshold) for one in verdicts] == [(3, 2), (1, 2), (2, 2)]
    assert (verdicts[0].reason, verdicts[0].duplicate_of) == ("not_best", "p#1")


def test_each_prompt_keeps_one(completion: Callable[..., Completion]) -> None:
    samples = [completion(str(n), prompt, prompt_id=prompt, sample=n) for prompt in ("a", "b", "c") for n in range(3)]
    assert kept(BestOf(), samples) == [0, 0, 0]


def test_nothing_is_kept_of_nothing() -> None:
    assert list(BestOf().run([])) == []
