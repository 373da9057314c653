"""README and docs: what they show has to work."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from blackbox_kd.config.load import load

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("**/*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[tuple[str, str]]:
    """(document, text) of every block of a kind."""
    found = [(path, BLOCK.findall(path.read_text())) for path in DOCUMENTS]
    return [(path.name, text) for path, all_of in found for name, text in all_of if name == kind]


@pytest.mark.parametrize(("document", "text"), blocks("toml"))
def test_every_toml_block_is_a_valid_configuration(document: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "bbkd.toml"
    file.write_text(text)
    assert load(file, {}, {}).config.teacher, document


def test_every_sh_block_runs_in_order(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for document, text in blocks("sh"):
        for line in filter(None, map(str.strip, text.splitlines())):
            words = shlex.split(line, comments=True)
            done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{document}: {line}\n{done.stderr}"
    assert (tmp_path / "toy" / "report.html").exists()


def test_console_blocks_name_only_commands_that_exist() -> None:
    done = subprocess.run([sys.executable, "-m", "blackbox_kd", "--help"], capture_output=True, text=True, check=True)
    known = set(re.findall(r"^  (\w+) ", done.stdout, re.MULTILINE))
    used = {word for _, text in blocks("console") for word in re.findall(r"^bbkd (\w+)", text, re.MULTILINE)}
    assert used
    assert used <= known


def test_every_make_target_of_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = {word for path in DOCUMENTS for word in re.findall(r"(?:^|`)make ([a-z-]+)", path.read_text(), re.MULTILINE)}
    assert {"demo", "test"} <= used
    assert used <= targets


def test_relative_links_lead_to_files() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
