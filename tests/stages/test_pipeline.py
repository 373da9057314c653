"""All stages, with the simulated teacher and a random student: the thin slice through the house."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from blackbox_kd.jsonl import read_json, read_rows, write_json
from blackbox_kd.records import Item, Prediction
from blackbox_kd.stages.evaluating.evidence import Facts
from blackbox_kd.stages.evaluating.measuring import measured

Bbkd = Callable[..., subprocess.CompletedProcess[str]]
FAST = {
    "train.student": "tiny:0",
    "train.max_steps": "3",
    "evaluate.max_new_tokens": "6",
    "evaluate.limit": "12",
    "evaluate.retention_limit": "4",
    "prompts.strategy": '[{kind = "task", task = "tickets", count = 60}]',
    "prompts.held_out": "16",
    "evaluate.draws": "500",
}


def process(*words: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run([sys.executable, "-m", "blackbox_kd", *words], capture_output=True, text=True, check=False)


def words(folder: Path, command: str = "run", *more: str, **overrides: str) -> tuple[str, ...]:
    """A stage command with fast settings."""
    settings = {**FAST, **overrides}
    return (command, "--run", str(folder), *[f"--set={key}={value}" for key, value in settings.items()], *more)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with all stages finished."""
    folder = tmp_path_factory.mktemp("pipeline") / "demo"
    assert process("init", "--task", "tickets", str(folder)).returncode == 0
    done = process(*words(folder))
    assert done.returncode == 0, done.stderr
    return folder


def test_all_stages_leave_their_files_and_manifests(finished: Path) -> None:
    names = {path.stem for path in (finished / "manifest").iterdir()}
    assert names == {"prompts", "query", "filter", "train", "evaluate", "report"}
    assert (finished / "student" / "model.safetensors").exists()
    assert (finished / "student-card.md").exists()


def test_metrics_hold_what_scripts_read(finished: Path) -> None:
    metrics = json.loads((finished / "eval" / "metrics.json").read_text())
    accuracy = {arm["name"]: arm["whole"]["accuracy"] for arm in metrics["arms"]}
    assert set(accuracy) == {"base", "base_full_prompt", "base_few_shot", "student", "teacher"}
    for one in accuracy.values():
        assert one["n"] == 12
        assert 0.0 <= one["low"] <= one["value"] <= one["high"] <= 1.0
    assert accuracy["teacher"]["value"] > accuracy["base"]["value"]
    assert metrics["schema"] == 3
    assert set(metrics["gaps"]) == {"base_full_prompt", "base_few_shot", "student"}
    assert metrics["economics"]["teacher_usd"] > 0


def test_metrics_are_made_of_the_other_files_of_eval_alone(finished: Path) -> None:
    folder = finished / "eval"
    items, predictions = (
        list(read_rows(folder / "items.jsonl", Item)),
        read_rows(folder / "predictions.jsonl", Prediction),
    )
    again = measured(items, predictions, read_json(folder / "facts.json", Facts))
    write_json(finished / "again.json", again)
    assert (finished / "again.json").read_bytes() == (folder / "metrics.json").read_bytes()


