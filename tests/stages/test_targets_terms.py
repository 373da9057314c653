from pathlib import Path
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import ProviderRefused
from blackbox_kd.run import RunDir, Silent
from blackbox_kd.stages.targets import notices_by_teacher, resolved, terms_of, terms_said
from blackbox_kd.teachers.terms import Terms

ACKS = {"openai": "openai-2026-01-01", "anthropic": "anthropic-2025-09-15"}


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep one line."""
        self.notes.append(text)


def own(**fields: Any) -> Teacher:
    """A teacher on a server of one's own."""
    return Teacher(**{"model": "openai/m", "base_url": "http://127.0.0.1:8000/v1", **fields})


@pytest.mark.parametrize(("provider", "ack"), list(ACKS.items()))
async def test_terms_come_before_the_first_call(
    provider: str, ack: str, run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{provider.upper()}_API_KEY", "k")
    teacher = Teacher(model=f"{provider}/m")
    with pytest.raises(ProviderRefused, match="have not been acknowledged"):
        async with resolved(Config(teacher=(teacher,)), run):
            pass
    acked = msgspec.structs.replace(teacher, terms=Terms(ack=ack, basis="our lawyer"))
    async with resolved(Config(teacher=(acked,)), run) as (found, keys):
        assert (found[0].official, keys) == (True, {f"{provider}/m": "k"})


def test_the_terms_are_those_of_the_address_that_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ProviderRefused, match="OpenAI Services Agreement"):
        terms_of(own(base_url="https://api.openai.com/v1"), tmp_path)
    with pytest.raises(ProviderRefused, match=r"terms of gateway\.example"):
        terms_of(own(base_url="https://gateway.example/v1"), tmp_path)
    assert terms_of(own(), tmp_path) == terms_of(Teacher(model="simulated/tickets"), tmp_path) == ()


async def test_a_notice_is_shown_once_for_a_folder_of_the_ledger(tmp_path: Path) -> None:
    heard = Heard()
    run, config = RunDir(tmp_path / "run", tmp_path, heard), Config(teacher=(own(model="openai/llama-3.1-8b"),))
    for folder in (tmp_path / "a", tmp_path / "a", tmp_path / "b"):
        async with resolved(config, run, folder) as (found, _):
            assert found[0].model == "llama-3.1-8b"
    terms = [note for note in heard.notes if note.startswith("terms:")]
    assert len(terms) == 2
    assert "Built with Llama" in terms[0]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "none known"),
        ({"model": "openai/llama-4-scout"}, "Built with Llama"),
        ({"base_url": "https://api.example.com/v1"}, "NOT acknowledged"),
        (
            {"base_url": "https://api.example.com/v1", "terms": Terms(ack="unknown", basis="read them")},
            "unknown acknowledged: read them",
        ),
    ],
)
def test_the_state_of_the_terms_is_said_in_a_few_words(fields: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert said in terms_said(own(**fields), tmp_path)


def test_a_manifest_keeps_what_applied(tmp_path: Path) -> None:
    found = notices_by_teacher(Config(teacher=(Teacher(model="openai/m"), own(model="openai/qwen3-8b"))))
    assert {name: [one.ack for one in notices] for name, notices in found.items()} == {
        "openai/m": ["openai-2026-01-01"],
        "openai/qwen3-8b": ["qwen3"],
    }
