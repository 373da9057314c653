import argparse
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.science import run as bench
from benchmarks.science.effects import effect
from benchmarks.science.plan import Plan, cells, expected_minutes, guess_minutes, read_plan, settings_of, toml
from benchmarks.science.results import STAGES, TOLD, Result, Score, Told, finished_minutes, told_of
from benchmarks.science.table import tables
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import write_json
from blackbox_kd.measures import Estimate
from blackbox_kd.records import Json

HERE = Path(bench.__file__).parent
QUICK = HERE / "plan-quick.toml"
LEAVES = st.booleans() | st.integers(0, 99) | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def chosen(tmp_path: Path, **told: object) -> argparse.Namespace:
    """The command line for the quick plan in a folder of the test's."""
    usual = {"plan": QUICK, "runs": tmp_path, "only": "", "max_minutes": None, "list": False, "markdown": False}
    return argparse.Namespace(**usual | told)


def edited(tmp_path: Path, old: str, new: str) -> Path:
    """The quick plan with a text replaced."""
    assert old in QUICK.read_text()
    (tmp_path / "plan.toml").write_text(QUICK.read_text().replace(old, new))
    return tmp_path / "plan.toml"


def finish(plan: Plan, home: Path, name: str, seconds: float = 60.0) -> Path:
    """Make a cell look finished; its run directory."""
    cell = next(cells(plan, name))
    folder = cell.folder(home)
    for stage in STAGES:
        write_json(folder / "manifest" / f"{stage}.json", {})
    write_json(folder / TOLD, Told(settings=settings_of(plan, cell), code=0, seconds=seconds))
    return folder


def result(arm: str, seed: int, values: Sequence[float], task: str = "units", model: str = "student") -> Result:
    """One model's row, an item a family."""
    scores = tuple(Score(f"key{n:03}", f"family{n}", value) for n, value in enumerate(values))
    whole = Estimate(value=sum(values) / len(values), n=len(values), families=len(values))
    return Result(
        task=task, arm=arm, model=model, seed=seed, metric="exact_match", reference="gold", estimate=whole, settings={},
        when="2026-01-02", machine="here", bbkd="1", scores=scores,
    )  # fmt: skip


@pytest.mark.parametrize("path", sorted(HERE.glob("plan*.toml")), ids=lambda path: path.stem)
def test_a_plan_runs_the_first_seed_of_every_arm_before_any_second(path: Path) -> None:
    plan = read_plan(path)
    seeds = [cell.seed for cell in cells(plan)]
    assert seeds == sorted(seeds)
    assert {cell.arm.name for cell in cells(plan) if cell.seed == seeds[0]} == {arm.name for arm in plan.arms}


@pytest.mark.parametrize("path", sorted(HERE.glob("plan*.toml")), ids=lambda path: path.stem)
def test_the_settings_of_a_plan_are_settings_of_bbkd(path: Path, tmp_path: Path) -> None:
    plan = read_plan(path)
    bench.prepared(plan, list(cells(plan)), tmp_path)
    assert {folder.name for folder in tmp_path.iterdir()} == {task.name for task in plan.tasks}


def test_a_setting_that_is_none_is_found_before_any_cell_runs(tmp_path: Path) -> None:
    path = edited(tmp_path, '"filter.off"', '"filter.offf"')
    with pytest.raises(InputError, match=r"units/filters_off/1: .*unknown key `filter.offf`"):
        bench.done(chosen(tmp_path, plan=path))
    assert not list(tmp_path.rglob("*.log"))


def test_a_task_that_changes_needs_another_name(tmp_path: Path) -> None:
    plan = read_plan(QUICK)
    bench.prepared(plan, list(cells(plan)), tmp_path)
    other = read_plan(edited(tmp_path, "count          = 60", "count          = 70"))
    with pytest.raises(InputError, match="made of another task units"):
        bench.prepared(other, list(cells(other)), tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('reference = "default"', 'reference = "none"', "no arm 'none'"),
        ('like     = "default"', 'like     = "filters_off"', "no arm before it"),
        ('name     = "filters_off"', 'name     = "default"', "a name stands once"),
        ("seeds     = [1, 2]", "seeds     = []", "seeds"),
        ("epochs ", "epoch ", "epoch"),
    ],
)
def test_a_wrong_plan_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_plan(edited(tmp_path, old, new))


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("units/default/2", ["units/default/2"]),
        ("*/controls", ["units/controls/1", "units/controls/2"]),
        ("units/*/1", ["units/default/1", "units/controls/1", "units/filters_off/1"]),
        ("tickets", []),
    ],
)
def test_cells_are_chosen_by_task_arm_and_seed(only: str, names: list[str]) -> None:
    assert [cell.name for cell in cells(read_plan(QUICK), only)] == names


def test_a_choice_that_matches_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no cell"):
        bench.done(chosen(tmp_path, only="tickets"))


@given(VALUES)
def test_a_setting_reaches_bbkd_as_it_is_in_the_plan(value: Json) -> None:
    assert tomllib.loads(f"value = {toml(value)}")["value"] == value


def test_the_list_shows_every_cell_and_runs_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = read_plan(QUICK)
    finish(plan, tmp_path / plan.name, "units/default/1")
    assert bench.done(chosen(tmp_path, list=True)) == 0
    shown = capsys.readouterr().out
    assert all(cell.name in shown for cell in cells(plan))
    assert (shown.count("finished in"), shown.count("to do")) == (1, 5)