def test_a_student_from_elsewhere_and_a_file_of_answers_are_measured_like_the_runs_own(
    finished: Path, bbkd: Bbkd
) -> None:
    own = json.loads((finished / "eval" / "metrics.json").read_text())
    rows = [row for row in read_rows(finished / "eval" / "predictions.jsonl", Prediction) if row.model == "student"]
    answers = [{"id": row.prompt_id, "completion": row.text} for row in rows if ":" not in row.prompt_id]
    (finished / "answers.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in answers))
    for flags in (("--student", str(finished / "student")), ("--completions", str(finished / "answers.jsonl"))):
        done = bbkd(*words(finished, "evaluate", *flags))
        assert done.returncode == 0, done.stderr
        found = json.loads((finished / "eval" / "metrics.json").read_text())
        assert found["gaps"]["student"] == own["gaps"]["student"]
        assert found["student"] == flags[1]
    assert bbkd(*words(finished, "report")).returncode == 0
    assert "not this run's own student" in (finished / "report.md").read_text()
    assert bbkd(*words(finished)).returncode == 0


def test_report_says_that_the_teacher_was_simulated(finished: Path) -> None:
    for name in ("report.html", "report.md", "student-card.md"):
        assert "simulated" in (finished / name).read_text().lower()


def test_report_is_self_contained(finished: Path) -> None:
    page = (finished / "report.html").read_text()
    assert "<svg" in page
    assert "<script" not in page
    assert 'src="http' not in page


def test_no_prompt_is_on_two_sides(finished: Path) -> None:
    prompts = [json.loads(line) for line in (finished / "prompts.jsonl").read_text().splitlines()]
    held_out = {row["messages"][-1]["content"] for row in prompts if row["split"] == "held_out"}
    sides = [held_out]
    for name in ("train", "validation"):
        rows = (finished / "dataset" / f"{name}.jsonl").read_text().splitlines()
        sides.append({json.loads(row)["prompt"][-1]["content"] for row in rows})
    assert all(sides)
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_a_second_run_does_nothing(finished: Path, bbkd: Bbkd) -> None:
    before = {
        path: path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file() and ".lock" not in path.name
    }
    done = bbkd(*words(finished))
    assert done.returncode == 0
    assert done.stderr.count("up to date") == 6
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_report_setting_runs_only_the_report(finished: Path, bbkd: Bbkd) -> None:
    done = bbkd(*words(finished, "run", **{"report.examples": "3"}))
    assert "report: report.examples 6 -> 3" in done.stderr
    assert done.stderr.count("up to date") == 5
    assert bbkd(*words(finished)).returncode == 0


def test_json_is_one_object_on_stdout(finished: Path, bbkd: Bbkd) -> None:
    done = bbkd(*words(finished, "report", "--json"))
    result = json.loads(done.stdout)
    assert (result["schema"], result["command"], result["ok"]) == (1, "report", True)


@pytest.mark.slow
def test_an_imported_file_takes_the_place_of_prompts_and_query(tmp_path: Path) -> None:
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    rows = [
        {"prompt": f"Spell {word} in capitals, please", "completion": word.upper(), "reference": word.upper()}
        for word in words
    ]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert process("init", str(tmp_path)).returncode == 0
    fast = ("--set", "prompts.held_out=3", "--set", "filter.validation=0", "--run", str(tmp_path / "run"))
    assert process("import", str(tmp_path / "answers.jsonl"), *fast).returncode == 0
    student = ("--set=train.student=tiny:0", "--set=train.max_steps=2", "--set=evaluate.max_new_tokens=4")
    done = process("run", *fast, *student)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "eval" / "metrics.json").read_text())
    teacher = next(arm for arm in metrics["arms"] if arm["name"] == "teacher")
    assert (teacher["whole"]["accuracy"]["value"], teacher["whole"]["accuracy"]["n"]) == (1.0, 3)


def test_a_run_is_refused_before_it_costs_anything(finished: Path, bbkd: Bbkd) -> None:
    done = bbkd(*words(finished, "run", **{"train.student": "./no-such-student", "teacher.identity": "another"}))
    assert done.returncode == 2
    assert "no-such-student" in done.stderr
    assert "query" not in done.stderr
    assert bbkd(*words(finished)).stderr.count("up to date") == 6


@pytest.mark.slow
def test_an_import_over_a_run_replaces_it_and_a_failed_one_does_not(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert process("init", "--task", "tickets", str(folder)).returncode == 0
    assert process(*words(folder, "generate")).returncode == 0
    rows = [
        {"prompt": f"Question about {word}?", "completion": word} for word in ["bread", "iron", "tea", "wool", "glass"]
    ]
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert process("import", str(answers), "--run", str(folder), "--set", "prompts.held_out=1").returncode == 0
    assert not (folder / "manifest" / "query.json").exists()
    held = (folder / "completions.jsonl").read_bytes()
    answers.write_text("{broken\n")
    assert process("import", str(answers), "--run", str(folder), "--set", "prompts.held_out=1").returncode == 2
    for command in (("try", "1"), ("generate",)):
        process(*command, "--run", str(folder))
        assert (folder / "completions.jsonl").read_bytes() == held


@pytest.mark.slow
def test_further_arms_are_trained_once_and_measured_beside_the_student(finished: Path) -> None:
    arms = {"evaluate.arms": '["shuffled", "gold", "1/2"]'}
    assert process(*words(finished, "evaluate", **arms)).returncode == 0
    metrics = json.loads((finished / "eval" / "metrics.json").read_text())
    rows = {arm["name"]: arm["trained"]["rows"] for arm in metrics["arms"] if "trained" in arm}
    assert rows["1/2"] * 2 == pytest.approx(rows["student"], abs=1)
    assert rows["shuffled"] == rows["student"]
    assert [point["arm"] for point in metrics["curve"]] == ["1/2", "student"]
    origin = finished / "eval" / "students" / "shuffled" / "training.json"
    was = origin.stat().st_mtime_ns
    assert process(*words(finished, "evaluate", **arms, **{"evaluate.draws": "600"})).returncode == 0
    assert origin.stat().st_mtime_ns == was
    assert process(*words(finished, "report", **arms)).returncode == 0
    report = (finished / "report.md").read_text()
    assert "Trained on shuffled answers" in report
    assert "Trained on gold" in report
