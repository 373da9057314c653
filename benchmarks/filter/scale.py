"""How long `bbkd filter` takes for many completions of 1,000 characters, and how much memory.

    .venv/bin/python -m benchmarks.filter.scale --records 200000 --workers 2
    .venv/bin/python -m benchmarks.filter.scale --records 1000000 5000000 --scratch /somewhere/with/space

The whole command with its default filters (no control tokens: they need a student), in a process of its own. Answers
are sentences out of what is installed here, in random order; prompts are all different. Of the answers 4 % were cut,
2 % are refusals, 2 % loops, 5 % are exact and 5 % near copies of an earlier one of the same prompt. A million records
need about 6 GB of disk. Prints a Markdown table.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from benchmarks.filter.installed import sentences
from benchmarks.query.measuring import measured
from benchmarks.query.project import BBKD, own_environment
from blackbox_kd.records import Completion, Message, Usage
from blackbox_kd.run import COMPLETIONS, Manifest, RunDir

CHARS = 1000
HEAD = """\
| records | processes | s | records a second | CPU ms a record | peak MB | kept |
|---|---|---|---|---|---|---|
"""


def answer(source: random.Random, pool: Sequence[str]) -> str:
    """Sentences up to about 1,000 characters."""
    found: list[str] = []
    size = 0
    while size < CHARS:
        found.append(source.choice(pool))
        size += len(found[-1]) + 1
    return " ".join(found)


def completions(count: int, seed: int = 0) -> Iterator[Completion]:
    """So many, in the order of their prompts."""
    source, pool = random.Random(seed), sentences(20_000, seed)
    prompt, text, sample = "", "", 0
    for number in range(count):
        kind, reason = source.random(), "stop"
        sample = sample + 1 if kind < 0.1 and number else 0
        if sample:  # a further one of the prompt before
            if kind >= 0.05:
                words = text.split(" ")
                words[source.randrange(len(words))] = "perhaps"
                text = " ".join(words)
        else:
            prompt = f"Question {number}: {source.choice(pool)} {source.choice(pool)}"
            text = answer(source, pool)
            if kind < 0.14:
                text, reason = text[: source.randrange(200, len(text))], "length"
            elif kind < 0.16:
                text = "I'm sorry, but I can't help with that request. " + text[:200]
            elif kind < 0.18:
                text = f"{text[:400]} {source.choice(pool)}" + f" {source.choice(pool)}" * 12
        yield Completion(
            prompt_id=f"p{number - sample:08d}",
            sample=sample,
            messages=(Message(role="user", content=prompt),),
            split="train",
            text=text,
            finish_reason="length" if reason == "length" else "stop",
            teacher="openai/teacher",
            served_model="teacher",
            usage=Usage(prompt_tokens=40, completion_tokens=250),
        )


def row(count: int, workers: int, folder: Path, timeout_s: float) -> str:
    """Filter so many; raises `SystemExit` where that fails."""
    run = RunDir(folder / "run", folder / "run")
    encoder = msgspec.json.Encoder()
    run.path.mkdir(parents=True)
    with (run / COMPLETIONS).open("wb") as out:
        for one in completions(count):
            out.write(encoder.encode(one) + b"\n")
    (run / "bbkd.toml").write_text('[filter]\noff = ["special_tokens"]\n')
    run.finish(Manifest(stage="import", settings={}, reads={}, writes={}, counts={}))
    command = [*BBKD, "filter", "--run", str(run.path), "--workers", str(workers), "--quiet", "--json"]
    took = measured(command, folder, own_environment(folder), timeout_s)
    if took.code:
        raise SystemExit(f"exit {took.code}: {took.log}")
    counts = json.loads((run.path / "manifest" / "filter.json").read_text())["counts"]
    return (
        f"| {count:,} | {workers} | {took.seconds:.0f} | {count / took.seconds:,.0f} | {1000 * took.cpu_s / count:.3f} "
        f"| {took.peak_mb:,.0f} | {counts['kept']:,} |\n"
    )


def main() -> None:
    """Print a row for each number of records and of processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="+", default=[200_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[2])
    parser.add_argument("--scratch", type=Path, help="where folders of many GB may be made")
    parser.add_argument("--timeout-s", type=float, default=7200)
    chosen = parser.parse_args()
    sys.stdout.write(HEAD)
    for count in chosen.records:
        for workers in chosen.workers:
            with tempfile.TemporaryDirectory(dir=chosen.scratch) as folder:
                sys.stdout.write(row(count, workers, Path(folder), chosen.timeout_s))
                sys.stdout.flush()


if __name__ == "__main__":
    main()
