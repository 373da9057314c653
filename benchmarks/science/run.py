"""Runs a plan cell by cell, each once, and keeps what they found in results.jsonl.

    python benchmarks/science/run.py --list                # cells, state, minutes; runs nothing
    python benchmarks/science/run.py --max-minutes 60      # goes on where the last call stopped
    python benchmarks/science/run.py --only 'tickets/*/1'  # task/arm/seed, * anything
    python benchmarks/science/run.py --markdown            # tables of what is finished; runs nothing

A cell is `bbkd run` in runs/PLAN/TASK/ARM-SEED; what it says goes into ARM-SEED.log beside it. All cells of a task
share a bbkd.toml, and with it prompts, split, the teacher's answers and those of the untuned student. Ends with 0, with
1 if a cell failed, or with the code of an error of its own.
"""

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.science.plan import Cell, Plan, cells, expected_minutes, flags, read_plan, settings_of
from benchmarks.science.results import (
    FINISHED,
    TOLD,
    attempt,
    collected,
    finished_minutes,
    is_finished,
    rows_of,
    told_of,
)
from benchmarks.science.table import tables
from blackbox_kd.config.load import load
from blackbox_kd.errors import BbkdError, InputError, RunInUse, UsageError
from blackbox_kd.jsonl import read_json, write_json, write_rows
from blackbox_kd.records import Json
from blackbox_kd.run import exclusive

BBKD = (sys.executable, "-m", "blackbox_kd")
RESULTS = "results.jsonl"
MADE_OF = "task.json"
AFRESH = (".lock*", "eval", "evaluate.json", "report.*", "student-card.md", TOLD)  # what a copied run goes without
PATIENCE_S = 60.0  # that a cell is given to stop by itself


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=Path, default=Path(__file__).parent / "plan.toml")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--only", default="", help="TASK/ARM/SEED, its parts optional, * anything")
    parser.add_argument("--max-minutes", type=float, help="then stop; the same command goes on")
    parser.add_argument("--list", action="store_true", help="show the cells")
    parser.add_argument("--markdown", action="store_true", help="print the tables")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(done(chosen))
    except BbkdError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command goes on\n")
        sys.exit(130)


def done(chosen: argparse.Namespace) -> int:
    """The exit code, after the cells were listed, told about or run."""
    plan = read_plan(chosen.plan)
    home = (chosen.runs / plan.name).absolute()
    if chosen.markdown:
        results = list(collected(plan, home))
        sys.stdout.write(tables(results, plan.reference, f"python {shlex.join(sys.argv)}"))
        return 0
    wanted = list(cells(plan, chosen.only))
    if not wanted:
        raise InputError(f"--only {chosen.only}: no cell of {chosen.plan} matches", "--list shows them all.")
    if chosen.list:
        sys.stdout.write(listed(plan, wanted, finished_minutes(plan, home)))
        return 0
    home.mkdir(parents=True, exist_ok=True)
    with exclusive(home / ".lock", f"the bench {home}", "Wait for it to end."):
        prepared(plan, wanted, home)
        return ran(plan, wanted, home, chosen.max_minutes)


def listed(plan: Plan, wanted: list[Cell], took: dict[str, float]) -> str:
    """A line a cell: its state and its minutes, taken or expected."""
    lines, left = [], 0.0
    for cell in wanted:
        minutes = took.get(cell.name)
        expected = expected_minutes(plan, cell, took)
        left += expected if minutes is None else 0.0
        state = f"finished in {minutes:6.1f} min" if minutes is not None else f"to do, about {expected:5.1f} min"
        lines.append(f"{cell.name:<40} {state}\n")
    return "".join(lines) + f"{len(wanted)} cells, about {clock(left)} left\n"


def clock(minutes: float) -> str:
    """Minutes for people."""
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def prepared(plan: Plan, wanted: list[Cell], home: Path) -> None:
    """Make the folder of each task, and find settings that are none before any cell is run.

    Raises `InputError` for a folder that was made of another task: the split of its prompts is settled.
    """
    for task in {cell.task.name: cell.task for cell in wanted}.values():
        folder = home / task.name
        made_of: dict[str, Json] = {"kind": task.kind, "seed": plan.seed, **task.settings()}
        if not (folder / MADE_OF).exists():
            command = [*BBKD, "init", "--task", task.kind, "--seed", str(plan.seed), str(folder)]
            if not (folder / "bbkd.toml").exists():
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment())
            write_json(folder / MADE_OF, made_of)
        if read_json(folder / MADE_OF, dict[str, Json]) != made_of:
            raise InputError(f"{folder} was made of another task {task.name}", "Give the changed task another name.")
    for cell in wanted:
        words = flags(settings_of(plan, cell))[1::2]
        try:
            load(home / cell.task.name / "bbkd.toml", {}, dict(word.split("=", 1) for word in words))
        except UsageError as error:
            raise InputError(f"{cell.name}: {error.message}", error.fix) from None


