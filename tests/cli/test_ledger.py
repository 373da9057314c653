"""`bbkd ledger` and `bbkd explain`, up to the edge where errors become exit codes."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from blackbox_kd.teachers.ledger import open_ledger

CONFIG = """
[teacher]
model = "openai/some-model"
base_url = "http://127.0.0.1:9/v1"
api_key_env = "NOT_SET"
price = { input_usd = 1.0, output_usd = 2.0 }
[prompts]
files = ["prompts.jsonl"]
held_out = 0
"""
BODY = {"model": "m", "choices": [{"message": {"content": "x \x1b[31mred"}, "finish_reason": "stop"}], "usage": None}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    """A folder with settings and a ledger of one reply."""
    (tmp_path / "bbkd.toml").write_text(CONFIG)
    (tmp_path / "prompts.jsonl").write_text('{"id": "a", "prompt": "first question"}\n')

    async def fill() -> None:
        with open_ledger(tmp_path / ".bbkd" / "ledger.sqlite3") as ledger:
            attempt = await ledger.claim("k", "openai/some-model", b'{"wire":"openai"}', 5)
            await ledger.store(attempt, 200, {}, json.dumps(BODY).encode())

    asyncio.run(fill())
    return tmp_path


Bbkd = Callable[..., CompletedProcess[str]]


def result(done: CompletedProcess[str], command: str) -> dict[str, object]:
    """What --json shows of a command that went well."""
    assert done.returncode == 0, done.stderr
    whole = json.loads(done.stdout)
    assert (whole["schema"], whole["command"], whole["ok"]) == (1, command, True)
    found: dict[str, object] = whole["result"]
    return found


def test_stats_and_verify_are_said_and_shown_as_json(bbkd: Bbkd) -> None:
    said = bbkd("ledger", "stats")
    assert "openai/some-model: 1 requests; attempts: 1 stored" in said.stdout
    found = result(bbkd("ledger", "stats", "--json"), "ledger stats")
    assert found["ambiguous"] == 0
    assert "1 requests, 1 attempts, 1 replies" in bbkd("ledger", "verify", "--full").stdout


def test_a_damaged_ledger_ends_verify_with_exit_code_8(folder: Path, bbkd: Bbkd) -> None:
    (folder / ".bbkd" / "ledger.sqlite3").write_bytes(b"not a database! " * 1_000)
    done = bbkd("ledger", "verify", "--json")
    assert done.returncode == 8
    assert json.loads(done.stdout)["error"]["code"] == "store_corrupt"
    assert "Traceback" not in done.stderr
    assert (folder / ".bbkd" / "ledger.sqlite3").read_bytes().startswith(b"not a database!")


def test_what_one_machine_exports_another_merges_without_settings(folder: Path, bbkd: Bbkd) -> None:
    lines = bbkd("ledger", "export").stdout
    assert json.loads(lines)["key"] == "k"
    assert result(bbkd("ledger", "export", "out.jsonl", "--json"), "ledger export")["replies"] == 1
    assert (folder / "out.jsonl").read_text() == lines
    done = bbkd("ledger", "merge", "out.jsonl", "--ledger", "elsewhere.sqlite3", "--json")
    assert result(done, "ledger merge")["out.jsonl"] == {"replies": 1, "ambiguous": 0, "errors": 0, "known": 0}
    again = bbkd("ledger", "merge", "out.jsonl", "--ledger", "elsewhere.sqlite3")
    assert "0 replies" in again.stdout
    assert "1 attempts were known" in again.stdout


def test_pruning_only_lists_without_yes(bbkd: Bbkd) -> None:
    listed = bbkd("ledger", "prune", "--replies")
    assert "nothing was changed; add --yes" in listed.stdout
    assert result(bbkd("ledger", "prune", "--replies", "--yes", "--json"), "ledger prune")["done"] is True
    assert "0 replies" in bbkd("ledger", "verify").stdout
    assert bbkd("ledger", "prune").returncode == 2


def test_explain_needs_no_key_and_says_what_is_nearest(bbkd: Bbkd) -> None:
    assert bbkd("prompts").returncode == 0
    done = bbkd("explain", "a")
    assert done.returncode == 0, done.stderr
    assert "first question" in done.stdout
    assert "ledger     missing: it was never asked" in done.stdout
    assert 'body.model: absent -> "some-model"' in done.stdout
    found = result(bbkd("explain", "a", "--json"), "explain")
    assert found["id"] == "a#0"
    assert bbkd("explain", "nobody").returncode == 2
