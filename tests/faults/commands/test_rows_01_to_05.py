"""Fault matrix, rows 1 to 5: killed and interrupted commands, for real; the same command goes on."""

import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.jsonl import digest
from blackbox_kd.run import RunDir
from blackbox_kd.simulate.script import Drip, Play, Stop
from blackbox_kd.stages import filter as filtering
from blackbox_kd.stages import prompts, query
from blackbox_kd.teachers.target import Api

pytestmark = pytest.mark.slow

Projects = Callable[..., Any]
Oracle = Callable[[Path, Path], None]
WIRE = pytest.mark.parametrize("wire", ["openai", "anthropic"])
KILLS = 3
ROWS = 40
SLOWLY = Drip(1000)  # bytes a second: a reply takes most of one
STAGES = {"prompts": prompts.STAGE, "query": query.STAGE, "filter": filtering.STAGE}


def ends(ledger: Path) -> dict[str, int]:
    """How many attempts in the ledger ended how."""
    db = sqlite3.connect(ledger)
    found = dict(db.execute("SELECT state, count(*) FROM attempt GROUP BY state").fetchall())
    db.close()
    return found


@WIRE
def test_row_1_what_happens_after_kills_is_that_the_same_command_ends_as_if_there_were_none(
    wire: Api, project: Projects, undisturbed: Callable[[Api, int], bytes], oracle: Oracle
) -> None:
    rng = random.Random(wire)
    with project(wire, rows=ROWS) as one:
        for _ in range(KILLS):
            due = len(one.seen) + rng.randint(1, 12)
            command = one.start("generate")

            def kill(count: int, due: int = due, pid: int = command.pid) -> None:
                if count == due:
                    os.kill(pid, signal.SIGKILL)

            one.script = kill
            assert command.wait().code == -signal.SIGKILL
        one.script = lambda count: None
        assert one.bbkd("generate").code == 0
        oracle(one.books, one.ledger)
        assert ends(one.ledger)["stored"] == ROWS
        assert 1 <= len(one.seen) - ROWS <= KILLS * 4
        assert one.completions == undisturbed(wire, ROWS)


@WIRE
def test_row_2_what_happens_to_a_reply_that_was_read_and_not_committed_is_that_it_is_ambiguous(
    wire: Api, project: Projects, oracle: Oracle
) -> None:
    with project(wire) as one:
        assert one.bbkd("prompts").code == 0
        others: list[sqlite3.Connection] = []

        def block(count: int) -> None:
            if count == 6:
                others.append(sqlite3.connect(one.ledger, isolation_level=None, check_same_thread=False))
                others[0].execute("BEGIN IMMEDIATE")

        one.script = block
        command = one.start("query")
        while len(one.seen) < 6:
            time.sleep(0.01)
        time.sleep(0.5)  # the replies are read, and wait for the other program's lock
        before = ends(one.ledger)
        command.send(signal.SIGKILL)
        assert command.wait().code == -signal.SIGKILL
        others[0].close()
        assert before["sent"] >= 1
        assert ends(one.ledger) == before
        end = one.bbkd("query")
        assert (end.code, f"ambiguous {before['sent']}" in end.said) == (0, True)
        assert ends(one.ledger) == {"stored": 12, "ambiguous": before["sent"]}
        oracle(one.books, one.ledger)


CHANGES = {
    "prompts": 'prompts.strategy=[{ kind = "task", task = "tickets", count = 14 }]',
    "query": "teacher.price={input_usd = 1, output_usd = 2}",
    "filter": "filter.validation=0.5",
}


