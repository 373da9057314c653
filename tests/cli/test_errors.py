"""Bad input gets one clear line (where, what, the fix), its exit code, and no trace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
[teacher]
model = "openai/some-model"
base_url = "http://127.0.0.1:9/v1"
[query]
attempts = 1
[prompts]
files = ["prompts.jsonl"]
held_out = 1
"""
ROWS = '{"id": "a", "prompt": "first question"}\n{"id": "b", "prompt": "another thing entirely"}\n'


def bbkd(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, in a folder."""
    command = [sys.executable, "-m", "blackbox_kd", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ})


def project(folder: Path, config: str = GOOD, rows: str = ROWS) -> Path:
    """A folder with a configuration and prompts."""
    (folder / "bbkd.toml").write_text(config)
    (folder / "prompts.jsonl").write_bytes(rows.encode())
    return folder


def assert_error(done: subprocess.CompletedProcess[str], exit_code: int, *parts: str) -> None:
    """The exit code, each part of the message on stderr, nothing on stdout, and no trace."""
    assert done.returncode == exit_code, done.stderr
    for part in parts:
        assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("config", "parts"),
    [
        pytest.param(GOOD + "[filter.lenght]\nmax_words = 3\n", ("bbkd.toml:10", "`length`"), id="key"),
        pytest.param(GOOD.replace("held_out = 1", 'held_out = "x"'), ("bbkd.toml:9", "prompts.held_out"), id="type"),
        pytest.param("[teacher\n", ("bbkd.toml:1", "not valid TOML"), id="toml"),
        pytest.param(GOOD.replace('["prompts.jsonl"]', '["nope.jsonl"]'), ("nope.jsonl", "no such file"), id="file"),
    ],
)
def test_bad_configuration(tmp_path: Path, config: str, parts: tuple[str, ...]) -> None:
    assert_error(bbkd(project(tmp_path, config), "generate"), 2, *parts)


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        pytest.param('{"prompt": "good"}\n' * 6 + '{"prompt": "cut\n', ("prompts.jsonl:7", "not valid"), id="cut"),
        pytest.param(ROWS + '{"prompt": "  "}\n', ("prompts.jsonl:3", "empty"), id="empty"),
        pytest.param(ROWS + '{"id": "a", "prompt": "x"}\n', ("prompts.jsonl:3", "'a'"), id="duplicate"),
        pytest.param(ROWS + '{"text": "x"}\n', ("prompts.jsonl:3", "`prompt`"), id="no prompt"),
        pytest.param("", ("no prompts",), id="no rows"),
    ],
)
def test_bad_prompts(tmp_path: Path, rows: str, parts: tuple[str, ...]) -> None:
    assert_error(bbkd(project(tmp_path, rows=rows), "prompts"), 2, *parts)


def test_crlf_and_byte_order_mark_are_read(tmp_path: Path) -> None:
    project(tmp_path, "\ufeff" + GOOD.replace("\n", "\r\n"), "\ufeff" + ROWS.replace("\n", "\r\n"))
    done = bbkd(tmp_path, "prompts")
    assert done.returncode == 0, done.stderr


def test_no_key(tmp_path: Path) -> None:
    config = GOOD.replace('base_url = "http://127.0.0.1:9/v1"', 'api_key_env = "NO_SUCH_KEY"')
    assert_error(bbkd(project(tmp_path, config), "generate"), 2, "NO_SUCH_KEY", "export")


def test_no_server(tmp_path: Path) -> None:
    assert_error(bbkd(project(tmp_path), "generate"), 6, "127.0.0.1", "same command")


def test_no_configuration(tmp_path: Path) -> None:
    assert_error(bbkd(tmp_path, "run"), 2, "bbkd.toml: no such file", "bbkd init")


def test_a_stage_without_its_input_names_the_stage_that_writes_it(tmp_path: Path) -> None:
    assert_error(bbkd(project(tmp_path), "filter"), 2, "completions.jsonl", "bbkd generate")


def test_init_never_overwrites(tmp_path: Path) -> None:
    assert_error(bbkd(project(tmp_path), "init"), 2, "exists")
    assert (tmp_path / "bbkd.toml").read_text() == GOOD


def test_unknown_command_and_flag(tmp_path: Path) -> None:
    assert bbkd(tmp_path, "filtre").returncode == 2
    assert bbkd(tmp_path, "filter", "--nope").returncode == 2


def test_check_lists_all_problems_and_changes_nothing(tmp_path: Path) -> None:
    config = GOOD.replace('base_url = "http://127.0.0.1:9/v1"', "") + '[evaluate]\nmetrics = ["exact"]\n'
    before = {path.name for path in project(tmp_path, config).iterdir()}
    done = bbkd(tmp_path, "check")
    assert done.returncode == 2
    for part in ("OPENAI_API_KEY", "terms", "exact"):
        assert part in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_valid_project_passes_check(tmp_path: Path) -> None:
    done = bbkd(project(tmp_path), "check")
    assert done.returncode == 0, done.stderr
    assert "query     would run" in done.stdout


def test_every_task_writes_a_configuration_that_passes_check(tmp_path: Path) -> None:
    for task in ("tickets", "units", "word_problems"):
        assert bbkd(tmp_path, "init", "--task", task, task).returncode == 0
        done = bbkd(tmp_path, "check", "--config", f"{task}/bbkd.toml")
        assert done.returncode == 0, done.stderr


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    script = f"{sys.executable} -m blackbox_kd config show --config bbkd.toml | head -1"
    done = subprocess.run(["bash", "-c", script], cwd=project(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("student", "said"), [("student=./nofolder", "nofolder"), ("completions=nofile.csv", "nofile.csv: no such file")]
)
def test_check_finds_what_would_fail_after_all_was_paid(student: str, said: str, tmp_path: Path) -> None:
    wrong = ("evaluate.retention=nofile.jsonl", "gate.metric=foo", 'evaluate.arms=["gold"]', f"evaluate.{student}")
    own = 'filter.own.functions=["nofile.py:short"]'
    done = bbkd(project(tmp_path), "check", *(f"--set={one}" for one in (*wrong, own)))
    gold = "evaluate.arms: gold: 0 train prompts have a reference"
    missing = [
        part
        for part in (gold, "evaluate.retention", "gate.metric: foo is none", "nofile.py: no such file", said)
        if part not in done.stderr
    ]
    assert (done.returncode, missing) == (2, []), done.stderr
