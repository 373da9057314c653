"""How close the whole `bbkd query` comes to a limit that it was not told, and what share of its calls is refused.

    python benchmarks/query/rate.py [--count 2000]

The servers admit 50 calls a second out of a bucket. The permitted calls are what the bucket held at the start and its
refill between the first call and the last one admitted; the share is that of the calls admitted in them.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.query.measuring import measured, serving
from benchmarks.query.project import BBKD, own_environment, write_config, write_records

RATE = 50
BUCKETS = {  # label -> what a full bucket holds, what it holds at first, whether headers tell
    "1 s of calls, headers": (50, 50, True),
    "1 s of calls, no headers": (50, 50, False),
    "60 s of calls, all but empty at first, headers": (3000, 50, True),
    "60 s of calls, all but empty at first, no headers": (3000, 50, False),
}
HEADER = ("bucket", "s, whole command", "s, ideal", "share of the permitted rate", "429s", "rows lost", "CPU ms a row")


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=2000, help="prompts")
    parser.add_argument("--latency-s", type=float, default=0.05)
    parser.add_argument("--timeout-s", type=float, default=600)
    chosen = parser.parse_args()
    lines = [HEADER, ("---",) * len(HEADER)]
    lines += [one(label, *bucket, chosen) for label, bucket in BUCKETS.items()]
    sys.stdout.write("".join(f"| {' | '.join(line)} |\n" for line in lines))


def one(label: str, burst: int, start: int, headers: bool, chosen: argparse.Namespace) -> tuple[str, ...]:
    """A line of the table."""
    bucket = ["--rate", str(RATE), "--burst", str(burst), "--start", str(start), *(["--headers"] if headers else [])]
    with (
        tempfile.TemporaryDirectory() as name,
        serving("--latency-s", str(chosen.latency_s), *bucket) as address,
    ):
        folder = Path(name)
        write_records(folder / "run", chosen.count)
        write_config(folder, address.url)
        command = [*BBKD, "query", "--run", "run", "--quiet"]
        took = measured(command, folder, own_environment(folder), chosen.timeout_s)
        counts = address.get("counts")
        rows = folder / "run" / "completions.jsonl"
        lost = chosen.count - (len(rows.read_text().splitlines()) if rows.exists() else 0)
    if took.code:
        sys.stderr.write(f"{label}: exit {took.code}\n{took.log}\n")
    permitted = start + RATE * (counts["span_s"] or 0.0)
    return (
        label,
        f"{took.seconds:.1f}",
        f"{max(0, chosen.count - start) / RATE:.1f}",
        f"{100 * counts['billed'] / permitted:.1f} %",
        f"{100 * counts['throttled'] / max(1, counts['requests']):.2f} %",
        str(lost),
        f"{1000 * took.cpu_s / chosen.count:.2f}",
    )


if __name__ == "__main__":
    main()
