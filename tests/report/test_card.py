import msgspec
import pytest

from blackbox_kd.report.card import card
from blackbox_kd.report.data import ReportData


def front_matter(text: str) -> list[str]:
    _, matter, _ = text.split("---\n", maxsplit=2)
    return matter.splitlines()


def test_no_licence_is_invented(data: ReportData) -> None:
    lines = [line for line in front_matter(card(data)) if "licen" in line.lower()]
    assert lines == ['license: other  # not stated yet: see "Licence" below']
    assert "Not stated." in card(data)


@pytest.mark.parametrize(
    ("student", "line"),
    [
        ("HuggingFaceTB/SmolLM2-135M-Instruct", 'base_model: "HuggingFaceTB/SmolLM2-135M-Instruct"'),
        ("HuggingFaceTB/SmolLM2-135M-Instruct@main", 'base_model: "HuggingFaceTB/SmolLM2-135M-Instruct"'),
    ],
)
def test_a_hub_id_is_the_base_model(data: ReportData, student: str, line: str) -> None:
    assert line in front_matter(card(msgspec.structs.replace(data, student=student)))


@pytest.mark.parametrize("student", ["packaged:smollm2-135m", "./models/mine", "a/b/c.gguf", "a/b\nlicense: mit"])
def test_what_is_no_hub_id_is_not_linked(data: ReportData, student: str) -> None:
    matter = front_matter(card(msgspec.structs.replace(data, student=student)))
    assert not [line for line in matter if line.startswith("base_model")]
    assert [line for line in matter if line.startswith("license")] == [matter[0]]


def test_the_card_says_where_the_student_comes_from(data: ReportData) -> None:
    text = card(data)
    for part in (
        "openai/sim-large (simulated)",
        "9f2c" * 16,
        "simulated-2026-11-30",
        "2026-11-30",
        "Extract the ticket",
    ):
        assert part in text


def test_the_card_tells_the_verdict(data: ReportData) -> None:
    assert "it recovered 81 % of the gap, 95 % interval 72 to 88 %." in card(data)


def test_a_simulated_teacher_is_announced(data: ReportData) -> None:
    real = card(msgspec.structs.replace(data, simulated=False))
    assert "The teacher was SIMULATED" in card(data)
    assert '  - "simulated-teacher"' in front_matter(card(data))
    assert "imulated-teacher" not in real
    assert "SIMULATED" not in real


def test_a_student_without_a_system_prompt_wants_an_empty_system_message(bare: ReportData) -> None:
    assert "Send exactly one empty system message" in card(bare)
    assert "`bbkd.json`" in card(bare)


def test_a_system_message_is_given_whole(data: ReportData) -> None:
    text = card(msgspec.structs.replace(data, student_system="rule " * 1000 + "the end"))
    assert "Send exactly this system message" in text
    assert "rule the end\n" in text


def test_a_card_without_a_task_names_none(data: ReportData) -> None:
    assert "for the task tickets:\nblack-box" in card(data)
    assert "for the task" not in card(msgspec.structs.replace(data, task=""))


def test_a_stated_licence_and_what_the_terms_say_are_on_the_card(data: ReportData) -> None:
    stated = msgspec.structs.replace(data, licence="apache-2.0", notices=("Name it after the teacher.",))
    text = card(stated)
    assert 'license: "apache-2.0"' in front_matter(text)
    assert "- Name it after the teacher." in text


def test_a_base_model_is_not_claimed_for_a_student_of_elsewhere(data: ReportData) -> None:
    matter = front_matter(card(msgspec.structs.replace(data, foreign=True)))
    assert not [line for line in matter if line.startswith("base_model")]


def test_the_card_tells_format_from_task(data: ReportData) -> None:
    assert "comes from the task, not from the look of the answers" in card(data)
