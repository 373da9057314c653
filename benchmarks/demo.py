"""Runs the demonstration for several seeds, one run a seed, and prints what each reached, as a Markdown table.

    .venv/bin/python benchmarks/demo.py --task tickets --seeds 1 2 3

Resumable: a finished stage of a run is not run again. Seconds are of each stage's own work, from its manifest.
"""

import argparse
import json
import statistics
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

STAGES = ("prompts", "query", "filter", "train", "evaluate", "report")
MODELS = ("base", "base_full_prompt", "student", "teacher")
HEADER = "| seed | base | base, full prompt | student | teacher | PGR | 95 % | McNemar p | n | s (train, evaluate) |"


def main() -> None:
    """Run the seeds and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", default="tickets")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    chosen = parser.parse_args()
    rows = [one(chosen.runs / f"demo-{chosen.task}-{seed}", chosen.task, seed) for seed in chosen.seeds]
    lines = [HEADER, "|" + "---|" * HEADER.count(" | ") + "---|", *(line(row) for row in rows)]
    for name in ("base", "student", "teacher"):
        rate = statistics.median(accuracy(row, name) or 0.0 for row in rows)
        lines.append(f"\nmedian {name}: {100 * rate:.1f} % exact match")
    gaps = [row["gaps"]["student"] for row in rows if "value" in row["gaps"]["student"]]
    values, lows = [gap["value"] for gap in gaps], [gap["low"] for gap in gaps]
    if values:
        lines.append(f"\nmedian PGR: {statistics.median(values):.3f}, median lower bound {statistics.median(lows):.3f}")
    sys.stdout.write("\n".join(lines) + "\n")


def one(folder: Path, task: str, seed: int) -> dict[str, Any]:
    """One run to its end; its metrics, with the seconds of each stage."""
    bbkd = [sys.executable, "-m", "blackbox_kd"]
    if not (folder / "bbkd.toml").exists():
        subprocess.run([*bbkd, "init", "--task", task, "--seed", str(seed), str(folder)], check=True)
    subprocess.run([*bbkd, "run", "--run", str(folder)], check=True, stdout=sys.stderr)
    metrics: dict[str, Any] = json.loads((folder / "eval" / "metrics.json").read_text())
    return metrics | {"seed": seed, "seconds": {name: seconds(folder, name) for name in STAGES}}


def accuracy(row: dict[str, Any], name: str) -> float | None:
    """An arm's share of right answers."""
    found = next((arm["whole"].get("accuracy") for arm in row["arms"] if arm["name"] == name), None)
    return None if found is None else float(found["value"])


def seconds(folder: Path, stage: str) -> float:
    """How long a stage took when it last ran."""
    manifest = json.loads((folder / "manifest" / f"{stage}.json").read_text())
    ends = [datetime.fromisoformat(manifest[name]) for name in ("started", "finished")]
    return (ends[1] - ends[0]).total_seconds()


def line(row: dict[str, Any]) -> str:
    """One row of the table."""
    rates = [accuracy(row, name) for name in MODELS]
    cells = [str(row["seed"]), *("" if rate is None else f"{100 * rate:.1f} %" for rate in rates)]
    gap, took = row["gaps"]["student"], row["seconds"]
    bounds = f"{gap['low']:.2f} to {gap['high']:.2f}" if "value" in gap else "undefined"
    whole = next(one for one in row["comparisons"] if (one["arm"], one["against"]) == ("student", "base"))
    cells += [f"{gap['value']:.2f}" if "value" in gap else "", bounds, f"{whole['p']:.1e}"]
    cells += [str(whole["n"]), f"{sum(took.values()):.0f} ({took['train']:.0f}, {took['evaluate']:.0f})"]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
