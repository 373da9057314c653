from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.evaluate import Evaluate
from blackbox_kd.config.judge import Judge
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Completion, Item, Message, Prediction, Prompt
from blackbox_kd.run import BOOKS, COMPLETIONS, ITEMS, PREDICTIONS, PROMPTS, RunDir
from blackbox_kd.simulate.books import read_books
from blackbox_kd.stages.evaluating.verdicts import forecast, judged_by
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.target import Price

ROWS = list(TASKS["units"].generate(4, 1, 0))
STUDENT = [ROWS[0].reference, "wrong", "wrong", "same"]
TEACHER = ["wrong", ROWS[1].reference, "worse", "same"]
Measured = tuple[dict[str, Prompt], list[Prediction], list[Item]]


def settings(paying: bool, **fields: Any) -> Config:
    """A configuration with a simulated judge, which is asked or not."""
    judge = Judge(**{"model": "simulated/units", "price": Price(input_usd=1, output_usd=2), **fields})
    return Config(judge=judge, evaluate=Evaluate(judge=paying, draws=100))


@pytest.fixture
def measured(run: RunDir, completion: Callable[..., Completion]) -> Measured:
    """Prompts, predictions and items as an evaluation leaves them, in its files too."""
    turns = [(Message(role="user", content=row.prompt),) for row in ROWS]
    prompts = {
        f"p{n}": Prompt(id=f"p{n}", messages=one, split="held_out", family=f"f{n}") for n, one in enumerate(turns)
    }
    one = Prediction(prompt_id="", model="", text="", finish_reason="stop", completion_tokens=1)
    predictions = [
        msgspec.structs.replace(one, prompt_id=name, model=model, text=text)
        for model, texts in (("student", STUDENT), ("teacher", TEACHER))
        for name, text in zip(prompts, texts, strict=True)
    ]
    items = [Item(id=name, key=name, family=prompt.family) for name, prompt in prompts.items()]
    write_rows(run / PROMPTS, prompts.values())
    write_rows(run / COMPLETIONS, [completion(prompt_id=name, split="held_out") for name in prompts])
    write_rows(run / PREDICTIONS, predictions)
    write_rows(run / ITEMS, items)
    return prompts, predictions, items


def billed(run: RunDir) -> int:
    """How many replies the simulated judge billed."""
    return len(list(read_books(run / BOOKS))) if (run / BOOKS).exists() else 0


def test_an_evaluation_pays_only_if_told_and_keeps_what_was_judged(run: RunDir, measured: Measured) -> None:
    assert judged_by(run, settings(False), *measured) is None
    assert billed(run) == 0
    first = judged_by(run, settings(True), *measured)
    assert first is not None
    assert (first.n, first.win_rate, first.ties, first.judge) == (4, 0.5, 2, "simulated/units")
    assert judged_by(run, settings(False), *measured) == first
    assert billed(run) == 6


def test_without_a_judge_none_is_asked_and_asking_is_an_error(run: RunDir, measured: Measured) -> None:
    assert judged_by(run, Config(), *measured) is None
    with pytest.raises(UsageError, match=r"no \[judge\]"):
        judged_by(run, Config(evaluate=Evaluate(judge=True)), *measured)


def test_human_labels_are_compared_with_the_judge(run: RunDir, measured: Measured) -> None:
    rows = [{"id": "p0", "winner": "student"}, {"id": "p1", "winner": "student"}, {"id": "p2", "winner": "tie"}]
    (run.root / "labels.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    found = judged_by(run, settings(True, labels="labels.jsonl"), *measured)
    assert found is not None
    assert (found.labels, found.human_agreement, found.base_rate) == (3, 2 / 3, 2 / 3)
    assert found.kappa == pytest.approx(0.5)


def test_an_arm_that_was_not_measured_cannot_be_judged_against(run: RunDir, measured: Measured) -> None:
    assert judged_by(run, settings(True, against="base"), *measured) is None
    assert billed(run) == 0
    with pytest.raises(InputError, match="no answers to judge"):
        forecast(run, settings(True, against="base"))


def test_a_dry_run_says_what_is_then_asked(run: RunDir, measured: Measured) -> None:
    found = forecast(run, settings(True))
    assert (found.calls, found.cached) == (6, 0)
    assert (found.cost_usd_high or 0) > (found.cost_usd_low or 0) > 0
    judged_by(run, settings(True), *measured)
    assert forecast(run, settings(True)).calls == 0


def test_answers_from_a_file_can_be_priced_on_prompts_that_the_run_never_had(run: RunDir, measured: Measured) -> None:
    rows = [
        {"id": f"log-{n}", "prompt": row.prompt, "completion": mine, "teacher": theirs}
        for n, (row, mine, theirs) in enumerate(zip(ROWS, STUDENT, TEACHER, strict=True))
    ]
    (run.root / "log.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    (run / PROMPTS).unlink()
    write_rows(run / ITEMS, [Item(id=f"log-{n}", key=str(n), family=str(n)) for n in range(4)])
    write_rows(
        run / PREDICTIONS, [msgspec.structs.replace(one, prompt_id=f"log-{one.prompt_id[1:]}") for one in measured[1]]
    )
    config = settings(True)
    filed = msgspec.structs.replace(config, evaluate=msgspec.structs.replace(config.evaluate, completions="log.jsonl"))
    assert forecast(run, filed).calls == 6
