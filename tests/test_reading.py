import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.reading import read_json, unfenced


@pytest.mark.parametrize(
    "text",
    ["```json\n{}\n```", "```\n{}\n```", "  ```\n{}```\n", "```JSON\n{}\n  ```"],
    ids=["json", "bare", "tight", "in"],
)
def test_a_fence_around_the_whole_is_taken_off(text: str) -> None:
    assert unfenced(text).strip() == "{}"


@pytest.mark.parametrize("text", ["", "```", "``````", "```json {} ```", "x\n```\n{}\n```", "```\na\n```\n```\nb\n```"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert unfenced(text) == text


@given(st.text())
def test_a_fence_gives_back_what_was_put_into_it(text: str) -> None:
    fenced = f"```\n{text}\n```"
    assert unfenced(fenced) == (fenced if "```" in text else text)


@pytest.mark.parametrize("text", ["", "{", '{"a": 1, "a": 2}', "NaN", "[Infinity]", "1 2", "9" * 5000, "\ud800"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(text)
