import json
from collections.abc import Callable
from pathlib import Path

import pytest

from blackbox_kd.config.evaluate import Evaluate
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Prompt
from blackbox_kd.run import PROMPTS, RunDir, Silent
from blackbox_kd.stages.evaluating.retention import retention_prompts


class Heard(Silent):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep it."""
        self.notes.append(text)


def config(retention: str = "everyday", limit: int = 40) -> Config:
    return Config(evaluate=Evaluate(retention=retention, retention_limit=limit))


def written(path: Path, *rows: dict[str, str]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))


def test_ours_are_prompts_of_everyday_use(run: RunDir) -> None:
    found = retention_prompts(run, config())
    assert len(found) == len({one.id for one in found}) == 40
    assert all(one.id.startswith("retention:everyday-") and one.split == "held_out" for one in found)


def test_a_smaller_limit_takes_the_first_of_the_same_order(run: RunDir) -> None:
    assert retention_prompts(run, config(limit=5)) == retention_prompts(run, config())[:5]


def test_none_are_wanted(run: RunDir) -> None:
    assert retention_prompts(run, config("")) == []


def test_the_runs_own_prompts_are_left_out_and_counted(run: RunDir, prompt: Callable[..., Prompt]) -> None:
    written(run.root / "keep.jsonl", {"prompt": "Is it  RAINING?"}, {"prompt": "And now?", "reference": "yes"})
    write_rows(run / PROMPTS, [prompt("is it raining?", id="a")])
    heard = run.progress = Heard()
    (found,) = retention_prompts(run, config("keep.jsonl"))
    assert (found.messages[0].content, found.reference) == ("And now?", "yes")
    assert heard.notes == ["evaluate: 1 prompts of keep.jsonl are among the run's own and are left out"]


def test_equal_rows_are_one_prompt(run: RunDir) -> None:
    written(run.root / "keep.jsonl", {"prompt": "And now?"}, {"prompt": "and NOW?"})
    assert len(retention_prompts(run, config("keep.jsonl"))) == 1


def test_an_id_that_stands_twice_is_an_error(run: RunDir) -> None:
    written(run.root / "keep.jsonl", {"id": "a", "prompt": "One?"}, {"id": "a", "prompt": "Two?"})
    with pytest.raises(InputError, match=r"keep.jsonl:2: the id 'a' stands twice"):
        retention_prompts(run, config("keep.jsonl"))


def test_a_missing_file_says_where_paths_start(run: RunDir) -> None:
    with pytest.raises(InputError, match="no such file") as raised:
        retention_prompts(run, config("gone.jsonl"))
    assert "bbkd.toml" in raised.value.fix
