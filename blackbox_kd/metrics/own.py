"""The user's own metric: a function in a Python file, named as `path.py:function`."""

import numbers
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import msgspec

from blackbox_kd import own
from blackbox_kd.errors import UsageError

SIGNATURE = "It has to be `def function(prediction: str, reference: str) -> float`, from 0 (wrong) to 1 (right)."


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="name", tag="own"):
    """A function of the user's, `spec` as written in bbkd.toml and `root` the folder that its path starts from."""

    needs_reference: ClassVar[bool] = True
    reference_is_answer: ClassVar[bool] = True
    spec: str
    root: str

    @property
    def label(self) -> str:
        """The name that reports show."""
        return self.spec

    def score(self, prediction: str, reference: str) -> float:
        """Score one answer; raises `UsageError` where the function fails or gives no number from 0 to 1."""
        value = own.call(load(self.spec, Path(self.root)), self.spec, SIGNATURE, prediction, reference)
        if not isinstance(value, numbers.Real) or not 0 <= float(value) <= 1:  # NaN is in no range
            raise UsageError(f"{self.spec}: it gave {value!r}, which is no number from 0 to 1", SIGNATURE)
        return float(value)


def load(spec: str, root: Path) -> Callable[..., object]:
    """The metric's function; raises `UsageError` naming what is missing."""
    return own.load(spec, root, 2, SIGNATURE)
