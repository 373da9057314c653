"""docs/monthly.md: its commands, run for two months with the simulated teacher and a tiny student."""

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from blackbox_kd.cli import main
from blackbox_kd.jsonl import read_rows
from blackbox_kd.records import Completion, Item, Prompt
from blackbox_kd.run import BOOKS, COMPLETIONS, ITEMS, PROMPTS
from blackbox_kd.simulate.books import read_books
from blackbox_kd.stages.content import content_key
from blackbox_kd.tasks import TASKS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "monthly.md").read_text()
CONFIG, JOB, ACCEPTING = (
    re.findall(rf"^```{kind}.*?\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)[0]
    for kind in ("toml", "yaml", "console")
)
SMALL = {  # so that two months take seconds
    "TRAIN__STUDENT": "tiny:0",
    "TRAIN__MAX_STEPS": "1",
    "TRAIN__WARMUP": "0",
    "EVALUATE__MAX_NEW_TOKENS": "3",
    "EVALUATE__DRAWS": "200",
    "EVALUATE__FEW_SHOT": "0",
    "EVALUATE__FULL_PROMPT": "false",
    "EVALUATE__RETENTION": "",
    "EVALUATE__METRICS": '["task:tickets"]',
    "PROMPTS__HELD_OUT": "12",
    "GATE__MIN_ITEMS": "20",
}


class Month(NamedTuple):
    """What a month left: who is on which side, what was asked and billed, and how the gate ended."""

    sides: dict[str, str]
    asked: set[tuple[str, int]]
    billed: list[str]
    items: set[str]
    code: int
    gate: Any  # the object of --json


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> tuple[Month, Month]:
    """January with 60 prompts and 30 of gold; February with 25 more, on a machine that has only what is kept."""
    folder = tmp_path_factory.mktemp("monthly")
    (folder / "bbkd.toml").write_text(CONFIG)
    rows = list(TASKS["tickets"].generate(115, 1, 0))
    write(folder / "gold.jsonl", [{"prompt": one.prompt, "reference": one.reference} for one in rows[:30]])
    write(folder / "prompts" / "january.jsonl", [{"prompt": one.prompt} for one in rows[30:90]])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in [name for name in os.environ if name.startswith("BBKD_")]:
            patch.delenv(name)
        for name, value in SMALL.items():
            patch.setenv(f"BBKD_{name}", value)
        patch.setenv("BBKD_LEDGER", str(folder / "kept" / "ledger.sqlite3"))
        january = month(folder, "--against teacher")
        for line in ACCEPTING.splitlines():
            subprocess.run(line, shell=True, check=True)
        shutil.rmtree(folder / "runs")
        write(folder / "prompts" / "february.jsonl", [{"prompt": one.prompt} for one in rows[90:]])
        return january, month(folder)


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Rows as JSON lines."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def ran(line: str) -> tuple[int, str]:
    """The exit code of a command, and what it said on stdout."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            main(shlex.split(line)[1:])
        except SystemExit as stop:
            return int(stop.code or 0), said.getvalue()
    return 0, said.getvalue()


def month(folder: Path, more: str = "") -> Month:
    """Run the job's commands, each of which but the gate has to end well."""
    *commands, gate = [line.replace("$RUN", "runs/next") for line in re.findall(r"- run: (bbkd .*)", JOB)]
    assert [line.split()[1] for line in commands] == ["generate", "filter", "train", "evaluate"]
    assert [ran(line)[0] for line in commands] == [0] * 4
    code, said = ran(f"{gate.partition(' > ')[0]} {more}")
    run = folder / "runs" / "next"
    keys = {one.id: content_key(one.messages) for one in read_rows(run / PROMPTS, Prompt)}
    return Month(
        sides={keys[one.id]: one.split for one in read_rows(run / PROMPTS, Prompt)},
        asked={(keys[one.prompt_id], one.sample) for one in read_rows(run / COMPLETIONS, Completion)},
        billed=[entry.request for entry in read_books(run / BOOKS)],
        items={one.key for one in read_rows(run / ITEMS, Item) if not one.retention},
        code=code,
        gate=json.loads(said),
    )


def test_the_second_month_buys_only_what_is_new(months: tuple[Month, Month]) -> None:
    january, february = months
    assert january.asked < february.asked
    assert len(january.billed) == len(january.asked)
    assert len(february.billed) == len(february.asked - january.asked)
    assert not set(january.billed) & set(february.billed)


def test_no_prompt_changes_its_side(months: tuple[Month, Month]) -> None:
    january, february = months
    assert len(february.sides) > len(january.sides)
    assert {key: february.sides[key] for key in january.sides if key in february.sides} == january.sides


def test_the_gate_compares_what_both_months_hold_out(months: tuple[Month, Month]) -> None:
    january, february = months
    found = february.gate["result"]
    assert found["compared"] == len(january.items & february.items) - found["trained_on"]
    assert (found["trained_on"], found["reference"], Path(found["against"]).name) == (0, "gold", "baseline")


def test_the_exit_code_is_what_the_verdict_says(months: tuple[Month, Month]) -> None:
    for one in months:
        verdict = one.gate["result"]["verdict"]
        assert (one.code, one.gate["ok"]) == ((0, True) if verdict == "pass" else (10, False))
        assert one.gate["result"]["line"].startswith(f"bbkd gate: **{verdict}** - task:tickets ")
    assert months[0].gate["result"]["verdict"] == "fail"  # one step makes no student


def test_the_document_is_short() -> None:
    assert len(DOCUMENT.splitlines()) <= 60
