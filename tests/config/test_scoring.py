from pathlib import Path

import pytest

from blackbox_kd.config.load import load
from blackbox_kd.config.scoring import Scoring
from blackbox_kd.errors import UsageError
from blackbox_kd.metrics.unit_tests import UnitTests


def test_nothing_is_asked_for_unless_it_is_written() -> None:
    assert not Scoring().asked
    assert not Scoring(count=5, rubric="r.md").asked
    assert all(one.asked for one in (Scoring(verify=("numeric",)), Scoring(judge="pairwise"), Scoring(difficulty=True)))
    assert Scoring(review="r.csv").asked


def test_metrics_are_named_or_written_as_tables(tmp_path: Path) -> None:
    path = tmp_path / "bbkd.toml"
    path.write_text('[scoring]\nverify = ["numeric", { name = "unit_tests", run_code = true }, "checks.py:f"]\n')
    assert load(path, {}, {}).config.scoring.verify == ("numeric", UnitTests(run_code=True), "checks.py:f")


@pytest.mark.parametrize("line", ['judge = "listwise"', "count = 0", 'verifi = "numeric"'])
def test_what_is_no_setting_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bbkd.toml"
    path.write_text(f"[scoring]\n{line}\n")
    with pytest.raises(UsageError, match=r"bbkd\.toml:2"):
        load(path, {}, {})
