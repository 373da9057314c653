from collections.abc import Callable, Sequence

import msgspec
import pytest

from blackbox_kd.config.evaluate import Evaluate
from blackbox_kd.config.whole import Config
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Completion, Prompt
from blackbox_kd.run import COMPLETIONS, PROMPTS, RunDir
from blackbox_kd.stages.evaluating.subjects import items_of, limited, subjects

NAMES = [f"p{n}" for n in range(8)]


@pytest.fixture
def asked(run: RunDir, prompt: Callable[..., Prompt], completion: Callable[..., Completion]) -> list[Prompt]:
    """A run's eight held-out prompts, the last two with a reference, each answered for as many cents as its number."""
    prompts = [prompt(f"What is {name}?", id=name, split="held_out") for name in NAMES]
    prompts = [msgspec.structs.replace(one, reference=f"r{one.id}" if one.id > "p5" else None) for one in prompts]
    answers = [completion(f"a{name}", f"What is {name}?", prompt_id=name, split="held_out") for name in NAMES]
    write_rows(run / PROMPTS, prompts)
    write_rows(run / COMPLETIONS, [msgspec.structs.replace(one, cost_usd=n / 100) for n, one in enumerate(answers)])
    return prompts


def logged(run: RunDir, rows: Sequence[dict[str, str]]) -> Config:
    """The configuration that measures these rows."""
    (run.root / "log.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    return Config(evaluate=Evaluate(completions="log.jsonl"))


def test_a_limit_takes_those_with_a_reference_first(asked: list[Prompt], run: RunDir) -> None:
    assert limited(asked, 2) == {"p6", "p7"}
    assert limited(asked, 5) > {"p6", "p7"}
    assert len(limited(asked, 5)) == 5
    assert set(subjects(run, Config(evaluate=Evaluate(limit=2))).prompts) == {"p6", "p7"}


def test_an_item_has_the_reference_itself(asked: list[Prompt], run: RunDir) -> None:
    found = items_of({one.id: one for one in asked[4:7]}, run)
    assert [one.reference for one in found] == [None, None, "rp6"]


def test_a_request_costs_the_mean_of_those_that_are_measured(asked: list[Prompt], run: RunDir) -> None:
    assert len(asked) == 8
    assert subjects(run, Config()).request_usd == pytest.approx(0.035)
    rows = [{"id": name, "completion": "x"} for name in ("p1", "p3")]
    rows.append({"id": "own", "prompt": "Another?", "completion": "x", "teacher": "y"})
    assert subjects(run, logged(run, rows)).request_usd == pytest.approx(0.02)


def test_without_an_answer_of_the_runs_teacher_no_request_has_a_price(asked: list[Prompt], run: RunDir) -> None:
    assert len(asked) == 8
    rows = [{"id": "own", "prompt": "Another?", "completion": "x", "teacher": "y"}]
    assert subjects(run, logged(run, rows)).request_usd is None
