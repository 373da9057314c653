"""Metrics: how an answer is scored against a reference, one metric a file.

A metric that is in the union can be set in bbkd.toml: by its name, or as a table with its settings. The other files are
diagnostics, plain functions that every evaluation tells: stop rate, loops, length ratio, likelihood.
"""

import difflib
from pathlib import Path
from typing import get_args

import msgspec

from blackbox_kd.errors import UsageError
from blackbox_kd.metrics.base import Scorer
from blackbox_kd.metrics.choice import Choice
from blackbox_kd.metrics.chrf import Chrf
from blackbox_kd.metrics.exact_match import ExactMatch
from blackbox_kd.metrics.json_fields import JsonFields
from blackbox_kd.metrics.json_schema import JsonSchema
from blackbox_kd.metrics.numeric import Numeric
from blackbox_kd.metrics.own import Own, load
from blackbox_kd.metrics.rouge_l import RougeL
from blackbox_kd.metrics.unit_tests import UnitTests

Metric = ExactMatch | JsonFields | JsonSchema | Numeric | Choice | UnitTests | Chrf | RougeL
NAMES: dict[str, type[Metric]] = {kind.__struct_config__.tag: kind for kind in get_args(Metric)}


def metric(spec: str | Metric, root: Path) -> Scorer:
    """The metric that bbkd.toml names or describes, ready to score; paths start from `root`.

    A name is a built-in one's, or `path.py:function`. Raises `UsageError` for one that is neither, and for code and
    files that cannot be used.
    """
    if isinstance(spec, str) and spec.rpartition(":")[0].endswith(".py"):
        load(spec, root)
        return Own(spec=spec, root=str(root))
    settings = named(spec) if isinstance(spec, str) else spec
    if isinstance(settings, JsonSchema):
        return settings.ready(root)
    return settings.allowed() if isinstance(settings, UnitTests) else settings


def named(name: str) -> Metric:
    """The built-in metric of that name with its default settings; raises `UsageError` where there is none."""
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        known = f"Known: {', '.join(NAMES)}; your own code as 'path.py:function'."
        raise UsageError(f"there is no metric {name!r}", f"Did you mean {near[0]!r}?" if near else known)
    try:
        return msgspec.convert({"name": name}, NAMES[name])
    except msgspec.ValidationError as error:
        raise UsageError(f"{name}: {error}", f'Set it as a table: {{ name = "{name}", ... }}.') from error
