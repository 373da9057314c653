import time
from collections.abc import Callable
from pathlib import Path

import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.metrics.json_schema import JsonSchema
from blackbox_kd.metrics.numeric import Numeric
from blackbox_kd.metrics.unit_tests import UnitTests
from blackbox_kd.records import Completion
from blackbox_kd.run import RunDir, Silent
from blackbox_kd.stages.scoring.verifying import references_of, verified, verified_all, verifiers


def test_the_smallest_score_counts(tmp_path: Path) -> None:
    metrics = verifiers(["numeric", "exact_match"], tmp_path)
    assert verified("42", "42", metrics) == 1.0
    assert verified("It is 42.0", "42", metrics) == 0.0


def test_without_a_reference_only_what_needs_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"type": "object"}')
    assert verified("{}", None, verifiers(["exact_match"], tmp_path)) is None
    schema = verifiers(["exact_match", JsonSchema(schema="s.json")], tmp_path)
    assert [verified(text, None, schema) for text in ("{}", "[]")] == [1.0, 0.0]
    assert verified("{}", "[]", schema) == 0.0


def test_the_users_own_check_is_called(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text("def f(prediction, reference):\n    return float(reference in prediction)\n")
    assert verified("so it is", "it", verifiers(["checks.py:f"], tmp_path)) == 1.0


def test_a_metric_that_cannot_work_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no metric 'numerik'"):
        verifiers(["numerik"], tmp_path)
    with pytest.raises(UsageError, match="no sandbox"):
        verifiers([UnitTests()], tmp_path)


def test_equal_answers_to_a_prompt_are_verified_once_and_a_prompt_without_reference_not(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    (tmp_path / "checks.py").write_text(
        "from pathlib import Path\n\n\ndef f(prediction, reference):\n"
        f"    log = Path({str(log)!r})\n    log.write_text(log.read_text() + 'x')\n    return 1.0\n"
    )
    metrics = verifiers(["checks.py:f"], tmp_path)
    answers = {"a#0": "1", "a#1": "1", "a#2": "2", "b#b#0": "1", "c#0": "1"}
    found = verified_all(answers, {"a": "1", "b#b": "1"}, metrics, Silent())
    assert found == {"a#0": 1.0, "a#1": 1.0, "a#2": 1.0, "b#b#0": 1.0}
    assert log.read_text() == "xxx"
    assert verified_all(answers, {}, (), Silent()) == {}


def test_code_that_hangs_is_ended_within_a_fifth_over_its_limit(tmp_path: Path) -> None:
    metrics = verifiers([UnitTests(run_code=True, timeout_s=1.5)], tmp_path)
    began = time.monotonic()
    assert verified("while True: pass", "assert True", metrics) == 0.0
    assert time.monotonic() - began < 1.2 * 1.5


def test_algebra_that_hangs_is_a_wrong_answer_and_the_next_one_is_verified(tmp_path: Path) -> None:
    metrics = verifiers([Numeric(timeout_s=0.3)], tmp_path)
    assert verified("$9^{9^{9^{9^9}}}$", "3", metrics) == 0.0
    assert verified("3", "3", metrics) == 1.0


def test_references_are_those_of_train_prompts(
    run: RunDir, bought: Callable[[list[Completion], dict[str, str]], None], completion: Callable[..., Completion]
) -> None:
    rows = [completion("x", name, prompt_id=name, split="held_out" if name == "h" else "train") for name in "abh"]
    bought(rows, {"a": "1", "b": " ", "h": "3"})
    assert references_of(run) == {"a": "1"}
