import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.metrics.loops import loops, repeats

SENTENCE = "The cat sat on the mat. "


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SENTENCE * 3, id="sentence"),
        pytest.param(f"First something else. {SENTENCE * 5}The cat", id="cut-off"),
        pytest.param("I like it. " * 4, id="short-sentence"),
        pytest.param("- yes\n" * 4, id="line"),
        pytest.param("Line one\n\n" * 4, id="line-and-blank"),
        pytest.param("ha" * 30, id="syllable"),
        pytest.param("a" * 45, id="character"),
        pytest.param("\u65e5\u672c\u8a9e\u306e\u6587\u3002" * 8, id="no-spaces"),
        pytest.param("0, " * 200, id="numbers-without-end"),
        pytest.param("-" * 500, id="rule-without-end"),
        pytest.param("```\n" + "x += 1\n" * 90, id="code-without-end"),
        pytest.param("| a | b |\n" * 50, id="table-without-end"),
    ],
)
def test_a_loop_is_seen(text: str) -> None:
    assert loops(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n", id="white-space"),
        pytest.param("Hello.", id="short"),
        pytest.param(SENTENCE * 2, id="twice"),
        pytest.param("- yes\n" * 3, id="three-lines"),
        pytest.param(f"{SENTENCE * 9}And so it ended.", id="loop-that-ended"),
        pytest.param("zeros: " + "0, " * 40, id="equal-numbers"),
        pytest.param("0\n" * 40, id="equal-numbers-by-line"),
        pytest.param("-" * 60, id="rule"),
        pytest.param("}\n" * 10, id="brackets"),
        pytest.param("| yes | yes | yes | yes | yes | yes | yes |", id="row"),
        pytest.param("| a | b |\n|---|---|\n" + "| yes | no |\n" * 6, id="table"),
        pytest.param("```\n" + "x += 1\n" * 9 + "```", id="code"),
        pytest.param("```\n" + "x += 1\n" * 9, id="open-code"),
        pytest.param("\n".join(f"{i}. yes" for i in range(1, 9)), id="numbered"),
    ],
)
def test_honest_repetition_is_none(text: str) -> None:
    assert not loops(text)


@given(st.text(st.characters(categories=["L"]), min_size=1, max_size=30), st.integers(3, 9), st.text())
def test_words_said_often_enough_are_a_loop(block: str, times: int, before: str) -> None:
    before = before.replace("`", "").replace("|", "")
    assert loops(f"{before} {block * (times + 40 // len(block))}")


@given(st.text("ab \n", max_size=60), st.integers(2, 5), st.integers(5, 30))
def test_a_text_repeats_itself_as_the_definition_says(text: str, times: int, chars: int) -> None:
    def reach(period: int) -> int:
        back = text[::-1]
        differ = (at for at in range(len(text) - period) if back[at] != back[at + period])
        return next(differ, len(text) - period) + period

    wanted = any(reach(period) >= max(times * period - 1, chars, 2 * period) for period in range(1, len(text)))
    assert repeats(text, times, chars) == wanted


@pytest.mark.parametrize(
    "text", ["a" * 10**6, "ab" * 10**6, "1" * 10**6, "[" * 10**6, " \n" * 10**6, "a" * 10**6 + "b"]
)
def test_long_texts_are_quick(text: str) -> None:
    began = time.process_time()
    assert loops(text) in (True, False)
    assert time.process_time() - began < 3
