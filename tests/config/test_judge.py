from pathlib import Path

import pytest

from blackbox_kd.config.judge import Judge, JudgeSampling
from blackbox_kd.config.load import load
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import UsageError

JUDGE = '[judge]\nmodel = "openai/m"\n'


def read(folder: Path, text: str) -> Config:
    """The configuration of a bbkd.toml with this text."""
    (folder / "bbkd.toml").write_text(text)
    return load(folder / "bbkd.toml", {}, {}).config


def test_without_the_section_there_is_no_judge(tmp_path: Path) -> None:
    assert read(tmp_path, "").judge is None


def test_a_judge_is_set_as_a_teacher_is(tmp_path: Path) -> None:
    (tmp_path / "strict.md").write_text("Be strict.\n")
    judge = read(tmp_path, f'{JUDGE}system = "strict.md"\nbudget_usd = 5\nagainst = "base"').judge
    assert judge == Judge(model="openai/m", system="Be strict.", budget_usd=5, against="base")


def test_a_judge_is_sampled_at_temperature_0_unless_another_is_set(tmp_path: Path) -> None:
    judge = read(tmp_path, f"{JUDGE}sampling = {{ max_tokens = 200 }}").judge
    assert judge is not None
    assert judge.sampling == JudgeSampling(max_tokens=200, temperature=0.0)
    assert JudgeSampling(temperature=None).temperature is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sampling = { n = 2 }", "n: each pair is judged once in each order"),
        ("count = 0", r"judge\.count"),
        ('against = "student"', r"judge\.against: Invalid enum value 'student'"),
        ("rubrik = 1", r"bbkd\.toml:3: unknown key `judge\.rubrik`"),
        ('system = "none.md"', r"bbkd\.toml:3: judge\.system: no such file"),
    ],
)
def test_what_no_judge_can_be_is_refused_with_its_place(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(tmp_path, JUDGE + line)
