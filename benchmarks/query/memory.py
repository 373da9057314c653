"""Memory and time of `bbkd query` by the number of prompts: asked live, and found in a ledger that holds them all.

    python benchmarks/query/memory.py [--live 10000 100000] [--filled 10000 1000000]

The live server answers in 2 ms with a few words. The ledger is filled directly, row for row after the pattern of one
real reply; then a new run directory asks for the same prompts, and the server must see no call.
"""

import argparse
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.query.measuring import Address, Measured, measured, serving
from benchmarks.query.project import BBKD, own_environment, record, write_config, write_records
from blackbox_kd.config.load import load
from blackbox_kd.stages.targets import target_of
from blackbox_kd.teachers.request import build

LEDGER = Path(".bbkd") / "ledger.sqlite3"
HEADER = ("prompts", "how", "s", "CPU s", "CPU ms a row", "peak MB", "calls")
SERVER = ("--latency-s", "0.002", "--words", "5")


def main() -> None:
    """Print a Markdown table, a line as soon as it is known."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--live", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--filled", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--timeout-s", type=float, default=1200)
    parser.add_argument("--scratch", type=Path, help="where folders of some GB may be made")
    chosen = parser.parse_args()
    say(HEADER)
    say(("---",) * len(HEADER))
    for how, counts in (("live", chosen.live), ("all in the ledger", chosen.filled)):
        for count in counts:
            with tempfile.TemporaryDirectory(dir=chosen.scratch) as folder, serving(*SERVER) as address:
                say(one(count, how, Path(folder), address, chosen.timeout_s))


def one(count: int, how: str, folder: Path, address: Address, timeout_s: float) -> tuple[str, ...]:
    """A line of the table."""
    write_config(folder, address.url)
    if how != "live":
        write_records(folder / "first", 1)
        query(folder, "first", timeout_s)
        fill(folder, count)
    before = address.get("counts")["billed"]
    write_records(folder / "run", count)
    took = query(folder, "run", timeout_s)
    calls = address.get("counts")["billed"] - before
    numbers = (f"{took.seconds:.1f}", f"{took.cpu_s:.1f}", f"{1000 * took.cpu_s / count:.3f}", f"{took.peak_mb:.0f}")
    return (f"{count:,}", how, *numbers, f"{calls:,}")


def query(folder: Path, run: str, timeout_s: float) -> Measured:
    """Run the stage; raises `SystemExit` where it does not end well."""
    took = measured([*BBKD, "query", "--run", run, "--quiet"], folder, own_environment(folder), timeout_s)
    if took.code != 0:
        raise SystemExit(f"bbkd query: exit {took.code}\n{took.log}")
    return took


def fill(folder: Path, count: int) -> None:
    """Put a reply to each prompt but the first into the ledger: that of the first, under the prompt's own identity."""
    target = target_of(load(folder / "bbkd.toml", {}, {}).config.teacher[0], folder)
    db = sqlite3.connect(folder / LEDGER)
    db.row_factory = sqlite3.Row
    real = (build(record(0).messages, 0, target).key,)
    pattern = {
        table: dict(db.execute(f"SELECT * FROM {table} WHERE hash = ?", real).fetchone())
        for table in ("request", "attempt")
    }
    del pattern["attempt"]["id"]

    def rows(table: str) -> Iterator[dict[str, Any]]:
        for index in range(1, count):
            asked = build(record(index).messages, 0, target)
            own: dict[str, Any] = {"hash": asked.key, "identity": asked.identity}
            yield {name: own.get(name, value) for name, value in pattern[table].items()}

    with db:
        for table, columns in pattern.items():
            values = ", ".join(f":{name}" for name in columns)
            db.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})", rows(table))
    db.close()


def say(cells: tuple[str, ...]) -> None:
    """Print one line of the table."""
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
