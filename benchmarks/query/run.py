"""The paid stage beside its peers, in one run against one local server; prints a Markdown table.

    python benchmarks/query/environments.py            # once: the peers' environments
    python benchmarks/query/run.py                     # measures what no earlier run has measured
    python benchmarks/query/run.py --only bbkd --fresh # again, these alone
    python benchmarks/query/run.py --table             # prints, measures nothing

Every result is a file in the output folder, so that no single sitting has to finish them.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.query.arms import ARMS, HEADED, KILLED, LIMITED, MODES, PLAIN, Arm
from benchmarks.query.environments import VENVS
from benchmarks.query.measuring import Address, Measured, measured, serving
from benchmarks.query.project import write_prompts
from benchmarks.query.table import table

RATE, BURST = 50, 50
SERVERS = {
    PLAIN: (),
    KILLED: (),
    LIMITED: ("--rate", str(RATE), "--burst", str(BURST)),
    HEADED: ("--rate", str(RATE), "--burst", str(BURST), "--headers"),
}


def main() -> None:
    """Measure what is missing, arm by arm in turn, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venvs", type=Path, default=VENVS)
    parser.add_argument("--out", type=Path, default=Path("runs/benchmark-query"))
    parser.add_argument("--only", nargs="+", help="peers, such as bbkd or litellm")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--count", type=int, default=2000, help="prompts")
    parser.add_argument("--repeats", type=int, default=3, help="of the plain mode; the others run once")
    parser.add_argument("--timeout-s", type=float, default=170, help="of one command")
    parser.add_argument("--fresh", action="store_true", help="measure again what is there")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    wanted = [arm for arm in ARMS if not chosen.only or arm.peer in chosen.only]
    if not chosen.table:
        for mode in chosen.modes:
            for repeat in range(chosen.repeats if mode == PLAIN else 1):
                for arm in wanted:
                    if mode in arm.modes:
                        one(arm, mode, repeat, chosen)
    results = [json.loads(path.read_text()) for path in sorted(chosen.out.glob("*.json"))]
    sys.stdout.write(table([row for row in results if row["count"] == chosen.count]))


def one(arm: Arm, mode: str, repeat: int, chosen: argparse.Namespace) -> None:
    """Measure one arm once, unless its result is there, and write the result aside, then under its name."""
    name = f"{arm.label}-{mode}-{chosen.count}-{repeat}.json".replace(" ", "_").replace(",", "")
    path = chosen.out / name
    if path.exists() and not chosen.fresh:
        return
    if not arm.python(chosen.venvs).exists():
        sys.stderr.write(f"{arm.label}: no environment; python benchmarks/query/environments.py {arm.peer}\n")
        return
    with tempfile.TemporaryDirectory() as folder, serving(*SERVERS[mode]) as address:
        got = bought(arm, mode, Path(folder), address, chosen)
    result = {
        "label": arm.label,
        "version": version(arm, chosen.venvs),
        "note": arm.note,
        "mode": mode,
        "count": chosen.count,
        "repeat": repeat,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "load": os.getloadavg()[0],
        **got,
    }
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(result, indent=1))
    aside.rename(path)
    sys.stderr.write(f"{name}: {json.dumps(got)[:300]}\n")


def bought(arm: Arm, mode: str, folder: Path, address: Address, chosen: argparse.Namespace) -> dict[str, Any]:
    """One whole use of an arm: prepared, run, in the killed mode killed half-way and run again, then counted."""
    texts = write_prompts(folder / "source.jsonl", chosen.count)
    arm.prepare(folder, address.url)
    command, variables = arm.command(chosen.venvs), arm.environment(folder, chosen.venvs, address.url)
    at_kill: dict[str, Any] = {}

    def half() -> bool:
        at_kill.update(address.get("counts"))
        return bool(at_kill["distinct"] >= chosen.count // 2)

    if mode == KILLED:
        measured(command, folder, variables, chosen.timeout_s, half)
    took = measured(command, folder, variables, chosen.timeout_s)
    return counted(arm, texts, folder, address, took) | {"at_kill": at_kill}


def counted(arm: Arm, texts: list[str], folder: Path, address: Address, took: Measured) -> dict[str, Any]:
    """The server's books beside what came out: a row is lost if no answer to it came out."""
    books, counts = address.get("books"), address.get("counts")
    answers = arm.answers(folder)
    return {
        "seconds": round(took.seconds, 3),
        "cpu_s": round(took.cpu_s, 3),
        "peak_mb": round(took.peak_mb, 1),
        "code": took.code,
        "log": took.log,
        "rows_lost": sum(text not in answers for text in texts),
        "paid_twice": sum(max(0, books.get(text, 0) - 1) for text in texts),
        "never_asked": sum(text not in books for text in texts),
        "others_billed": sum(number for text, number in books.items()) - sum(books.get(text, 0) for text in texts),
        **counts,
    }


def version(arm: Arm, venvs: Path) -> str:
    """The version of the arm's package in its environment."""
    command = [str(arm.python(venvs)), "-c", f"import importlib.metadata as m; print(m.version('{arm.package}'))"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def machine() -> str:
    """What it ran on, in words."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    linux, python = platform.release().partition("-")[0], platform.python_version()
    return f"{os.cpu_count()} cores ({model}), Linux {linux}, Python {python}"


if __name__ == "__main__":
    main()