def ran(plan: Plan, wanted: list[Cell], home: Path, max_minutes: float | None) -> int:
    """Run what is not finished, one after the other; 1 if a cell failed, else 0. Raises `RunInUse`."""
    ends_s = time.monotonic() + 60 * max_minutes if max_minutes is not None else float("inf")
    took, failed = finished_minutes(plan, home), []
    todo = [cell for cell in wanted if cell.name not in took]
    say(f"{len(wanted) - len(todo)} of {len(wanted)} cells are finished")
    for number, cell in enumerate(todo, start=1):
        left = sum(expected_minutes(plan, one, took) for one in todo[number - 1 :])
        say(f"[{number}/{len(todo)}] {cell.name}; about {clock(left)} left; log: {log_of(cell, home)}")
        code = one(plan, cell, home, ends_s)
        write_rows(home / RESULTS, collected(plan, home))
        if code is None:
            say(f"stopped after {max_minutes:g} minutes in {cell.name}; the same command goes on")
            break
        if code == RunInUse.exit_code:
            raise RunInUse(f"{cell.name} is being run by another process", f"See {log_of(cell, home)}.")
        if code in FINISHED:
            took = finished_minutes(plan, home)
            say(f"    finished in {took.get(cell.name, 0.0):.1f} min: {shown(plan, cell, home)}")
        else:
            failed.append(cell.name)
            say(f"    failed with exit code {code}\n{tail(log_of(cell, home))}")
    if failed:
        say(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def one(plan: Plan, cell: Cell, home: Path, ends_s: float) -> int | None:
    """Run one cell; its exit code, or None if the time was up. `cell.json` keeps it, whatever ends this process."""
    folder, settings = cell.folder(home), settings_of(plan, cell)
    began(plan, cell, home)
    told, code, start_s = told_of(folder, settings), None, time.monotonic()
    command = [*BBKD, "run", "--config", str(folder.parent / "bbkd.toml"), "--run", str(folder), *flags(settings)]
    try:
        with log_of(cell, home).open("ab") as log:
            log.write(f"$ {shlex.join(command)}\n".encode())
            log.flush()
            code = waited(subprocess.Popen(command, stdout=log, stderr=log, env=environment()), ends_s)
    finally:
        write_json(folder / TOLD, attempt(told, code, time.monotonic() - start_s))
    return code


def waited(process: subprocess.Popen[bytes], ends_s: float) -> int | None:
    """The exit code of a process, or None if it was stopped at that time; it never outlives this function."""
    try:
        return process.wait(None if ends_s == float("inf") else max(0.0, ends_s - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def began(plan: Plan, cell: Cell, home: Path) -> None:
    """Begin a run as a copy of the one that its arm is like, if that is finished and this has not begun.

    Weights are linked, not copied: a training that replaces them writes new files.
    """
    folder = cell.folder(home)
    twin = next((other for other in plan.arms if other.name == cell.arm.like), None)
    if folder.exists() or twin is None:
        return
    source = cell._replace(arm=twin)
    if not is_finished(source.folder(home), told_of(source.folder(home), settings_of(plan, source))):
        return
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(source.folder(home), aside, ignore=shutil.ignore_patterns(*AFRESH), copy_function=linked)
    aside.rename(folder)


def linked(source: str, target: str) -> str:
    """Copy a file, of weights its name alone."""
    if source.endswith(".safetensors"):
        os.link(source, target)
        return target
    return str(shutil.copy2(source, target))


def shown(plan: Plan, cell: Cell, home: Path) -> str:
    """The scores of a finished cell, in a line."""
    found = rows_of(cell, cell.folder(home), told_of(cell.folder(home), settings_of(plan, cell)))
    return ", ".join(f"{row.model} {row.estimate.value:.3f}" for row in found)


def log_of(cell: Cell, home: Path) -> Path:
    """Where what a cell says is kept."""
    return cell.folder(home).with_suffix(".log")


def tail(path: Path, count: int = 4) -> str:
    """The last lines of a log."""
    return "\n".join(f"    {line}" for line in path.read_text(errors="replace").splitlines()[-count:])


def environment() -> dict[str, str]:
    """This process's environment without settings of bbkd: the plan alone decides."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BBKD_")}


def say(text: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
