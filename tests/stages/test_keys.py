import os
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.config.load import load
from blackbox_kd.config.prompts import Prompts
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import UsageError
from blackbox_kd.run import RunDir, Silent
from blackbox_kd.stages.checking import problems
from blackbox_kd.stages.keys import NO_KEY, key_of, said
from blackbox_kd.stages.targets import resolved
from blackbox_kd.teachers.target import Patience

KEY = "sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8t"


def own(**fields: Any) -> Teacher:
    """A teacher on a server of one's own."""
    return Teacher(**{"model": "openai/m", "base_url": "http://127.0.0.1:8000/v1", **fields})


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep one line."""
        self.notes.append(text)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A key in a file that its owner alone can read."""
    path = tmp_path / "my.key"
    path.write_text(f"{KEY}\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(("model", "name"), [("openai/m", "OPENAI_API_KEY"), ("anthropic/m", "ANTHROPIC_API_KEY")])
def test_a_missing_key_names_its_variable(model: str, name: str, run: RunDir) -> None:
    with pytest.raises(UsageError, match=f"{name} is not set"):
        key_of(Teacher(model=model), run)


def test_the_usual_key_is_read_for_the_providers_own_api(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " k-openai\n")
    assert key_of(Teacher(model="openai/m"), run) == "k-openai"


@pytest.mark.parametrize("fields", [{}, {"base_url": None, "endpoints": "pool.txt"}, {"identity": "openai"}])
def test_the_usual_key_is_never_sent_to_another_server(
    fields: dict[str, Any], run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k-openai")
    assert key_of(own(**fields), run) == NO_KEY


def test_another_server_gets_the_key_that_is_named_for_it(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", "k-mine")
    assert key_of(own(api_key_env="MY_SERVER_KEY"), run) == "k-mine"


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_key_is_a_missing_key(value: str, run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", value)
    with pytest.raises(UsageError, match="MY_SERVER_KEY"):
        key_of(own(api_key_env="MY_SERVER_KEY"), run)


@pytest.mark.parametrize("value", ["\u201ck-mine\u201d", "k\u00e9y", "k\nmine", "k\x7f"])
def test_a_key_that_no_header_can_hold_names_its_variable(
    value: str, run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", value)
    with pytest.raises(UsageError, match="MY_SERVER_KEY") as raised:
        key_of(own(api_key_env="MY_SERVER_KEY"), run)
    assert value not in str(raised.value)


@pytest.mark.parametrize("value", [KEY, "gsk_Ab3dEf6hIj9kLm2nOp5qRs8t"])
def test_a_key_in_place_of_a_variables_name_is_not_repeated(value: str, run: RunDir) -> None:
    with pytest.raises(UsageError, match="api_key_env names no variable") as raised:
        key_of(own(api_key_env=value), run)
    assert value not in str(raised.value)


def test_a_key_comes_from_a_file_too(key_file: Path, run: RunDir) -> None:
    assert key_of(own(api_key_file="my.key"), run) == KEY
    assert key_of(Teacher(model="anthropic/m", api_key_file=str(key_file)), run) == KEY


def test_a_key_has_one_place(key_file: Path, run: RunDir) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        key_of(own(api_key_file="my.key", api_key_env="MY_SERVER_KEY"), run)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o777])
def test_a_key_file_that_others_can_open_is_refused_with_the_fix(key_file: Path, mode: int, run: RunDir) -> None:
    key_file.chmod(mode)
    with pytest.raises(UsageError, match=f"mode {mode:o}") as raised:
        key_of(own(api_key_file="my.key"), run)
    assert raised.value.fix == f"chmod 600 {key_file}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (f"{KEY}\n{KEY}", "more than one line"),
        (KEY * 1000, "more than one line"),
        (f"{KEY}\u201d", "characters that no key has"),
    ],
)
def test_a_file_that_holds_anything_else_is_refused(key_file: Path, text: str, why: str, run: RunDir) -> None:
    key_file.write_text(text)
    with pytest.raises(UsageError, match=why) as raised:
        key_of(own(api_key_file="my.key"), run)
    assert KEY not in str(raised.value)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, run: RunDir) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, why in (("pipe", "no file"), (".", "no file"), ("nope", "No such file")):
        with pytest.raises(UsageError, match=why):
            key_of(own(api_key_file=name), run)


