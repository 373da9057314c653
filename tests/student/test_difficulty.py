import math
from collections.abc import Callable

import pytest
import torch

from blackbox_kd.config.train import Train
from blackbox_kd.records import Example, Message
from blackbox_kd.student.difficulty import alone, difficulties, ratio
from blackbox_kd.student.likelihood import likelihoods
from blackbox_kd.student.load import Student, load
from blackbox_kd.student.rows import IGNORED
from blackbox_kd.student.train import fit
from blackbox_kd.tasks import TASKS

ROWS = list(TASKS["tickets"].generate(9, 3))
ASKED = [(Message(role="user", content=row.prompt),) for row in ROWS]
TEXTS = [row.reference for row in ROWS]


def test_it_is_the_mean_nll_with_the_prompt_over_that_without(student: Student) -> None:
    (found,) = difficulties(student, ASKED[:1], TEXTS[:1])
    row = alone(student, TEXTS[0])
    with torch.inference_mode():
        logits = student.model(input_ids=torch.tensor([row.input_ids])).logits[0, :-1].float()
    picked = torch.log_softmax(logits, dim=-1).gather(1, torch.tensor(row.input_ids[1:])[:, None])
    (given,) = likelihoods(student, ASKED[:1], TEXTS[:1])
    assert given is not None
    assert row.labels.count(IGNORED) == 1
    assert given.tokens == len(row.labels) - 1
    assert found == pytest.approx(given.nll / -float(picked.sum()), rel=1e-5)


def test_it_does_not_depend_on_the_batch(student: Student) -> None:
    one, many = (difficulties(student, ASKED, TEXTS, batch_size=size) for size in (1, 8))
    assert one == pytest.approx(many, rel=1e-5)
    assert difficulties(student, [], []) == []


def test_an_answer_that_does_not_fit_has_none_and_the_others_have(student: Student) -> None:
    found = difficulties(student, ASKED[:2], ["x " * 5000, TEXTS[1]])
    assert found[0] is None
    assert found[1] is not None


def test_a_prompt_that_gives_the_answer_away_is_easier_than_one_that_does_not(
    tmp_path_factory: pytest.TempPathFactory, example: Callable[..., Example]
) -> None:
    """A student that learnt to answer a with 1 and b with 2."""
    folder = tmp_path_factory.mktemp("fit")
    rows = [example("a", "1 1 1 1", name="a"), example("b", "2 2 2 2", name="b")] * 8
    settings = Train(student="tiny:0", epochs=1000, max_steps=80, batch_size=8, learning_rate=3e-3, warmup=0.0)
    fit(rows, [], settings, 0, folder / "student", folder / "work", lambda log: None)
    taught = load(str(folder / "student"))
    turns = [(Message(role="user", content=text),) for text in "ab"]
    right = difficulties(taught, turns, ["1 1 1 1", "2 2 2 2"])
    wrong = difficulties(taught, turns, ["2 2 2 2", "1 1 1 1"])
    assert None not in (*right, *wrong)
    for easy, hard in zip(right, wrong, strict=True):
        assert (easy or 0) < (hard or 0) / 2


@pytest.mark.parametrize(("given", "without"), [(1.0, 0.0), (math.nan, 1.0), (math.inf, 1.0)])
def test_what_is_no_number_is_no_difficulty(given: float, without: float) -> None:
    assert ratio(given, without) is None
