"""What goes wrong in the middle of the work: its exit code, one clear line, and nothing lost."""

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

CONFIG = """
[teacher]
model = "openai/{model}"
base_url = "{url}"
identity = "the-server"
api_key_env = "THE_KEY"
[query]
attempts = 2
[prompts]
strategy = [{{kind = "task", task = "tickets", count = 12}}]
held_out = 3
[train]
student = "nothing-here"
"""
KEY = "canary-key-3141592653"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A simulated teacher in a process of its own, which lets in one key."""
    command = [sys.executable, "-m", "blackbox_kd", "simulate", "--port", "0", "--set", f"api_key={KEY}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    first = server.stdout.readline()
    found = re.search(r"http://\S+/v1", first)
    assert found, first
    assert "SIMULATED" in first
    yield found[0]
    server.terminate()
    server.wait(10)
    server.stdout.close()


def project(folder: Path, url: str, model: str = "simulated-tickets") -> Path:
    """A folder that asks that server."""
    (folder / "bbkd.toml").write_text(CONFIG.format(url=url, model=model))
    return folder


def bbkd(folder: Path, *words: str, key: str = KEY, limit_bytes: int | None = None) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own; `limit_bytes` makes every file full at that size."""

    def limited() -> None:
        if limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return subprocess.run(
        [sys.executable, "-m", "blackbox_kd", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "THE_KEY": key},
        preexec_fn=limited,
    )


def assert_error(done: subprocess.CompletedProcess[str], exit_code: int, *parts: str) -> None:
    """The exit code, each part of the message, and no trace."""
    assert done.returncode == exit_code, done.stderr
    for part in parts:
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_key_stops_the_run_and_the_right_one_goes_on(tmp_path: Path, url: str) -> None:
    project(tmp_path, url)
    assert_error(bbkd(tmp_path, "generate", key="wrong"), 5, "401", "key")
    assert not (tmp_path / "runs" / "main" / "manifest" / "query.json").exists()
    assert bbkd(tmp_path, "generate").returncode == 0


def test_an_unknown_model_stops_the_run(tmp_path: Path, url: str) -> None:
    assert_error(bbkd(project(tmp_path, url, "nope"), "generate"), 5, "404", "nope", "[teacher] model")


def test_the_key_is_in_no_file_and_on_no_stream(tmp_path: Path, url: str) -> None:
    project(tmp_path, url)
    streams = [bbkd(tmp_path, "generate"), bbkd(tmp_path, "config", "show", "--origin"), bbkd(tmp_path, "check")]
    assert all(KEY not in done.stdout + done.stderr for done in streams)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_a_run_directory_in_use_is_refused_by_name_of_its_holder(tmp_path: Path, url: str) -> None:
    project(tmp_path, url)
    run = tmp_path / "runs" / "main"
    run.mkdir(parents=True)
    (run / ".lock.holder").write_text("pid 4242 on somewhere")
    with filelock.FileLock(run / ".lock"):
        assert_error(bbkd(tmp_path, "prompts"), 7, "pid 4242", "in use")
    assert bbkd(tmp_path, "prompts").returncode == 0


@pytest.mark.slow
def test_no_row_left_and_no_student_name_the_fix_and_lose_nothing(tmp_path: Path, url: str) -> None:
    project(tmp_path, url)
    assert bbkd(tmp_path, "generate").returncode == 0
    done = bbkd(tmp_path, "filter", "--set", "filter.length.min_words=1000")
    assert_error(done, 2, "no row is left", "too_short", "rejected.jsonl")
    assert bbkd(tmp_path, "filter").returncode == 0
    (tmp_path / "nothing-here").mkdir()
    assert_error(bbkd(tmp_path, "train"), 2, "nothing-here", "no model")
    assert (tmp_path / "runs" / "main" / "dataset" / "train.jsonl").exists()


def test_a_full_disk_keeps_what_was_finished(tmp_path: Path, url: str) -> None:
    project(tmp_path, url)
    assert bbkd(tmp_path, "generate").returncode == 0
    before = (tmp_path / "runs" / "main" / "completions.jsonl").read_bytes()
    done = bbkd(tmp_path, "filter", limit_bytes=1000)
    assert_error(done, 74, "no room", "kept")
    assert (tmp_path / "runs" / "main" / "completions.jsonl").read_bytes() == before
    assert bbkd(tmp_path, "filter").returncode == 0


def test_a_full_ledger_stops_before_buying_more(tmp_path: Path, url: str) -> None:
    project(tmp_path, url)
    assert bbkd(tmp_path, "prompts").returncode == 0
    assert_error(bbkd(tmp_path, "query", limit_bytes=20_000), 74, "no room")
    assert bbkd(tmp_path, "query").returncode == 0


def test_try_buys_a_few_and_generate_does_not_buy_them_again(tmp_path: Path, url: str) -> None:
    project(tmp_path, url)
    done = bbkd(tmp_path, "try", "2", "--json")
    assert done.returncode == 0, done.stderr
    tried = json.loads(done.stdout)["result"]
    assert len(tried["completions"]) == 2
    assert (tried["held"], tried["rows"], tried["cost_usd"]) == (2, 12, None)
    assert bbkd(tmp_path, "generate").returncode == 0
    again = json.loads(bbkd(tmp_path, "try", "2", "--json").stdout)["result"]
    assert again["completions"] == tried["completions"]
    assert again["held"] == 12


@pytest.mark.slow
def test_chat_answers_a_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "blackbox_kd", "chat", "tiny:0", "--max-tokens", "3"],
        cwd=tmp_path,
        input="hello\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n")
