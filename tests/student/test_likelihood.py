import math
from collections.abc import Callable

import pytest

from blackbox_kd.config.train import Train
from blackbox_kd.records import Example, Message
from blackbox_kd.student.generate import Sampling, generate
from blackbox_kd.student.likelihood import Likelihood, likelihoods
from blackbox_kd.student.load import Student, load
from blackbox_kd.student.train import fit
from blackbox_kd.tasks import TASKS

TICKETS = TASKS["tickets"]
ROWS = list(TICKETS.generate(33, 3))
SYSTEM = Message(role="system", content="Make a ticket of it.")
ASKED = [(SYSTEM, Message(role="user", content=row.prompt)) for row in ROWS]
TEXTS = [row.reference for row in ROWS]


def known(found: list[Likelihood | None]) -> list[Likelihood]:
    """The likelihoods, none of them missing."""
    assert None not in found
    return [one for one in found if one is not None]


def a_token(found: list[Likelihood]) -> float:
    """Nats a token over all texts."""
    return math.fsum(one.nll for one in found) / sum(one.tokens for one in found)


def test_nats_a_token_do_not_depend_on_the_batch_size(student: Student) -> None:
    found = {size: a_token(known(likelihoods(student, ASKED, TEXTS, {}, size))) for size in (1, 2, 8, 33)}
    assert found[1] > 0
    assert max(found.values()) - min(found.values()) < 1e-6 * found[1]


def test_a_generated_text_is_as_likely_as_its_tokens_were(
    tmp_path_factory: pytest.TempPathFactory, example: Callable[..., Example]
) -> None:
    folder = tmp_path_factory.mktemp("taught")
    settings = Train(student="tiny:0", epochs=8, batch_size=4, learning_rate=5e-3)
    rows = [example(f"say {word}", "aa", name=word) for word in "abcdefgh"]
    fit(rows, [], settings, 0, folder / "student", folder / "work", lambda log: None)
    taught = load(str(folder / "student"))
    asked = [one.prompt for one in rows[:2]]
    made = generate(taught, asked, Sampling(max_new_tokens=20))
    assert {one.finish_reason for one in made} == {"stop"}
    found = known(likelihoods(taught, asked, [one.text for one in made]))
    assert [one.tokens for one in found] == [one.completion_tokens for one in made]
    assert [-one.nll / one.tokens for one in found] == pytest.approx([one.logprob for one in made], abs=1e-4)


def test_an_empty_text_is_the_stop_token_alone(student: Student) -> None:
    (found,) = known(likelihoods(student, ASKED[:1], [""]))
    assert (found.tokens, found.bytes) == (1, 0)
    assert found.nll > 0


def test_bytes_are_those_of_utf_8(student: Student) -> None:
    (found,) = known(likelihoods(student, ASKED[:1], ["straße €"]))
    assert found.bytes == len("straße €".encode())


def test_what_exceeds_the_context_is_unknown(student: Student) -> None:
    found = likelihoods(student, ASKED[:3], ["a", "long " * 5000, "b"])
    assert [one is None for one in found] == [False, True, False]


def test_no_texts_have_no_likelihoods(student: Student) -> None:
    assert likelihoods(student, [], []) == []
