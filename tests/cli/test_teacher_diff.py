"""`bbkd teacher-diff OLD NEW -n N`, in this process."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

CONFIG = """
[teacher]
model = "simulated/tickets"
[prompts]
strategy = [{kind = "task", task = "tickets", count = 20}]
held_out = 4
"""
DIFF = ("teacher-diff", "simulated/tickets", "simulated/units")


Run = Callable[..., CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path) -> None:
    (tmp_path / "bbkd.toml").write_text(CONFIG)


def test_two_models_are_compared_for_people(bbkd: Run, tmp_path: Path) -> None:
    assert bbkd("prompts").returncode == 0
    done = bbkd(*DIFF, "-n", "12")
    assert done.returncode == 0, done.stderr
    first, *lines = done.stdout.splitlines()
    assert first == "12 prompts answered by both, 0 not"
    assert lines[0].startswith("agreement  0.0% (0.0% to ")
    assert lines[1].startswith("accuracy   100.0% -> 0.0%: -100.0%")
    assert lines[2].startswith("           McNemar p 0.00049; so many prompts can show ")
    assert lines[3] == "simulated/tickets: served as simulated-tickets; refused 0.0%, cut 0.0%"
    assert lines[5] == "simulated/units: served as simulated-units; refused 0.0%, cut 0.0%"
    assert lines[-1].startswith("answered differently, among others: ")
    assert "SIMULATED" in done.stderr
    assert not (tmp_path / "runs" / "main" / "completions.jsonl").exists()


def test_two_models_are_compared_for_scripts_and_their_answers_are_kept(bbkd: Run, tmp_path: Path) -> None:
    assert bbkd("prompts").returncode == 0
    done = bbkd(*DIFF, "-n", "6", "--json", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["command"], found["ok"], found["result"]["n"]) == ("teacher-diff", True, 6)
    assert (found["result"]["old"]["accuracy"], found["result"]["new"]["accuracy"]) == (1.0, 0.0)
    assert set(found["result"]["change_interval"]) == {"low", "high"}
    again = bbkd(*DIFF, "-n", "6", "--json", "--quiet", "--set", "query.offline=true")
    assert json.loads(again.stdout) == found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("simulated/tickets", "simulated/tickets"), "both models are simulated/tickets"),
        (("simulated/tickets", "nobody/m"), "Write provider/model"),
        (("simulated/tickets", "simulated/nothing"), "nothing"),
        (("simulated/tickets", "simulated/units", "-n", "0"), "-n"),
    ],
)
def test_what_cannot_be_compared_is_a_wrong_use(words: tuple[str, ...], said: str, bbkd: Run) -> None:
    assert bbkd("prompts").returncode == 0
    done = bbkd("teacher-diff", *words)
    assert done.returncode == 2
    assert said in done.stderr


def test_without_prompts_the_stage_before_is_named(bbkd: Run) -> None:
    done = bbkd(*DIFF)
    assert done.returncode == 2
    assert "bbkd prompts" in done.stderr
