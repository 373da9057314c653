import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from blackbox_kd.jsonl import digest, write_rows
from blackbox_kd.records import Completion
from blackbox_kd.run import COMPLETIONS, REJECTED, TRAIN_ROWS, VALIDATION_ROWS, VERDICTS, Manifest, RunDir

FILES = (TRAIN_ROWS, VALIDATION_ROWS, REJECTED, VERDICTS)


@pytest.fixture
def many(tmp_path: Path, completion: Callable[..., Completion]) -> RunDir:
    """A run of three shards of completions, some empty, some cut, some nearly equal."""
    run, rng = RunDir(tmp_path / "run", tmp_path / "run"), random.Random(0)
    names = ["".join(rng.choices("abcdefghijklmnop", k=rng.randint(3, 8))) for _ in range(2000)]
    rows, text = [], ""
    for n in range(21_000):
        near = n % 7 == 1
        text = f"{text} {rng.choice(names)}" if near else " ".join(rng.choices(names, k=60))
        family = "it" if near or n % 7 == 0 else f"{n}"
        prompt = f"Tell about {family}."
        reason = "length" if n % 50 == 3 else "stop"
        rows.append(
            completion("" if n % 90 == 2 else text, prompt, prompt_id=f"{n:05}", finish_reason=reason, family=family)
        )
    write_rows(run / COMPLETIONS, rows)
    (run / "bbkd.toml").write_text('[filter]\noff = ["special_tokens"]\n')
    run.finish(Manifest(stage="import", settings={}, reads={}, writes={}, counts={}))
    return run


def start(run: RunDir, workers: int) -> "subprocess.Popen[bytes]":
    """`bbkd filter` as a process of its own."""
    command = [sys.executable, "-m", "blackbox_kd", "filter", "--run", str(run.path), "--workers", str(workers)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def written(run: RunDir) -> list[str]:
    """The digests of what filter writes."""
    return [digest(run / name) for name in FILES]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_any_number_of_processes_and_kills_write_the_same_bytes(many: RunDir) -> None:
    began = time.monotonic()
    assert start(many, 1).wait() == 0
    took, expected = time.monotonic() - began, written(many)
    rng = random.Random(1)
    for _ in range(20):
        many.manifest_path("filter").unlink(missing_ok=True)
        process = start(many, 2)
        time.sleep(rng.uniform(0.1, 0.9) * took)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
    many.manifest_path("filter").unlink(missing_ok=True)
    assert start(many, 2).wait() == 0
    assert written(many) == expected
    assert not (many / ".filter").exists()
