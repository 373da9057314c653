"""Options that commands share, and what they open."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blackbox_kd.errors import UsageError

if TYPE_CHECKING:
    from blackbox_kd.config.load import Loaded
    from blackbox_kd.run import RunDir

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", envvar="BBKD_CONFIG", help="bbkd.toml [default: nearest to --run, or here]"),
]
RunOption = Annotated[
    Path | None, typer.Option("--run", envvar="BBKD_RUN", help="run directory [default: runs/main beside bbkd.toml]")
]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="override a setting: section.key=value")]
JsonOption = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="only errors on stderr")]
FILE = "bbkd.toml"


def find_config(config: Path | None, run: Path | None) -> Path:
    """The given file, else the nearest bbkd.toml in the run directory (or this folder) or above it."""
    if config is not None:
        return config
    start = Path.cwd() if run is None else run.absolute()
    found = (folder / FILE for folder in (start, *start.parents, Path.cwd()) if (folder / FILE).is_file())
    return next(found, Path.cwd() / FILE)


def load_config(config: Path | None, run: Path | None, sets: list[str] | None) -> "Loaded":
    """The settings that are in force; raises `UsageError`."""
    from blackbox_kd.config.load import load

    flags: dict[str, str] = {}
    for item in sets or []:
        key, separator, value = item.partition("=")
        if not separator or not key.strip():
            raise UsageError(
                f"--set {item}: not of the form section.key=value", "Such as --set filter.length.max_words=300."
            )
        flags[key.strip()] = value.strip()
    return load(find_config(config, run), os.environ, flags)


def open_run(config: Path | None, run: Path | None, sets: list[str] | None, quiet: bool) -> "tuple[RunDir, Loaded]":
    """The run directory and the settings in force; raises `UsageError`."""
    from blackbox_kd.cli.progress import progress
    from blackbox_kd.run import RunDir

    loaded = load_config(config, run, sets)
    path = run if run is not None else loaded.root / "runs" / "main"
    return RunDir(path, loaded.root, progress(quiet)), loaded


def say(text: str) -> None:
    """A line of result for people and pipes, on stdout, harmless on a terminal."""
    from blackbox_kd.text import safe

    sys.stdout.write(f"{safe(text)}\n")


def show_json(command: str, result: object, error: object = None) -> None:
    """The one object that --json prints on stdout."""
    whole = {"schema": 1, "command": command, "ok": error is None, "result": result}
    sys.stdout.write(json.dumps(whole if error is None else {**whole, "error": error}) + "\n")
