import json
from collections.abc import Callable

from blackbox_kd.config.evaluate import Evaluate
from blackbox_kd.config.whole import Config
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Item, Prediction, Prompt
from blackbox_kd.run import ITEMS, PREDICTIONS, PROMPTS, RunDir
from blackbox_kd.stages.evaluating.pairing import answers, gold_of, trained_on
from blackbox_kd.stages.splitting.registry import content_key


def answer(prompt_id: str, text: str, model: str = "student") -> Prediction:
    """A model's answer."""
    return Prediction(prompt_id=prompt_id, model=model, text=text, finish_reason="stop", completion_tokens=1)


def test_the_references_of_a_file_of_completions_are_gold_too(run: RunDir) -> None:
    rows = [
        {"id": f"log{n}", "prompt": f"What is {n} and {n}?", "completion": "?", "reference": str(2 * n)}
        for n in range(3)
    ]
    (run.root / "logged.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = Config(evaluate=Evaluate(completions="logged.jsonl"))
    assert gold_of(run, config) == {"log0": "0", "log1": "2", "log2": "4"}


def test_an_item_that_stands_twice_counts_once(run: RunDir) -> None:
    items = [Item(id=name, key="same", family="f") for name in ("a", "b")]
    write_rows(run / ITEMS, items)
    write_rows(run / PREDICTIONS, [answer("a", "one"), answer("b", "two"), answer("a", "three", "base")])
    assert answers(run, "student") == {"same": (items[0], answer("a", "one"))}


def test_a_prompt_is_known_again_whatever_its_id_case_and_spacing(run: RunDir, prompt: Callable[..., Prompt]) -> None:
    write_rows(run / PROMPTS, [prompt("WHO  is it?", id="x"), prompt("Who was it?", id="y", split="held_out")])
    keys = {content_key(prompt(text).messages) for text in ("Who is it?", "Who was it?")}
    assert trained_on([run], keys) == ({content_key(prompt("Who is it?").messages)}, ())
