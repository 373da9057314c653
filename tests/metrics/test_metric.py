import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.metrics import NAMES, Metric, metric
from blackbox_kd.metrics.chrf import Chrf
from blackbox_kd.metrics.exact_match import ExactMatch
from blackbox_kd.metrics.json_schema import JsonSchema
from blackbox_kd.metrics.own import Own
from blackbox_kd.metrics.unit_tests import UnitTests


def test_a_built_in_metric_has_a_name(tmp_path: Path) -> None:
    assert metric("exact_match", tmp_path) == ExactMatch()


def test_own_code_is_found_from_the_root(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text("def never(prediction, reference):\n    return 0\n")
    own = metric("checks.py:never", tmp_path)
    assert (own.label, own.score("a", "a")) == ("checks.py:never", 0.0)


def test_own_code_is_checked_before_anything_is_scored(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        metric("checks.py:never", tmp_path)


def test_own_code_and_built_in_metrics_compare_answers(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text("def never(prediction, reference):\n    return 0\n")
    found = [metric(name, tmp_path) for name in ("checks.py:never", "rouge_l")]
    assert [(one.needs_reference, one.reference_is_answer) for one in found] == [(True, True)] * 2


def test_settings_are_ready_as_they_are(tmp_path: Path) -> None:
    assert metric(Chrf(word_order=2), tmp_path) == Chrf(word_order=2)


def test_a_schema_is_read_from_the_root(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"type": "string"}')
    found = metric(JsonSchema(schema="a.json"), tmp_path)
    assert (found.label, found.score('"a"', ""), found.score("1", "")) == ("json_schema(a.json)", 1.0, 0.0)


def test_a_schema_is_checked_before_anything_is_scored(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no schema"):
        metric(JsonSchema(schema="a.json"), tmp_path)


@pytest.mark.parametrize(
    ("spec", "message"), [("json_schema", "missing required field `schema`"), (UnitTests(), "with your rights")]
)
def test_a_metric_that_lacks_a_setting_is_an_error(tmp_path: Path, spec: str | Metric, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        metric(spec, tmp_path)
    assert "{ name = " in caught.value.fix


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"json_schema", "unit_tests"}))
def test_a_name_alone_is_the_metric_with_its_defaults(tmp_path: Path, name: str) -> None:
    assert metric(name, tmp_path) == msgspec.convert({"name": name}, Metric)
    assert metric(name, tmp_path).label == name


@pytest.mark.parametrize("text", ["", "a", "\ud800", "[" * 100_000])
def test_every_score_is_a_share(tmp_path: Path, text: str) -> None:
    for name in sorted(set(NAMES) - {"json_schema", "unit_tests"}):
        assert 0 <= metric(name, tmp_path).score(text, "a") <= 1


def test_the_libraries_behind_them_are_loaded_when_they_are_used() -> None:
    heavy = ("jsonschema", "math_verify", "numpy", "sacrebleu", "sympy")
    code = (
        f"import sys, blackbox_kd.metrics; sys.exit(' '.join(name for name in {heavy!r} if name in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("name", "fix"), [("exact_mach", "Did you mean 'exact_match'"), ("bleu", "path.py:function")])
def test_an_unknown_name_is_an_error_with_a_way_out(tmp_path: Path, name: str, fix: str) -> None:
    with pytest.raises(UsageError) as caught:
        metric(name, tmp_path)
    assert fix in caught.value.fix


@pytest.mark.parametrize("value", [ExactMatch(), Own(spec="a.py:f", root="here")])
def test_a_metric_survives_a_round_trip(value: ExactMatch | Own) -> None:
    assert msgspec.json.decode(msgspec.json.encode(value), type=ExactMatch | Own) == value
