"""Metrics: how an answer is scored against a reference, one metric a file."""

import difflib
from pathlib import Path

from blackbox_kd.errors import UsageError
from blackbox_kd.metrics.exact_match import ExactMatch
from blackbox_kd.metrics.own import Own, load

Metric = ExactMatch | Own
NAMES = {"exact_match": ExactMatch}


def metric(name: str, root: Path) -> Metric:
    """The metric that bbkd.toml names: a built-in one, or `path.py:function` relative to `root`.

    Raises `UsageError` for a name that is neither, and for code that cannot be loaded.
    """
    if name in NAMES:
        return NAMES[name]()
    if name.rpartition(":")[0].endswith(".py"):
        load(name, root)
        return Own(spec=name, root=str(root))
    near = difflib.get_close_matches(name, NAMES, n=1)
    raise UsageError(
        f"there is no metric {name!r}",
        f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(NAMES)}; your own code as 'path.py:function'.",
    )
