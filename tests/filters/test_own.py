from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.filters.base import Given, Measured
from blackbox_kd.filters.own import Own
from blackbox_kd.records import Completion, Message

CODE = """
import numpy as np

def no_urls(prompt, completion):
    return "http" not in completion

def short(prompt: str, completion: str) -> float:
    return 1 / len(completion)

def no_echo(prompt, completion):
    return np.array([completion not in prompt]).all()

def word(prompt, completion):
    return "good"

def nan(prompt, completion):
    return float("nan")

def failing(prompt, completion):
    return 1 / 0

def one(completion):
    return True

def leaving(prompt, completion):
    raise SystemExit(0)

def huge(prompt, completion):
    return 10**400

def talking(prompt, completion):
    print("hello")
    return True
"""


@pytest.fixture
def here(tmp_path: Path) -> Given:
    """A folder of bbkd.toml with code in it."""
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "checks.py").write_text(CODE)
    return Given(root=tmp_path)


@pytest.mark.parametrize(("text", "kept", "value"), [("Paris.", True, 1.0), ("See http://muster.de", False, 0.0)])
def test_the_users_function_decides(
    text: str, kept: bool, value: float, here: Given, completion: Callable[..., Completion]
) -> None:
    rule = Own(functions=("team/checks.py:no_urls",))
    verdict = rule.check(completion(text), here)
    assert (verdict.kept, verdict.reason, verdict.value) == (kept, "" if kept else "no_urls", value)
    assert rule.decide(Measured(verdict.value, verdict.span)) == verdict


def test_a_score_is_held_against_the_threshold_again_and_again(
    here: Given, completion: Callable[..., Completion]
) -> None:
    rule = Own(functions=("team/checks.py:short",))
    found = rule.measurer(here)(completion("12345"))
    assert found.value == 0.2
    assert (rule.decide(found).kept, Own(functions=rule.functions, min_score=0.1).decide(found).kept) == (False, True)
    assert Own.thresholds == {"min_score"}


def test_of_several_functions_the_lowest_score_and_its_name_are_told(
    here: Given, completion: Callable[..., Completion]
) -> None:
    rule = Own(functions=("team/checks.py:no_urls", "team/checks.py:short", "team/checks.py:no_echo"))
    verdict = rule.check(completion("12345", "1 2 3"), here)
    assert (verdict.kept, verdict.reason, verdict.value) == (False, "short", "short=0.2")
    assert rule.decide(Measured(verdict.value, verdict.span)) == verdict
    assert rule.check(completion("1", "2"), here).kept


def test_all_turns_of_the_prompt_are_given(here: Given, completion: Callable[..., Completion]) -> None:
    turns = (Message(role="user", content="alpha"), Message(role="user", content="beta"))
    rule = Own(functions=("team/checks.py:no_echo",))
    assert not rule.check(completion("alpha\nbeta", messages=turns), here).kept


def test_without_a_function_all_pass(completion: Callable[..., Completion]) -> None:
    verdict = Own().check(completion("anything"))
    assert (verdict.kept, verdict.value) == (True, None)


def test_its_files_are_named_once() -> None:
    assert Own(functions=("a.py:f", "b/c.py:g", "a.py:h")).files() == ("a.py", "b/c.py")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("word", "it gave 'good'"),
        ("nan", "it gave nan"),
        ("failing", "failed with ZeroDivisionError"),
        ("one", "cannot be called with two texts"),
        ("gone", "has no function 'gone'"),
        ("leaving", "failed with SystemExit"),
        ("huge", "it gave 10000"),
    ],
)
def test_a_function_that_cannot_be_used_is_named(
    name: str, message: str, here: Given, completion: Callable[..., Completion]
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Own(functions=(f"team/checks.py:{name}",)).check(completion(), here)
    assert caught.value.message.startswith(f"team/checks.py:{name}")


def test_what_a_function_prints_is_not_the_commands_output(
    here: Given, completion: Callable[..., Completion], capsys: pytest.CaptureFixture[str]
) -> None:
    Own(functions=("team/checks.py:talking",)).check(completion(), here)
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize("spec", ["checks", "checks.py", "checks.py:", "checks:no_urls", "checks.py:no urls"])
def test_what_names_no_function_is_refused_with_its_path(spec: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"is not written as path\.py:function"):
        msgspec.convert({"rule": "own", "functions": [spec]}, Own)
