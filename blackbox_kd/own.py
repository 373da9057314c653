"""The user's own code: a function in a Python file, named in bbkd.toml as `path.py:function`."""

import contextlib
import difflib
import functools
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from blackbox_kd.errors import UsageError
from blackbox_kd.jsonl import text_digest


@functools.cache
def load(spec: str, root: Path, texts: int, signature: str) -> Callable[..., object]:
    """The function that `spec` names, which takes so many texts; its file is imported once.

    `root` is the folder that its path starts from. Raises `UsageError` naming what is missing, `signature` as the fix.
    """
    path, _, name = spec.rpartition(":")
    file = root / path
    if not file.is_file():
        raise UsageError(f"{spec}: there is no file {file}", "Paths start from the folder of bbkd.toml.")
    names = {key: value for key, value in vars(_module(spec, file)).items() if inspect.isroutine(value)}
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        raise UsageError(
            f"{spec}: {path} has no function {name!r}",
            f"Did you mean {near[0]!r}?" if near else f"Its functions: {', '.join(sorted(names)) or 'none'}.",
        )
    function: Callable[..., object] = names[name]
    try:
        inspect.signature(function).bind(*[""] * texts)
    except TypeError as error:
        wanted = "two texts" if texts == 2 else "one text"
        raise UsageError(f"{spec}: it cannot be called with {wanted}: {error}", signature) from error
    if inspect.iscoroutinefunction(function):
        raise UsageError(f"{spec}: it is an async function", signature)
    return function


def call(function: Callable[..., object], spec: str, signature: str, *texts: str) -> object:
    """Call it; raises `UsageError` where it fails. What it prints goes to stderr: stdout is the command's own."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return function(*texts)
    except (Exception, SystemExit) as error:  # foreign code may raise anything
        raise UsageError(f"{spec}: it failed with {type(error).__name__}: {error}", signature) from error


def _module(spec: str, file: Path) -> object:
    name = f"blackbox_kd_own_{text_digest(str(file.resolve()))}"
    source = importlib.util.spec_from_file_location(name, file)
    if source is None or source.loader is None:
        raise UsageError(f"{spec}: {file} is no Python file", "The path has to end in .py.")
    module = importlib.util.module_from_spec(source)
    sys.modules[name] = module  # dataclasses and typing look their module up there
    try:
        with contextlib.redirect_stdout(sys.stderr):
            source.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # foreign code may raise anything
        del sys.modules[name]
        raise UsageError(f"{spec}: {file} cannot be imported: {type(error).__name__}: {error}") from error
    return module
