"""Flags of the commands that may cost money: they stand for settings, and --dry-run changes nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blackbox_kd.cli.app import app
from blackbox_kd.cli.stages import STAGES, Chosen, Paying, settings_of
from blackbox_kd.errors import UsageError

ONE = """
[teacher]
model = "openai/gpt-6.1-terra"
[prompts]
strategy = [{kind = "task", task = "units", count = 20}]
held_out = 4
"""
TWO = """
[[teacher]]
model = "openai/gpt-6.1-terra"
[[teacher]]
model = "anthropic/claude-opus-5-5"
"""


def bbkd(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, in a folder."""
    command = [sys.executable, "-m", "blackbox_kd", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def settings(folder: Path, config: str, told: Paying) -> list[str]:
    """The flags as settings of this configuration."""
    path = folder / "bbkd.toml"
    path.write_text(config)
    return settings_of(told, Chosen(None, path, None, False, False))


@pytest.mark.parametrize(
    ("told", "sets"),
    [
        (Paying(), []),
        (Paying(offline=True, retry_failed=True), ["query.offline=true", "query.retry_failed=true"]),
        (Paying(tokens_total=1_000), ["query.max_tokens_total=1000"]),
        (Paying(budget_usd=2.5), ["teacher.budget_usd=2.5"]),
        (
            Paying(ack="openai-2026-01-01", basis='our "lawyer"'),
            [r"""teacher.terms={ ack = "openai-2026-01-01", basis = "our \"lawyer\"" }"""],
        ),
    ],
)
def test_flags_stand_for_settings(told: Paying, sets: list[str], tmp_path: Path) -> None:
    assert settings(tmp_path, ONE, told) == sets


def test_terms_are_acknowledged_for_the_one_teacher_that_they_are_of(tmp_path: Path) -> None:
    (found,) = settings(tmp_path, TWO, Paying(ack="anthropic-2025-09-15", basis="me"))
    assert found.startswith("teacher[1].terms=")


@pytest.mark.parametrize(
    ("config", "told", "why"),
    [
        (TWO, Paying(budget_usd=1.0), "--budget: 2 of 2 teachers"),
        (TWO, Paying(ack="gemini-2026-04-28", basis="me"), "--ack-terms: 0 of 2 teachers"),
        (ONE, Paying(ack="openai-2026-01-01"), "go together"),
        (ONE, Paying(basis="me"), "go together"),
        ("", Paying(budget_usd=1.0), "--budget: 0 of 0 teachers"),
    ],
)
def test_a_flag_that_means_no_one_teacher_is_refused(config: str, told: Paying, why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=why):
        settings(tmp_path, config, told)


def test_a_dry_run_asks_nobody_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "bbkd.toml").write_text(ONE)
    done = bbkd(tmp_path, "run", "--dry-run", "--budget", "5", "--max-tokens-total", "10000000")
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("teacher   openai/gpt-6.1-terra @ https://api.openai.com/v1", "NOT acknowledged", "to send 20"):
        assert part in done.stdout
    assert "budget 5.00 USD: OK" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["bbkd.toml"]


def test_a_dry_run_as_json_is_one_object(tmp_path: Path) -> None:
    (tmp_path / "bbkd.toml").write_text(ONE)
    flags = ("--ack-terms", "openai-2026-01-01", "--basis", "our lawyer")
    done = bbkd(tmp_path, "query", "--dry-run", "--json", *flags)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    (one,) = found["result"]["dry_run"]["estimates"]
    assert (found["command"], found["ok"], one["calls"], one["cached"]) == ("query", True, 20, 0)
    assert one["terms"] == "openai-2026-01-01 acknowledged: our lawyer"
    assert one["cost_usd_low"] < one["cost_usd_high"]


@pytest.mark.parametrize("command", (*STAGES, "generate", "run"))
def test_only_commands_that_may_cost_money_take_the_flags(command: str) -> None:
    help_text = CliRunner().invoke(app, [command, "--help"]).output
    paid = ("query", "generate", "run", "judge", "evaluate")  # the last of them for --judge
    assert ("--dry-run" in help_text) == (command in paid)
