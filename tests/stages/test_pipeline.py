"""All stages, with the simulated teacher and a random student: the thin slice through the house."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FAST = {
    "train.student": "tiny:0",
    "train.max_steps": "3",
    "evaluate.max_new_tokens": "6",
    "evaluate.limit": "12",
    "prompts.strategy": '[{kind = "task", task = "tickets", count = 60}]',
    "prompts.held_out": "16",
    "evaluate.draws": "500",
}


def bbkd(*words: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run([sys.executable, "-m", "blackbox_kd", *words], capture_output=True, text=True, check=False)


def run(folder: Path, command: str = "run", *more: str, **overrides: str) -> subprocess.CompletedProcess[str]:
    """A stage command with fast settings."""
    settings = {**FAST, **overrides}
    return bbkd(command, "--run", str(folder), *[f"--set={key}={value}" for key, value in settings.items()], *more)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with all stages finished."""
    folder = tmp_path_factory.mktemp("pipeline") / "demo"
    assert bbkd("init", "--task", "tickets", str(folder)).returncode == 0
    done = run(folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_all_stages_leave_their_files_and_manifests(finished: Path) -> None:
    names = {path.stem for path in (finished / "manifest").iterdir()}
    assert names == {"prompts", "query", "filter", "train", "evaluate", "report"}
    assert (finished / "student" / "model.safetensors").exists()
    assert (finished / "student-card.md").exists()


def test_metrics_hold_what_scripts_read(finished: Path) -> None:
    metrics = json.loads((finished / "eval" / "metrics.json").read_text())
    for model in ("base", "student", "teacher"):
        assert metrics[model]["n"] == 12
        assert 0.0 <= metrics[model]["exact_match"] <= 1.0
    assert set(metrics["pgr"]) >= {"value", "low", "high"}
    assert 0.0 <= metrics["mcnemar_p"] <= 1.0
    assert metrics["teacher"]["exact_match"] > metrics["base"]["exact_match"]


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


def test_a_second_run_does_nothing(finished: Path) -> None:
    before = {
        path: path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file() and ".lock" not in path.name
    }
    done = run(finished)
    assert done.returncode == 0
    assert done.stderr.count("up to date") == 6
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_report_setting_runs_only_the_report(finished: Path) -> None:
    done = run(finished, "run", **{"report.examples": "3"})
    assert "report: report.examples 6 -> 3" in done.stderr
    assert done.stderr.count("up to date") == 5
    assert run(finished).returncode == 0


def test_json_is_one_object_on_stdout(finished: Path) -> None:
    done = run(finished, "report", "--json")
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
    assert bbkd("init", str(tmp_path)).returncode == 0
    fast = ("--set", "prompts.held_out=3", "--set", "filter.validation=0", "--run", str(tmp_path / "run"))
    assert bbkd("import", str(tmp_path / "answers.jsonl"), *fast).returncode == 0
    student = ("--set=train.student=tiny:0", "--set=train.max_steps=2", "--set=evaluate.max_new_tokens=4")
    done = bbkd("run", *fast, *student)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "eval" / "metrics.json").read_text())
    assert metrics["teacher"] | {"exact_match": 1.0, "n": 3} == metrics["teacher"]


def test_a_run_is_refused_before_it_costs_anything(finished: Path) -> None:
    done = run(finished, "run", **{"train.student": "./no-such-student", "teacher.identity": "another"})
    assert done.returncode == 2
    assert "no-such-student" in done.stderr
    assert "query" not in done.stderr
    assert run(finished).stderr.count("up to date") == 6


@pytest.mark.slow
def test_an_import_over_a_run_replaces_it_and_a_failed_one_does_not(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert bbkd("init", "--task", "tickets", str(folder)).returncode == 0
    assert run(folder, "generate").returncode == 0
    rows = [
        {"prompt": f"Question about {word}?", "completion": word} for word in ["bread", "iron", "tea", "wool", "glass"]
    ]
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert bbkd("import", str(answers), "--run", str(folder), "--set", "prompts.held_out=1").returncode == 0
    assert not (folder / "manifest" / "query.json").exists()
    held = (folder / "completions.jsonl").read_bytes()
    answers.write_text("{broken\n")
    assert bbkd("import", str(answers), "--run", str(folder), "--set", "prompts.held_out=1").returncode == 2
    for command in (("try", "1"), ("generate",)):
        bbkd(*command, "--run", str(folder))
        assert (folder / "completions.jsonl").read_bytes() == held
