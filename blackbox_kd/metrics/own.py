"""The user's own metric: a function in a Python file, named as `path.py:function`."""

import difflib
import functools
import importlib.util
import inspect
import numbers
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from blackbox_kd.errors import UsageError
from blackbox_kd.jsonl import text_digest

SIGNATURE = "It has to be `def function(prediction: str, reference: str) -> float`, from 0 (wrong) to 1 (right)."


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="own"):
    """A function of the user's, `spec` as written in bbkd.toml and `root` the folder that its path starts from."""

    spec: str
    root: str

    @property
    def label(self) -> str:
        """The name that reports show."""
        return self.spec

    def score(self, prediction: str, reference: str) -> float:
        """Score one answer; raises `UsageError` where the function fails or gives no number from 0 to 1."""
        function = load(self.spec, Path(self.root))
        try:
            value = function(prediction, reference)
        except Exception as error:  # foreign code may raise anything
            raise UsageError(f"{self.spec}: it failed with {type(error).__name__}: {error}", SIGNATURE) from error
        if not isinstance(value, numbers.Real) or not 0 <= float(value) <= 1:  # NaN is in no range
            raise UsageError(f"{self.spec}: it gave {value!r}, which is no number from 0 to 1", SIGNATURE)
        return float(value)


@functools.cache
def load(spec: str, root: Path) -> Callable[[str, str], object]:
    """The function that `spec` names, its file imported once; raises `UsageError` naming what is missing."""
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
    function: Callable[[str, str], object] = names[name]
    try:
        inspect.signature(function).bind("", "")
    except TypeError as error:
        raise UsageError(f"{spec}: it cannot be called with two texts: {error}", SIGNATURE) from error
    if inspect.iscoroutinefunction(function):
        raise UsageError(f"{spec}: it is an async function", SIGNATURE)
    return function


def _module(spec: str, file: Path) -> object:
    name = f"blackbox_kd_own_{text_digest(str(file.resolve()))}"
    source = importlib.util.spec_from_file_location(name, file)
    if source is None or source.loader is None:
        raise UsageError(f"{spec}: {file} is no Python file", "The path has to end in .py.")
    module = importlib.util.module_from_spec(source)
    sys.modules[name] = module  # dataclasses and typing look their module up there
    try:
        source.loader.exec_module(module)
    except Exception as error:  # foreign code may raise anything
        del sys.modules[name]
        raise UsageError(f"{spec}: {file} cannot be imported: {type(error).__name__}: {error}") from error
    return module
