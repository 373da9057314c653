from pathlib import Path

import pytest

from blackbox_kd.errors import InputError
from blackbox_kd.stages.filtering.given import items_of


def test_what_is_asked_and_a_long_answer_are_items(tmp_path: Path) -> None:
    answer = "because the sky scatters short waves more than long ones"
    (tmp_path / "set.jsonl").write_text(
        f'{{"question": "Why is it blue?", "answer": "{answer}"}}\n{{"text": "Yes?"}}\n'
    )
    assert list(items_of(("*.jsonl",), tmp_path)) == ["Why is it blue?", answer, "Yes?"]


@pytest.mark.parametrize("text", ["", '{"question": ""}\n', '{"question": " ?"}\n'])
def test_a_set_without_an_item_protects_nothing_and_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_text(text)
    with pytest.raises(InputError, match="there is no evaluation item in it"):
        list(items_of(("set.jsonl",), tmp_path))
