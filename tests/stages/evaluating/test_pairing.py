from collections.abc import Callable
from pathlib import Path

import pytest

from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Item, Prediction, Prompt
from blackbox_kd.run import ITEMS, PREDICTIONS, PROMPTS, Manifest, RunDir
from blackbox_kd.stages.content import content_key
from blackbox_kd.stages.evaluating.pairing import gold_of, paired, rescored, trained_on
from blackbox_kd.stages.evaluating.scoring import scorers


def answer(prompt_id: str, text: str, model: str = "student") -> Prediction:
    """A model's answer."""
    return Prediction(prompt_id=prompt_id, model=model, text=text, finish_reason="stop", completion_tokens=1)


def evaluated(run: RunDir, texts: dict[str, str], references: dict[str, str] | None = None) -> None:
    """The run's items, each named as its key and a letter, `q1:a`, and the student's answers to them."""
    gold = references or {}
    items = [Item(id=name, key=name[:2], family=name[:2], reference=gold.get(name)) for name in texts]
    write_rows(run / ITEMS, items)
    write_rows(run / PREDICTIONS, [answer(name, text) for name, text in texts.items()])
    run.finish(Manifest(stage="evaluate", settings={}, reads={}, writes={}, counts={}))


@pytest.fixture
def old(tmp_path: Path) -> RunDir:
    """Another run."""
    return RunDir(tmp_path / "old", tmp_path)


def test_gold_is_what_the_new_runs_items_carry(run: RunDir, old: RunDir) -> None:
    evaluated(run, {"q1:a": "two", "q2:a": "four", "q3:a": "six"}, {"q1:a": "two", "q2:a": "vier"})
    evaluated(old, {"q1:b": "2", "q2:b": "vier", "q3:b": "six"}, {"q3:b": "6"})
    both = paired(run, old)
    kind, rows = rescored(run, both.pairs, scorers(["exact_match"], run.root)["exact_match"])
    assert gold_of(both.pairs) == {"q1:a": "two", "q2:a": "vier"}
    assert (kind, [(one.new, one.old) for one in rows]) == ("gold", [(1.0, 0.0), (0.0, 1.0)])


def test_a_prompt_that_a_run_asks_twice_is_left_out_of_both_and_told(run: RunDir, old: RunDir) -> None:
    evaluated(run, {"q1:a": "one", "q1:b": "eins", "q2:a": "two", "q3:a": "three", "q4:a": "four"})
    evaluated(old, {"q1:c": "one", "q2:c": "two", "q3:c": "three", "q3:d": "drei"})
    both = paired(run, old)
    assert [(one.item.id, one.old.prompt_id) for one in both.pairs] == [("q2:a", "q2:c")]
    assert (both.unpaired_new, both.unpaired_old) == (1, 0)
    assert both.notes[0].startswith("2 prompts left out: asked twice")


def test_a_baseline_that_is_being_evaluated_is_refused_and_one_of_eval_alone_is_not(run: RunDir, old: RunDir) -> None:
    for one in (run, old):
        evaluated(one, {"q1:a": "one"})
    old.manifest_path("evaluate").unlink()
    assert len(paired(run, old).pairs) == 1
    old.finish(Manifest(stage="train", settings={}, reads={}, writes={}, counts={}))
    with pytest.raises(InputError, match=r"old: evaluate has not finished"):
        paired(run, old)


def test_a_prompt_is_known_again_whatever_its_id_case_and_spacing(run: RunDir, prompt: Callable[..., Prompt]) -> None:
    write_rows(run / PROMPTS, [prompt("WHO  is it?", id="x"), prompt("Who was it?", id="y", split="held_out")])
    keys = {content_key(prompt(text).messages) for text in ("Who is it?", "Who was it?")}
    assert trained_on([run], keys) == ({content_key(prompt("Who is it?").messages)}, ())
