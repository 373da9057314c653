from pathlib import Path

import msgspec
import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.metrics import Metric, metric
from blackbox_kd.metrics.exact_match import ExactMatch
from blackbox_kd.metrics.own import Own


def test_a_built_in_metric_has_a_name(tmp_path: Path) -> None:
    assert metric("exact_match", tmp_path) == ExactMatch()


def test_own_code_is_found_from_the_root(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text("def never(prediction, reference):\n    return 0\n")
    own = metric("checks.py:never", tmp_path)
    assert (own.label, own.score("a", "a")) == ("checks.py:never", 0.0)


def test_own_code_is_checked_before_anything_is_scored(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        metric("checks.py:never", tmp_path)


@pytest.mark.parametrize(("name", "fix"), [("exact_mach", "Did you mean 'exact_match'"), ("bleu", "path.py:function")])
def test_an_unknown_name_is_an_error_with_a_way_out(tmp_path: Path, name: str, fix: str) -> None:
    with pytest.raises(UsageError) as caught:
        metric(name, tmp_path)
    assert fix in caught.value.fix


@pytest.mark.parametrize("value", [ExactMatch(), Own(spec="a.py:f", root="here")])
def test_a_metric_survives_a_round_trip(value: Metric) -> None:
    assert msgspec.json.decode(msgspec.json.encode(value), type=ExactMatch | Own) == value