def test_a_key_is_not_kept_in_the_run_directory(key_file: Path, run: RunDir) -> None:
    run.path.mkdir()
    key_file.rename(run.path / "my.key")
    with pytest.raises(UsageError, match="in the run directory"):
        key_of(own(api_key_file="run/my.key"), run)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "asking openai/m at http://127.0.0.1:8000, without a key"),
        ({"api_key_env": "MINE"}, "asking openai/m at http://127.0.0.1:8000, with the key in MINE"),
        ({"api_key_file": "k.txt"}, "asking openai/m at http://127.0.0.1:8000, with the key in k.txt"),
        ({"base_url": None}, "asking openai/m at http://127.0.0.1:8000, with the key in OPENAI_API_KEY"),
    ],
)
def test_where_a_key_goes_is_said(fields: dict[str, Any], expected: str) -> None:
    assert said(own(**fields), ["http://127.0.0.1:8000/v1"]) == expected


def test_a_proxy_is_said_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.org:3128")
    told = said(Teacher(model="anthropic/m"), ["https://api.anthropic.com", "https://two.example"])
    assert told == (
        "asking anthropic/m at https://api.anthropic.com and 1 more through the proxy http://***@proxy.org:3128, "
        "with the key in ANTHROPIC_API_KEY"
    )


async def test_each_paid_run_says_it_once_and_offline_needs_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    run, teacher = RunDir(tmp_path / "run", tmp_path, heard), own(api_key_env="MINE")
    monkeypatch.setenv("MINE", KEY)
    async with resolved(Config(teacher=(teacher,)), run) as (_, keys):
        assert keys == {"openai/m": KEY}
    assert heard.notes == ["query: asking openai/m at http://127.0.0.1:8000, with the key in MINE"]
    monkeypatch.delenv("MINE")
    async with resolved(Config(teacher=(teacher,), query=Patience(offline=True)), run) as (_, keys):
        assert keys == {"openai/m": NO_KEY}
    assert len(heard.notes) == 1


async def test_no_error_of_a_run_holds_its_key(key_file: Path, run: RunDir) -> None:
    config = Config(teacher=(own(api_key_file="my.key"),))
    with pytest.raises(RuntimeError, match=r"illegal header \[redacted\]") as caught:
        async with resolved(config, run):
            raise ValueError(f"illegal header {KEY}")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("fields", [{"system": f"Use {KEY}."}, {"extra": {"user": KEY}}])
async def test_a_key_that_would_be_sent_with_every_prompt_is_refused(fields: dict[str, Any], run: RunDir) -> None:
    config = Config(teacher=(own(**fields),))
    with pytest.raises(UsageError, match=f"teacher.{next(iter(fields))} "):
        async with resolved(config, run):
            pass
    assert any(f"teacher.{next(iter(fields))} " in one for one in problems(config, run, prompts=False))
    async with resolved(Config(teacher=config.teacher, prompts=Prompts(secrets="allow")), run) as (targets, _):
        assert len(targets) == 1


def test_no_file_of_variables_is_read(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    (run.root / ".env").write_text(f"OPENAI_API_KEY={KEY}\n")
    monkeypatch.chdir(run.root)
    with pytest.raises(UsageError, match="OPENAI_API_KEY is not set"):
        key_of(Teacher(model="openai/m"), run)


@pytest.mark.parametrize(
    "line", [f'api_key = "{KEY}"', f'model = "{KEY}"', f'base_url = ["{KEY}"]', f"api_key_env = {KEY}"]
)
def test_a_key_in_the_wrong_place_of_bbkd_toml_is_not_repeated(line: str, tmp_path: Path) -> None:
    (tmp_path / "bbkd.toml").write_text(f"[teacher]\n{line}\n")
    with pytest.raises(UsageError) as raised:
        load(tmp_path / "bbkd.toml", {}, {})
    assert KEY not in str(raised.value)
