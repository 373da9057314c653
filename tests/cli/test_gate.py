"""`bbkd gate`, up to the edge where verdicts become exit codes."""

import json
from collections.abc import Callable, Collection
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from blackbox_kd.jsonl import write_json, write_rows
from blackbox_kd.measures import Arm, Measured, Part
from blackbox_kd.records import Item, Message, Prediction, Prompt
from blackbox_kd.run import ITEMS, METRICS, PREDICTIONS, PROMPTS, Manifest, RunDir

Bbkd = Callable[..., CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _runs(tmp_path: Path) -> None:
    """Runs of 300 items: `good` (all right), `fair`, `other` and `poor` (all wrong)."""
    (tmp_path / "bbkd.toml").write_text("[gate]\nmin_items = 200\n")
    for name, wrong in (("good", ()), ("fair", range(30)), ("other", range(40, 70)), ("poor", range(300))):
        evaluated(RunDir(tmp_path / name, tmp_path), wrong)


def evaluated(run: RunDir, wrong: Collection[int]) -> None:
    """An evaluated run whose student gets these of 300 items wrong."""
    names = [f"q{number:03}" for number in range(300)]
    asked = {name: (Message(role="user", content=f"Is {name} right?"),) for name in names}
    write_rows(
        run / PROMPTS,
        [Prompt(id=name, messages=asked[name], split="held_out", family=name, reference="yes") for name in names],
    )
    slices = {name: ("late",) if number > 200 else () for number, name in enumerate(names)}
    write_rows(
        run / ITEMS, [Item(id=name, key=name, family=name, slices=slices[name], reference="yes") for name in names]
    )
    texts = {"student": ["no" if number in wrong else "yes" for number in range(300)], "teacher": ["yes"] * 300}
    rows = [
        Prediction(prompt_id=name, model=arm, text=text, finish_reason="stop", completion_tokens=1)
        for arm, answers in texts.items()
        for name, text in zip(names, answers, strict=True)
    ]
    write_rows(run / PREDICTIONS, rows)
    arm = Arm(name="student", whole=Part())
    measured = Measured(
        schema=2, metric="exact_match", reference="gold", student="student", arms=(arm,), minimum_detectable=0.1
    )
    write_json(run / METRICS, measured)
    run.finish(Manifest(stage="evaluate", settings={}, reads={}, writes={}, counts={}))


def test_a_pass_ends_with_0_and_is_told_part_by_part(bbkd: Bbkd) -> None:
    done = bbkd("gate", "--run", "good", "--baseline", "fair")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["new", "good"]
    assert [line.split()[0] for line in lines[1:-1]] == ["against", "all", "stops", "no", "slice"]
    assert lines[-1].startswith("bbkd gate: **pass** - exact_match 100.0 % vs 90.0 % (+10.0 points, 95 % bounds ")


def test_a_pass_is_one_object_for_scripts(bbkd: Bbkd) -> None:
    done = bbkd("gate", "--run", "good", "--baseline", "fair", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["command"], found["ok"]) == (0, "gate", True)
    result = found["result"]
    assert (result["verdict"], result["metric"], result["margin"], result["compared"]) == (
        "pass",
        "exact_match",
        0.03,
        300,
    )
    assert set(result["whole"]) >= {"verdict", "new", "old", "difference", "low", "high", "n", "families", "reason"}
    assert [one["name"] for one in result["slices"]] == ["late"]
    assert result["line"].startswith("bbkd gate: **pass**")


def test_a_fail_ends_with_10_and_says_in_what(bbkd: Bbkd) -> None:
    done = bbkd("gate", "--run", "poor", "--baseline", "good", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"], found["error"]["code"]) == (10, False, "gate_failed")
    assert found["result"]["verdict"] == "fail"
    assert "all: 0.0 % vs 100.0 %" in found["error"]["message"]
    assert "slice" in bbkd("gate", "--run", "poor", "--baseline", "good").stdout


def test_what_it_cannot_tell_ends_with_10_unless_that_is_allowed(bbkd: Bbkd) -> None:
    words = ("--run", "fair", "--baseline", "other", "--json")
    done = bbkd("gate", *words)
    found = json.loads(done.stdout)
    assert (done.returncode, found["error"]["code"], found["result"]["verdict"]) == (10, "cannot_tell", "cannot tell")
    assert f"About {found['result']['needed']:,} items would do" in found["error"]["fix"]
    allowed = bbkd("gate", *words, "--allow-cannot-tell")
    assert (allowed.returncode, json.loads(allowed.stdout)["ok"]) == (0, True)
    assert bbkd("gate", "--run", "poor", "--baseline", "good", "--allow-cannot-tell").returncode == 10


def test_the_settings_of_the_file_are_obeyed(bbkd: Bbkd, tmp_path: Path) -> None:
    (tmp_path / "bbkd.toml").write_text('[gate]\nbaseline = "fair"\nmin_items = 400\n')
    done = bbkd("gate", "--run", "good")
    assert done.returncode == 10
    assert "300 items were compared, and [gate] min_items is 400" in done.stderr
    assert bbkd("gate", "--run", "good", "--set", "gate.min_items=300").returncode == 0


def test_the_teacher_can_be_the_baseline(bbkd: Bbkd) -> None:
    assert bbkd("gate", "--run", "good", "--against", "teacher").returncode == 0
    done = bbkd("gate", "--run", "poor", "--against", "teacher")
    assert done.returncode == 10
    assert "worse than teacher" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to compare with"),
        (("--against", "fair"), "only teacher"),
        (("--against", "teacher", "--baseline", "fair"), "exclude each other"),
        (("--baseline", "good"), "the run itself"),
        (("--baseline", "nowhere"), "no such run directory"),
        (("--baseline", "fair", "--margin", "3"), "gate.margin"),
        (("--baseline", "fair", "--metric", "chrf"), "none of [evaluate] metrics"),
    ],
)
def test_a_wrong_use_says_what_is_wrong(words: tuple[str, ...], said: str, bbkd: Bbkd) -> None:
    done = bbkd("gate", "--run", "good", *words)
    assert done.returncode == 2
    assert said in done.stderr


def test_notes_are_told_on_stderr(bbkd: Bbkd, tmp_path: Path) -> None:
    (tmp_path / "fair" / PROMPTS).unlink()
    done = bbkd("gate", "--run", "good", "--baseline", "fair")
    assert done.returncode == 0
    assert "trained on these items is not known" in done.stderr
    assert bbkd("gate", "--run", "good", "--baseline", "fair", "--quiet").stderr == ""
