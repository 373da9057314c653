from pathlib import Path

import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.metrics.own import Own, load

CODE = """
from __future__ import annotations

from dataclasses import dataclass

@dataclass
class Part:
    text: str

def same_start(prediction, reference):
    return prediction[:1] == reference[:1]

def half(prediction: str, reference: str) -> float:
    return 0.5

def one_text(prediction):
    return 1.0

async def later(prediction, reference):
    return 1.0

def text(prediction, reference):
    return "1"

def two(prediction, reference):
    return 2

def not_a_number(prediction, reference):
    return float("nan")

def failing(prediction, reference):
    return 1 / 0

number = 1
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "checks.py").write_text(CODE)
    (tmp_path / "broken.py").write_text("import nowhere_at_all\n")
    (tmp_path / "wrong.py").write_text("def (\n")
    return tmp_path


@pytest.mark.parametrize(("prediction", "expected"), [("abc", 1.0), ("xyz", 0.0)])
def test_the_users_function_scores(root: Path, prediction: str, expected: float) -> None:
    assert Own(spec="team/checks.py:same_start", root=str(root)).score(prediction, "a") == expected


def test_partial_credit_is_a_score(root: Path) -> None:
    assert Own(spec="team/checks.py:half", root=str(root)).score("a", "b") == 0.5


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("gone.py:f", "there is no file"),
        ("team:f", "there is no file"),
        ("team/checks.py:gone", "has no function 'gone'"),
        ("team/checks.py:number", "has no function 'number'"),
        ("team/checks.py:one_text", "cannot be called with two texts"),
        ("team/checks.py:later", "async function"),
        ("broken.py:f", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("wrong.py:f", "SyntaxError"),
    ],
)
def test_code_that_cannot_be_used_is_named(root: Path, spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        load(spec, root)
    assert caught.value.message.startswith(f"{spec}: ")


def test_the_nearest_function_is_proposed(root: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load("team/checks.py:halve", root)
    assert caught.value.fix == "Did you mean 'half'?"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("text", "gave '1'"),
        ("two", "gave 2"),
        ("not_a_number", "gave nan"),
        ("failing", "failed with ZeroDivisionError"),
    ],
)
def test_a_result_that_is_no_score_is_an_error(root: Path, function: str, message: str) -> None:
    own = Own(spec=f"team/checks.py:{function}", root=str(root))
    with pytest.raises(UsageError, match=message):
        own.score("a", "b")
