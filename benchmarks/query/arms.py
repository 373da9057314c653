"""What is compared: each arm is one way of asking a teacher for every prompt of a file, in its own environment."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.query.project import BBKD, TELEMETRY_OFF, environment, own_environment, write_config

PEERS = Path(__file__).parent / "peers"
PLAIN, KILLED, LIMITED, HEADED = "plain", "killed", "limited", "headed"
MODES = (PLAIN, KILLED, LIMITED, HEADED)  # no limit; killed and run again; 50 calls a second; that, told in headers
TOKENIZERS = "lib/python{}.{}/site-packages/litellm/litellm_core_utils/tokenizers".format(*sys.version_info[:2])


@dataclass(frozen=True)
class Arm:
    """One row of the table. `peer` names the environment, `package` whose version is printed."""

    label: str
    peer: str
    package: str
    arguments: tuple[str, ...] = ()
    modes: tuple[str, ...] = MODES
    note: str = ""

    def prepare(self, folder: Path, url: str) -> None:
        """Whatever comes before the measured command; prompts are there already."""

    def command(self, venvs: Path) -> list[str]:
        """The command that is measured, run in the folder of the prompts."""
        script = PEERS / f"with_{self.peer}.py"
        return [str(self.python(venvs)), str(script), "source.jsonl", "answers.jsonl", *self.arguments]

    def environment(self, folder: Path, venvs: Path, url: str) -> Mapping[str, str]:
        """Variables of the measured command: no telemetry, and tokenizers that litellm ships in place of a download."""
        tokenizers = str(venvs / "litellm" / TOKENIZERS)
        return environment(folder, URL=url, TIKTOKEN_CACHE_DIR=tokenizers, **TELEMETRY_OFF)

    def python(self, venvs: Path) -> Path:
        """The interpreter of the arm's environment."""
        return venvs / self.peer / "bin" / "python"

    def answers(self, folder: Path) -> dict[str, str]:
        """Prompt -> answer, of the rows that came out with one."""
        return {row["prompt"]: row["answer"] for row in lines(folder / "answers.jsonl") if row["answer"]}


@dataclass(frozen=True)
class Ours(Arm):
    """`bbkd query` on prompts that `bbkd prompts` has prepared, or `bbkd generate`, which is both."""

    verb: str = "query"
    concurrency: int = 64

    def prepare(self, folder: Path, url: str) -> None:
        """Write bbkd.toml; for `query`, also run the free stage before it."""
        write_config(folder, url, self.concurrency)
        if self.verb == "query":
            command = [*BBKD, "prompts", "--run", "run", "--quiet"]
            subprocess.run(command, cwd=folder, env=self.environment(folder, folder, url), check=True)

    def command(self, venvs: Path) -> list[str]:
        """The stage, at its defaults."""
        return [*BBKD, self.verb, "--run", "run", "--quiet"]

    def environment(self, folder: Path, venvs: Path, url: str) -> Mapping[str, str]:
        """Nothing but a home."""
        return own_environment(folder)

    def python(self, venvs: Path) -> Path:
        """The interpreter that runs the benchmark."""
        return Path(sys.executable)

    def answers(self, folder: Path) -> dict[str, str]:
        """Of completions.jsonl."""
        rows = lines(folder / "run" / "completions.jsonl")
        return {str(row["messages"][-1]["content"]): row["text"] for row in rows if row["text"]}


ARMS: tuple[Arm, ...] = (
    Ours("bbkd query", "bbkd", "blackbox-kd"),
    Ours("bbkd generate", "bbkd", "blackbox-kd", verb="generate", note="prompts and query"),
    Ours("bbkd query, 512 in flight", "bbkd", "blackbox-kd", modes=(PLAIN,), concurrency=512),
    Arm("aiohttp alone", "aiohttp", "aiohttp", note="no store"),
    Arm("openai SDK alone", "openai", "openai", note="no store"),
    Arm("litellm", "litellm", "litellm", note="no store"),
    Arm("litellm, disk cache", "litellm", "litellm", ("cache",)),
    Arm("inspect_ai", "inspect_ai", "inspect-ai", note="no store"),
    Arm("inspect_ai, cache=True", "inspect_ai", "inspect-ai", ("cache",)),
    Arm("data-designer", "data_designer", "data-designer"),
    Arm("data-designer, buffer_size=100", "data_designer", "data-designer", ("100",)),
    Arm("curator", "curator", "bespokelabs-curator"),
    Arm(
        "curator, told the limit",
        "curator",
        "bespokelabs-curator",
        ("3000",),
        (LIMITED, HEADED),
        "3,000 calls a minute",
    ),
    Arm("distilabel", "distilabel", "distilabel"),
)


def lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file; none where there is no file, and none for a line that a kill cut."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows
