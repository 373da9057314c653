import os
import time
from pathlib import Path

import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.metrics.unit_tests import UnitTests, code

DOUBLE = "def double(x):\n    return 2 * x\n"
TESTS = "assert double(2) == 4\nassert double('a') == 'aa'\n"


def score(prediction: str, reference: str = TESTS) -> float:
    return UnitTests(run_code=True, memory_mb=256).score(prediction, reference)


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        pytest.param(DOUBLE, 1.0, id="right"),
        pytest.param(f"Here:\n```python\n{DOUBLE}```\nDone.", 1.0, id="fenced"),
        pytest.param("def double(x):\n    return x", 0.0, id="wrong"),
        pytest.param("def double(x):\n    return", 0.0, id="none"),
        pytest.param("def double(x:", 0.0, id="no-python"),
        pytest.param("", 0.0, id="empty"),
        pytest.param("\ud800", 0.0, id="lone-surrogate"),
        pytest.param("(" * 100_000, 0.0, id="nested"),
        pytest.param(f"{DOUBLE}print(input())", 0.0, id="asks"),
        pytest.param(f"{DOUBLE}if __name__ == '__main__':\n    exit(1)", 1.0, id="main-is-not-run"),
    ],
)
def test_code_is_scored_by_the_tests(prediction: str, expected: float) -> None:
    assert score(prediction) == expected


@pytest.mark.parametrize(
    "prediction",
    [
        pytest.param(f"{DOUBLE}import sys; sys.exit(0)", id="sys-exit"),
        pytest.param("import os; os._exit(0)", id="os-exit"),
        pytest.param("import os\ndef double(x): os._exit(0)", id="os-exit-in-the-test"),
        pytest.param("print('passed')", id="printed"),
        pytest.param(
            "import os\nfor fd in range(3, 30):\n  try: os.write(fd, b'ok')\n  except OSError: pass", id="pipe"
        ),
        pytest.param("import builtins, os\nbuiltins.exec = builtins.compile = lambda *a, **k: None", id="builtins"),
        pytest.param("AssertionError = None\n__debug__ and None", id="assertion-error"),
    ],
)
def test_a_way_out_does_not_score(prediction: str) -> None:
    assert score(prediction) == 0.0


@pytest.mark.parametrize(("value", "expected"), [(4, 1.0), (5, 0.0)])
def test_test_functions_are_called(value: int, expected: float) -> None:
    assert score(DOUBLE, f"def test_double():\n    assert double(2) == {value}\n") == expected


def test_a_reference_that_is_no_python_scores_nothing() -> None:
    assert score(DOUBLE, "It doubles.") == 0.0


@pytest.mark.parametrize(
    "prediction",
    [
        pytest.param("import os\nwhile True: os.fork()", id="fork-bomb"),
        pytest.param(f"{DOUBLE}import subprocess\nsubprocess.run(['true'])", id="subprocess"),
        pytest.param(f"{DOUBLE}data = [0] * 10**9", id="memory"),
        pytest.param(f"{DOUBLE}open('a', 'wb').write(b'0' * (17 << 20))", id="file-size"),
    ],
)
def test_what_it_may_use_is_limited(prediction: str) -> None:
    began = time.monotonic()
    assert score(prediction) == 0.0
    assert time.monotonic() - began < 9  # not by the time limit


def test_an_endless_loop_is_ended_with_its_grandchild(tmp_path: Path) -> None:
    told = tmp_path / "pids"
    prediction = (
        f"import ctypes, os, time\nctypes.CDLL(None).fork()\n"
        f"with open({str(told)!r}, 'a') as file: file.write(f'{{os.getpid()}} ')\nwhile True: time.sleep(1)"
    )
    assert UnitTests(run_code=True, timeout_s=2.0).score(prediction, TESTS) == 0.0
    pids = [int(pid) for pid in told.read_text().split()]
    assert len(pids) == 2
    assert [pid for pid in pids if running(pid)] == []


def running(pid: int) -> bool:
    """Whether the process is there and no zombie that waits for init."""
    try:
        os.kill(pid, 0)
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_it_sees_no_environment_and_leaves_no_file() -> None:
    prediction = "import os\nopen('left', 'w').close()\ndef seen(): return sorted(set(os.environ) - {'LC_CTYPE'})\n"
    assert score(prediction, "assert seen() == [], seen()\nassert os.listdir() == ['left']") == 1.0
    assert not Path("left").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1", "x = 1"),
        ("```python\na\n```\nthen\n```py\nb\n```", "b\n"),
        ("```json\n{}\n```\nand\n```python\na\n```", "a\n"),
        ("```python\na\n```\n```text\nb\n```", "a\n"),
        ("```\na\n```", "a\n"),
        ("```Python\r\na\r\n```", "a\r\n"),
        ("```python\nnot closed", "not closed"),
    ],
)
def test_the_code_is_the_last_python_block(text: str, expected: str) -> None:
    assert code(text) == expected


def test_nothing_runs_unless_it_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no sandbox") as caught:
        UnitTests().score(f"open({str(tmp_path / 'ran')!r}, 'w')", "")
    assert "run_code = true" in caught.value.fix
    assert not (tmp_path / "ran").exists()


def test_a_reference_that_checks_nothing_scores_nothing() -> None:
    idle = "def check(candidate):\n    assert candidate(1) == 2\n"
    assert UnitTests(run_code=True).score("def add(one): return one + 1", idle) == 0.0
    assert UnitTests(run_code=True).score("def add(one): return one + 1", f"{idle}\ncheck(add)") == 1.0
