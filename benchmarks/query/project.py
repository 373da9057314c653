"""Prompts and project folders for benchmarks."""

import hashlib
import json
import os
import sys
from pathlib import Path

import msgspec

from blackbox_kd.records import Message, Prompt
from blackbox_kd.run import PROMPTS, Manifest

SYLLABLES = ["ka", "lo", "mi", "ne", "pu", "ra", "si", "to", "ve", "zu", "ban", "del", "fin", "gor", "hal", "jin"]
PAIRS = [first + second for first in SYLLABLES for second in SYLLABLES]  # one for each value of a byte
BBKD = [sys.executable, "-m", "blackbox_kd"]
TELEMETRY_OFF = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "TELEMETRY_ENABLED": "false",
    "NEMO_TELEMETRY_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
}
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")


def prompt(index: int) -> str:
    """A question of its own: fifteen words, no two questions alike, so that nothing is a near-duplicate."""
    digest = hashlib.sha256(str(index).encode()).digest()
    words = (PAIRS[first] + PAIRS[second] for first, second in zip(digest[:30:2], digest[1:30:2], strict=True))
    return f"Question {index}: explain how {' '.join(words)}."


def write_prompts(path: Path, count: int) -> list[str]:
    """Rows of `prompt`; returns the texts."""
    texts = [prompt(index) for index in range(count)]
    path.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in texts))
    return texts


def write_records(run: Path, count: int) -> None:
    """What `bbkd prompts` would leave in a run directory for so many prompts, without its work."""
    (run / "manifest").mkdir(parents=True)
    with (run / PROMPTS).open("wb") as out:
        out.writelines(msgspec.json.encode(record(index)) + b"\n" for index in range(count))
    finished = Manifest(stage="prompts", settings={}, reads={}, writes={}, counts={"prompts": count})
    (run / "manifest" / "prompts.json").write_bytes(msgspec.json.encode(finished))


def record(index: int) -> Prompt:
    """A prompt as a record."""
    messages = (Message(role="user", content=prompt(index)),)
    return Prompt(id=f"q{index:07d}", messages=messages, split="train", family=f"q{index:07d}")


def write_config(folder: Path, url: str, concurrency: int = 64) -> None:
    """A bbkd.toml that asks the teacher at `url`; all else is left at its default."""
    folder.joinpath("bbkd.toml").write_text(
        f"""[teacher]
model = "openai/mock"
base_url = "{url}"
identity = "benchmark"
sampling = {{ n = 1, max_tokens = 1024 }}

[query]
concurrency = {concurrency}

[prompts]
files = ["source.jsonl"]
held_out = 0
"""
    )


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A bare environment with a home of its own, so that no cache but the command's own plays a part."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {"HOME": str(folder)} | more


def own_environment(folder: Path) -> dict[str, str]:
    """That of bbkd; PYTHONPATH, if set, chooses which one is measured."""
    return environment(folder, **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ})
