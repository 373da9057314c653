from collections.abc import Callable

import msgspec

from blackbox_kd.config.train import Train
from blackbox_kd.config.whole import Config
from blackbox_kd.records import Completion
from blackbox_kd.run import RunDir
from blackbox_kd.stages.scoring.surviving import answer, free_filters, survivors

Make = Callable[..., Completion]
Bought = Callable[[list[Completion], dict[str, str]], None]
TINY = Config(train=Train(student="tiny:0"))


def test_what_the_free_filters_reject_does_not_survive(run: RunDir, bought: Bought, completion: Make) -> None:
    bought(
        [
            completion("Paris.", sample=0),
            completion("I'm sorry, but I can't help with that.", sample=1),
            completion("paris. ", sample=2),
            completion("It is Par", sample=3, finish_reason="length"),
            completion("Paris.", "What is it?", prompt_id="q"),
            completion("Paris.", "Held out?", prompt_id="h", split="held_out"),
        ],
        {},
    )
    found = survivors(run, TINY)
    assert [one.id for one in found.passed] == ["p#0", "p#2", "q#0"]
    assert found.copies == {"p#2": "p#0"}
    assert [one.id for one in found.unique()] == ["p#0", "q#0"]


def test_filters_that_are_off_reject_nobody(run: RunDir, bought: Bought, completion: Make) -> None:
    bought([completion("Paris.", sample=0), completion("paris.", sample=1), completion("x " * 3000, sample=2)], {})
    off = msgspec.structs.replace(TINY.filter, off=("duplicates", "length", "loops", "compression", "repeated"))
    found = survivors(run, msgspec.structs.replace(TINY, filter=off))
    assert (len(found.passed), found.copies) == (3, {})


def test_no_completion_is_no_survivor(run: RunDir, bought: Bought, completion: Make) -> None:
    bought([completion("x", split="held_out")], {})
    assert survivors(run, TINY).passed == []


def test_filters_that_compare_or_look_at_scores_are_not_free() -> None:
    names = {one.name for one in free_filters(TINY)}
    assert {"length", "refusal", "duplicates"} <= names
    assert names.isdisjoint({"near", "judged", "verified", "human", "difficulty"})


def test_an_answer_is_what_would_be_learnt(completion: Make) -> None:
    assert answer(completion("<think>\nhm\n</think>\n\n Yes. ")) == "Yes."
