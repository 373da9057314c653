import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import blackbox_kd

ROOT = Path(blackbox_kd.__file__).parent
LAYERS = (
    ("errors", "records"),
    (
        *("jsonl", "run", "text", "own", "shipped", "shingles", "stats", "measures"),
        *("embedding", "minhash", "ngrams", "private", "reading", "repeats", "schemas", "wording"),
    ),
    ("tasks", "filters", "teachers", "strategies", "metrics", "probe", "report"),
    ("config",),
    ("student",),
    ("simulate",),
    ("stages",),
    ("cli", "__main__"),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
TRAINING = {"torch", "transformers", "trl", "datasets", "peft", "accelerate"}
HEAVY = ("numpy", "torch", "transformers", "trl", "datasets", "openai", "anthropic", "aiohttp")
Edge = tuple[str, str]  # who imports, what


def name_of(path: Path) -> str:
    """The module's dotted name."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported(tree: ast.AST) -> Iterator[str]:
    """All that a module imports, wherever in it; `from a import b` gives a.b where that is a module, else a."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            module = node.module or ""
            yield from (whole if (whole := f"{module}.{alias.name}") in MODULES else module for alias in node.names)


EDGES = sorted({(name, other) for name, path in MODULES.items() for other in imported(ast.parse(path.read_bytes()))})
INSIDE = [edge for edge in EDGES if edge[1] in MODULES and edge[1] != "blackbox_kd"]


def part(name: str) -> str:
    """The package or module right under blackbox_kd."""
    return name.split(".")[1]


def against_the_layers(edges: list[Edge]) -> list[Edge]:
    """Imports that go up, or sideways between packages of one layer."""
    wrong = []
    for name, other in edges:
        if name != "blackbox_kd" and part(name) != part(other):
            sideways = LEVEL[part(name)] == LEVEL[part(other)] and (ROOT / part(name)).is_dir()
            if LEVEL[part(name)] < LEVEL[part(other)] or sideways:
                wrong.append((name, other))
    return wrong


def test_every_module_has_a_layer() -> None:
    assert {part(name) for name in MODULES if name != "blackbox_kd"} <= set(LEVEL)


def test_imports_go_down_and_never_sideways() -> None:
    assert against_the_layers(INSIDE) == []


@pytest.mark.parametrize(
    "edge",
    [
        ("blackbox_kd.jsonl", "blackbox_kd.tasks.base"),
        ("blackbox_kd.filters.gate", "blackbox_kd.metrics.own"),
        ("blackbox_kd.config.load", "blackbox_kd.stages.filter"),
    ],
)
def test_an_import_against_the_layers_is_seen(edge: Edge) -> None:
    assert against_the_layers([edge]) == [edge]


def test_no_modules_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for name, other in INSIDE:
        graph.setdefault(name, set()).add(other)
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)  # raises CycleError, which names them


def test_only_the_student_imports_the_training_libraries() -> None:
    users = {part(name) for name, other in EDGES if other.split(".")[0] in TRAINING}
    assert users == {"student"}


@pytest.mark.parametrize("path", [pytest.param(path, id=name) for name, path in MODULES.items()])
def test_files_and_functions_fit_on_a_few_screens(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
    long = [
        node.name
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 50
    ]
    assert long == []


def test_no_module_has_state_that_functions_change() -> None:
    users = [
        name
        for name, path in MODULES.items()
        if any(isinstance(node, ast.Global) for node in ast.walk(ast.parse(path.read_bytes())))
    ]
    assert users == []


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    code = f"import sys, blackbox_kd.cli; sys.exit(' '.join(name for name in {HEAVY!r} if name in sys.modules) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