@pytest.mark.timeout(900)  # two processes for each step at which one is killed
@pytest.mark.parametrize("stage", ["prompts", "query", "filter"])
def test_row_3_what_happens_to_the_files_of_a_stage_killed_at_any_step_is_that_each_is_old_or_new(
    stage: str, project: Projects
) -> None:
    with project() as one:
        change = f"--set={CHANGES[stage]}"
        assert one.bbkd("generate").code == 0
        assert one.bbkd("filter").code == 0
        before, kept = one.folder / "before", one.run
        shutil.copytree(kept, before)
        old = contents(kept, stage)
        assert one.bbkd(stage, change).code == 0
        new = contents(kept, stage)
        assert old != new
        killed = 0
        while True:
            shutil.rmtree(kept)
            shutil.copytree(before, kept)
            end = one.start(stage, change, die_at=killed + 1).wait()
            if end.code != -signal.SIGKILL:
                break
            killed += 1
            found = contents(kept, stage)
            assert [name for name, data in found.items() if data not in (old.get(name), new.get(name))] == []
            manifest = RunDir(kept, one.folder).manifest(stage)
            assert manifest is None or all(digest(kept / name) == was for name, was in manifest.writes.items())
            assert one.bbkd(stage, change).code == 0
            assert contents(kept, stage) == new
            assert [path.name for path in kept.rglob(".*") if path.suffix in (".tmp", ".previous")] == []
        assert end.code == 0, end.said
        assert killed > 5
        assert len(one.seen) == 12


def contents(run: Path, stage: str) -> dict[str, str]:
    """The digests of what a stage has written, a folder as one."""
    paths = [run / name for name in STAGES[stage].writes]
    return {path.name: digest(path) for path in paths if path.exists()}


def slow_after(first: int) -> Callable[[int], Play | None]:
    """Prompt replies to the first calls, slow ones to all others."""
    return lambda count: SLOWLY if count > first else None


def in_flight(one: Any, count: int) -> None:
    """Wait until so many calls are on their way that are answered slowly."""
    while len(one.seen) < count:
        time.sleep(0.01)
    time.sleep(0.1)


@WIRE
def test_row_4_what_happens_after_ctrl_c_is_that_calls_in_flight_are_waited_for_and_kept(
    wire: Api, project: Projects, oracle: Oracle, terminal: Any
) -> None:
    with project(wire, rows=ROWS, concurrency=8) as one:
        one.script = slow_after(20)
        command = one.start("generate", terminal=terminal)
        in_flight(one, 28)
        pressed = terminal.interrupt()
        assert terminal.until("stopping: waiting up to 60 s for 8 calls in flight (again to quit now)") - pressed < 0.5
        end = command.wait(terminal)
        assert end.code == 130
        assert end.advice == ["  Run the same command to go on."]
        assert "Traceback" not in end.said
        assert ends(one.ledger) == {"stored": 28}
        assert len(one.seen) == 28
        one.script = lambda count: None
        assert one.bbkd("generate").code == 0
        assert len(one.seen) == ROWS
        oracle(one.books, one.ledger)


def test_row_5_what_happens_after_ctrl_c_twice_is_an_end_at_once_and_what_was_in_flight_is_ambiguous(
    project: Projects, oracle: Oracle, terminal: Any
) -> None:
    with project(rows=ROWS, concurrency=8) as one:
        one.script = lambda count: Stop("request", "silence") if count > 20 else None
        command = one.start("generate", terminal=terminal)
        in_flight(one, 28)
        terminal.interrupt()
        terminal.until("stopping: ")
        pressed = terminal.interrupt()
        end = command.wait(terminal)
        assert time.monotonic() - pressed < 1
        assert (end.code, end.advice) == (130, ["  Run the same command to go on."])
        assert "Traceback" not in end.said
        assert ends(one.ledger) == {"stored": 20, "ambiguous": 8}
        one.script = lambda count: None
        assert one.bbkd("generate").code == 0
        assert len(one.seen) == ROWS + 8
        oracle(one.books, one.ledger)


def test_row_5_what_happens_after_a_sigterm_is_that_of_ctrl_c_with_exit_code_143(
    project: Projects, oracle: Oracle
) -> None:
    with project(rows=ROWS, concurrency=8) as one:
        one.script = slow_after(20)
        command = one.start("generate")
        in_flight(one, 28)
        command.send(signal.SIGTERM)
        end = command.wait()
        assert (end.code, end.advice) == (143, ["  Run the same command to go on."])
        assert ends(one.ledger) == {"stored": 28}
        oracle(one.books, one.ledger)
