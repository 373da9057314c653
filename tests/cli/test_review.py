import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from blackbox_kd.jsonl import read_rows, write_rows
from blackbox_kd.records import Completion, Prompt, Score
from blackbox_kd.run import COMPLETIONS, PROMPTS, SCORES, Manifest, RunDir

Bbkd = Callable[..., CompletedProcess[str]]
RUN = ("--run", "run")
SETTINGS = """
[judge]
model = "simulated/units"
price = { input_usd = 1, output_usd = 2 }

[train]
student = "tiny:0"
"""


@pytest.fixture
def bought(run: RunDir, completion: Callable[..., Completion]) -> list[Completion]:
    """Three completions of a run, with a bbkd.toml."""
    (run.root / "bbkd.toml").write_text(SETTINGS)
    rows = [completion(f"answer {n}", f"prompt {n}", prompt_id=f"p{n}") for n in range(3)]
    write_rows(run / COMPLETIONS, rows)
    prompts = [Prompt(id=one.prompt_id, messages=one.messages, split="train", family=one.prompt_id) for one in rows]
    write_rows(run / PROMPTS, prompts)
    for stage in ("prompts", "query"):
        run.finish(Manifest(stage=stage, settings={}, reads={}, writes={}, counts={}))
    return rows


def test_a_sheet_goes_out_and_comes_back(bbkd: Bbkd, bought: list[Completion], run: RunDir) -> None:
    done = bbkd("review", "r.csv", "--count", "2", *RUN)
    assert done.returncode == 0, done.stderr
    assert '[scoring] review = "r.csv"' in done.stdout
    path = run.root / "r.csv"
    path.write_text(path.read_text("utf-8-sig").replace('"","","",""', '"","bad","mine",""', 1), "utf-8")
    done = bbkd("judge", "--set", "scoring.review=r.csv", *RUN)
    assert done.returncode == 0, done.stderr
    found = [one for one in read_rows(run / SCORES, Score) if one.scores]
    assert [(one.scores, one.correction) for one in found] == [({"human": 1.0}, "mine")]
    again = bbkd("review", "r.csv", *RUN)
    assert again.returncode == 2
    assert "nothing is overwritten" in again.stderr


def test_as_json_it_is_one_object(bbkd: Bbkd, bought: list[Completion]) -> None:
    found = json.loads(bbkd("review", "r.csv", "--json", *RUN).stdout)
    assert found["result"] == {"file": "r.csv", "rows": 3}


def test_only_a_csv_is_written(bbkd: Bbkd, bought: list[Completion], tmp_path: Path) -> None:
    done = bbkd("review", "bbkd.toml", *RUN)
    assert (done.returncode, (tmp_path / "bbkd.toml").read_text()) == (2, SETTINGS)


def test_a_dry_run_of_judge_asks_nobody_and_a_budget_holds(bbkd: Bbkd, bought: list[Completion], run: RunDir) -> None:
    pointwise = ("--set", "scoring.judge=pointwise", *RUN)
    found = json.loads(bbkd("judge", "--dry-run", "--budget", "0.5", "--json", *pointwise).stdout)
    (one,) = found["result"]["dry_run"]["estimates"]
    assert (one["stage"], one["calls"], one["budget_usd"]) == ("judge", 3, 0.5)
    assert not (run / SCORES).exists()
    done = bbkd("judge", "--budget", "0.000001", *pointwise)
    assert done.returncode == 4, done.stderr
    refused = bbkd("judge", "--dry-run", *RUN)
    assert (refused.returncode, "nobody would be asked" in refused.stderr) == (2, True)
