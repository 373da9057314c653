import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from blackbox_kd.cli import main
from blackbox_kd.records import Completion, FinishReason, Message, Prompt, Split, Usage
from blackbox_kd.run import RunDir

# huggingface_hub reads it once, when it is imported: a fixture alone would come too late.
os.environ["HF_HUB_OFFLINE"] = "1"
# A slow machine is no failure, and the first text drawn on a fresh one builds a table of all characters.
settings.register_profile("bbkd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bbkd")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, setting or proxy of whoever runs the tests reaches a test."""
    for name in os.environ:
        if name.endswith("_API_KEY") or name.startswith("BBKD_") or name.lower() in PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def completion() -> Callable[..., Completion]:
    """Makes a completion: `completion("Yes.", "Is it?")`."""

    def make(
        text: str = "Paris.",
        prompt: str = "What is the capital of France?",
        *,
        prompt_id: str = "p",
        sample: int = 0,
        split: Split = "train",
        finish_reason: FinishReason = "stop",
        **fields: object,
    ) -> Completion:
        one = Completion(
            prompt_id=prompt_id,
            sample=sample,
            messages=(Message(role="user", content=prompt),),
            split=split,
            text=text,
            finish_reason=finish_reason,
            teacher="openai/teacher",
            served_model="teacher-2026",
            usage=Usage(prompt_tokens=7, completion_tokens=3),
        )
        return msgspec.structs.replace(one, **fields)

    return make


@pytest.fixture(scope="session")
def prompt() -> Callable[..., Prompt]:
    """Makes a prompt: `prompt("Is it?", id="a")`."""

    def make(text: str = "What is the capital of France?", *, id: str = "p", split: Split = "train") -> Prompt:  # noqa: A002  the field's name
        return Prompt(id=id, messages=(Message(role="user", content=text),), split=split, family=id)

    return make


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run directory inside an otherwise empty folder of bbkd.toml."""
    return RunDir(tmp_path / "run", tmp_path)


@pytest.fixture
def bbkd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., CompletedProcess[str]]:
    """The command line, in this process and in the test's folder: `bbkd("ledger", "stats").returncode`."""

    def run(*words: str) -> CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as stopped:
            main(words)
        return CompletedProcess(words, int(stopped.value.code or 0), *capsys.readouterr())

    return run
