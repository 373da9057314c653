"""README and docs: what they show has to work.

A fence may name a file (```toml bbkd.toml): the block is written into the folder in which its document's commands run.
"""

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from blackbox_kd.cli import main
from blackbox_kd.cli.app import app
from blackbox_kd.cli.settings import template
from blackbox_kd.config.load import listed, load
from blackbox_kd.stages.targets import target_of

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("**/*.md"))]
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SIMULATE = re.compile(r"^bbkd (simulate .*?--port (\d+).*?)(?:\s*#.*)?$", re.MULTILINE)
SHOWN_ELSEWHERE = {"prompts.jsonl": '{"prompt": "Hello"}\n'}  # files of the reader's own that blocks name


class Block(NamedTuple):
    """One fenced block of a document: its language, the file that it is, or "", and its text."""

    document: Path
    kind: str
    file: str
    text: str


BLOCKS = [Block(path, *found) for path in DOCUMENTS for found in BLOCK.findall(path.read_text())]


def of(kind: str) -> list[Block]:
    """The blocks of a kind."""
    return [block for block in BLOCKS if block.kind == kind]


def files(document: Path, folder: Path) -> None:
    """Write the files that a document shows."""
    shown = {block.file: block.text for block in BLOCKS if block.document == document and block.file}
    for name, text in {**SHOWN_ELSEWHERE, **shown}.items():
        (folder / name).write_text(text)


def ran(line: str, folder: Path, patch: pytest.MonkeyPatch) -> int:
    """The exit code of a command of a document, in that folder; of one that trains, in a process of its own."""
    words = shlex.split(line, comments=True)
    if words[:2] == ["bbkd", "run"]:
        return subprocess.run([sys.executable, "-m", "blackbox_kd", *words[1:]], cwd=folder, check=False).returncode
    patch.chdir(folder)
    try:
        main(words[1:])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@contextmanager
def simulated(words: str, port: str) -> Iterator[str]:
    """`bbkd simulate` as a document has it, at a free port; yields the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        own = str(free.getsockname()[1])
    command = [sys.executable, "-m", "blackbox_kd", *shlex.split(words.replace(port, own))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "SIMULATED" in process.stdout.readline()
            yield own
        finally:
            process.terminate()


@pytest.mark.parametrize("block", of("toml"), ids=lambda block: block.document.stem)
def test_every_toml_block_is_a_configuration_that_can_be_used(block: Block, tmp_path: Path) -> None:
    files(block.document, tmp_path)
    (tmp_path / "bbkd.toml").write_text(block.text)
    teachers = load(tmp_path / "bbkd.toml", {}, {}).config.teacher
    assert teachers
    for teacher in teachers:
        assert target_of(teacher, tmp_path).label == teacher.model


@pytest.mark.parametrize("document", dict.fromkeys(block.document for block in of("sh")), ids=lambda path: path.stem)
def test_the_commands_of_a_document_run_in_order(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("BBKD_")]:
        monkeypatch.delenv(name)
    files(document, tmp_path)
    told = [match for block in of("console") if block.document == document for match in SIMULATE.findall(block.text)]
    with ExitStack() as servers:
        for words, port in told:
            own = servers.enter_context(simulated(words, port))
            config = tmp_path / "bbkd.toml"
            config.write_text(config.read_text().replace(f":{port}/", f":{own}/"))
        for line in "".join(block.text for block in of("sh") if block.document == document).splitlines():
            assert ran(line, tmp_path, monkeypatch) == 0, f"{document.name}: {line}\n{capfd.readouterr().err}"
    if document.name == "README.md":
        assert (tmp_path / "toy" / "report.html").exists()


def test_every_setting_that_init_comments_out_is_one(tmp_path: Path) -> None:
    text = template("init.toml").replace("{{seed}}", "0").replace('"teacher_rules.md"', '""')
    path = tmp_path / "bbkd.toml"
    path.write_text(re.sub(r"^# (?=[a-z_]+ *=|\[)", "", text, flags=re.MULTILINE))
    values, origins = listed(load(path, {}, {}))
    assert {values["teacher.budget_usd"], values["teacher.endpoints"]} == {20.0, "endpoints.txt"}
    assert len([name for name in origins if origins[name] != "default"]) > 40


def test_every_command_and_flag_that_is_shown_exists() -> None:
    text = "\n".join(block.text for kind in ("console", "sh") for block in of(kind))
    lines = re.findall(r"^bbkd ((?:ledger |config )?[a-z-]+)(.*)$", text, re.MULTILINE)
    assert lines
    known = {command: CliRunner().invoke(app, [*command.split(), "--help"]).output for command, _ in lines}
    for command, rest in lines:
        for flag in re.findall(r"(?<!\S)--[a-z-]+", rest.partition("#")[0]):
            assert flag in known[command], f"bbkd {command} {flag}"
    assert all(known.values())


def test_every_make_target_of_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = {word for path in DOCUMENTS for word in re.findall(r"(?:^|`)make ([a-z-]+)", path.read_text(), re.MULTILINE)}
    assert {"demo", "test"} <= used
    assert used <= targets


def test_relative_links_lead_to_files() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