def test_minutes_are_guessed_until_a_cell_of_the_task_was_timed() -> None:
    plan = read_plan(QUICK)
    first, other = list(cells(plan, "*/default"))
    assert expected_minutes(plan, other, {}) == guess_minutes(plan, other)
    slow = {first.name: 3 * guess_minutes(plan, first)}
    assert expected_minutes(plan, other, slow) == pytest.approx(3 * guess_minutes(plan, other))


def test_a_cell_is_finished_while_its_settings_and_all_its_manifests_stand(tmp_path: Path) -> None:
    plan = read_plan(QUICK)
    folder = finish(plan, tmp_path, "units/filters_off/2", seconds=90)
    assert finished_minutes(plan, tmp_path) == {"units/filters_off/2": 1.5}
    changed = read_plan(edited(tmp_path, '["gate", "refusal"]', '["gate"]'))
    assert finished_minutes(changed, tmp_path) == {}
    (folder / "manifest" / "train.json").unlink()
    assert finished_minutes(plan, tmp_path) == {}


def test_a_run_that_is_like_another_begins_with_its_student_and_without_its_evaluation(tmp_path: Path) -> None:
    plan = read_plan(QUICK)
    folder = finish(plan, tmp_path, "units/default/1")
    for name in ("student/model.safetensors", "eval/items.jsonl", "report.html", "dataset/train.jsonl"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    cell = next(cells(plan, "*/controls/1"))
    bench.began(plan, cell, tmp_path)
    made = {str(path.relative_to(cell.folder(tmp_path))) for path in cell.folder(tmp_path).rglob("*.*")}
    manifests = {f"manifest/{stage}.json" for stage in STAGES[:4]}
    assert made == {"student/model.safetensors", "dataset/train.jsonl", *manifests}
    assert (cell.folder(tmp_path) / "student/model.safetensors").samefile(folder / "student/model.safetensors")


def test_a_cell_that_fails_is_told_and_the_others_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = edited(tmp_path, "held_out       = 20", "held_out       = 60")  # nothing is left to train on
    assert bench.done(chosen(tmp_path, plan=path, only="units/*/1")) == 1
    said = capsys.readouterr().err
    assert said.count("failed with exit code 2") == 3
    assert "failed: units/default/1, units/controls/1, units/filters_off/1" in said
    plan = read_plan(path)
    cell = next(cells(plan))
    assert told_of(cell.folder(tmp_path / plan.name), settings_of(plan, cell)).code == 2


def test_a_cell_is_stopped_when_the_time_is_up() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert bench.waited(process, time.monotonic()) is None
    assert process.poll() is not None


def test_an_effect_pairs_items_and_averages_seeds_within_them() -> None:
    old = {1: result("default", 1, [0, 0, 0, 1, 1]), 2: result("default", 2, [0, 0, 0, 1, 0])}
    new = {
        1: result("other", 1, [1, 1, 0, 1, 1]),
        2: result("other", 2, [1, 1, 1, 1, 1]),
        3: result("other", 3, [1] * 5),
    }
    found = effect(new, old)
    assert found is not None
    assert found.over_items.value == pytest.approx(0.6)  # of (0.4, 0.8): seed 3 has no partner
    assert found.over_seeds.mean == pytest.approx(0.6)
    assert found.over_seeds.n == 2
    assert found.mcnemar == {1: 0.5, 2: 0.125}


def test_the_randomisation_test_gives_the_share_of_sign_patterns_that_are_as_extreme() -> None:
    found = effect({1: result("other", 1, [1] * 6)}, {1: result("default", 1, [0] * 6)})
    assert found is not None
    assert found.p == pytest.approx(2 / 2**6, abs=0.005)


def test_arms_without_a_common_seed_are_not_compared() -> None:
    assert effect({1: result("other", 1, [1, 0])}, {2: result("default", 2, [0, 1])}) is None


def test_the_tables_adjust_each_arm_over_the_tasks() -> None:
    rows = [
        result(arm, seed, [float(arm == "other" or n % 2 == 0) for n in range(20)], task)
        for task in ("units", "tickets") for arm in ("default", "other") for seed in (1, 2)
    ]  # fmt: skip
    shown = tables(rows, "default", "python run.py")
    lines = [line.split(" | ") for line in shown.splitlines() if line.startswith("| other")]
    assert [line[2] for line in lines] == ["1.000 [1.000, 1.000]"] * 2
    assert [line[6] for line in lines] == ["+0.500 [+0.500, +0.500]"] * 2
    assert all(float(line[9]) == pytest.approx(2 * float(line[8]), rel=0.05) for line in lines)
    assert "2026-01-02, here: `python run.py`" in shown


def test_cells_that_were_measured_unlike_each_other_are_told() -> None:
    rows = [result("default", 1, [0, 1]), result("default", 1, [0, 0], model="base")]
    assert "differs between the cells" not in tables(rows, "default", "")
    rows.append(result("other", 1, [0, 1], model="base"))
    assert "base differs between the cells" in tables(rows, "default", "")


@pytest.mark.slow
def test_a_bench_runs_each_cell_once_and_tells_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.done(chosen(tmp_path, only="units/*/1")) == 0
    assert "about" in capsys.readouterr().err
    assert bench.done(chosen(tmp_path, only="units/*/1")) == 0
    assert capsys.readouterr().err == "3 of 3 cells are finished\n"
    assert bench.done(chosen(tmp_path, markdown=True)) == 0
    shown = capsys.readouterr().out
    assert "differs between the cells" not in shown
    assert all(f"| {name} |" in shown for name in ("base", "default", "controls: shuffled", "filters_off", "teacher"))
