import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters.base import Measured
from blackbox_kd.filters.loops import Loops
from blackbox_kd.records import Completion

SENTENCE = "The cat sat on the mat and looked at the moon. "
PARAGRAPH = (
    "Rivers carry sand and stones from the mountains to the plain, where the water slows down and lets them fall. "
    "Over the years the bed rises, until a flood breaks through and finds another way to the sea. "
)
START = "Here is what I know about it. Some of this may be wrong, and some of it is old. "
WORDS = st.lists(st.text(string.ascii_lowercase, min_size=2, max_size=9), min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(START + SENTENCE * 4, id="sentence"),
        pytest.param(START + SENTENCE * 4 + SENTENCE[:20], id="sentence-cut"),
        pytest.param(START + "yes no " * 30, id="cycle"),
        pytest.param(START + ", ".join(f"item {i}" for i in range(1, 40)), id="counter"),
        pytest.param("\n".join(f"{i}. Check the list." for i in range(1, 40)), id="numbered"),
        pytest.param(START + (PARAGRAPH + "\n\n") * 3, id="paragraph"),
        pytest.param(START + (PARAGRAPH + "\n\n") * 2 + PARAGRAPH[:60], id="paragraph-cut"),
        pytest.param("N" + "o" * 100, id="letter"),
        pytest.param("Stop" + "!" * 100, id="mark"),
        pytest.param("-" * 400, id="rule-without-end"),
        pytest.param("7" * 400, id="digit"),
        pytest.param(START + SENTENCE * 5 + "And so it ended. " + PARAGRAPH, id="inside"),
        pytest.param("日本語の文章です。" * 12, id="no-spaces"),
        pytest.param("```\nx = 1\n```\n" + SENTENCE * 4, id="after-code"),
        pytest.param((PARAGRAPH + "\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n") * 3, id="with-a-table"),
    ],
)
def test_a_loop_is_rejected(text: str, completion: Callable[..., Completion]) -> None:
    verdict = Loops().check(completion(text))
    assert (verdict.kept, verdict.reason) == (False, "loop")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Paris.",
        START + PARAGRAPH,
        SENTENCE * 2,
        "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream.",
        "=" * 120 + "\nTitle\n" + "=" * 120,
        "```python\n" + "print('hello, world')\n" * 12 + "```\nIt says so twelve times.",
        "| a | b |\n|---|---|\n" + "| yes, always | no, never |\n" * 12,
        "\\begin{bmatrix}\n" + "\\alpha & \\beta & \\gamma \\\\\n" * 9 + "\\end{bmatrix}",
        '[{"label": "positive", "score": 0.9}' + ', {"label": "positive", "score": 0.8}' * 20 + "]",
        "\n".join(f"Programming Language :: Python :: 3.{minor}" for minor in range(6, 14)),
        ", ".join(map(str, range(200))),
        "<table>\n" + "<tr><td>yes, always</td></tr>\n" * 12 + "</table>",
        "\n".join(f"* [{one}.x](CHANGELOG_V{one}.md)" for one in range(4, 24)),
        "\n".join(f"{i}. {word} is one of them" for i, word in enumerate(PARAGRAPH.split())),
    ],
)
def test_honest_repetition_is_kept(text: str, completion: Callable[..., Completion]) -> None:
    assert Loops().check(completion(text)).kept


def test_the_span_is_what_repeats_itself(completion: Callable[..., Completion]) -> None:
    text = START + "Item 1, " * 20 + "\n\nThat was it."
    span = Loops().check(completion(text)).span
    assert span is not None
    assert text[slice(*span)].strip().startswith("Item 1, Item 1,")
    assert text[slice(*span)].strip().endswith("Item 1,")


@given(WORDS, st.integers(3, 9), WORDS, WORDS, st.data())
def test_words_said_often_enough_are_a_loop_wherever_they_stand(
    completion: Callable[..., Completion], block: str, times: int, before: str, after: str, data: st.DataObject
) -> None:
    times += 80 // len(block.replace(" ", ""))
    repeated = f"{block} " * times
    repeated += data.draw(st.sampled_from([after, block[: len(block) // 2]]))
    assert not Loops().check(completion(f"{before}. {repeated}")).kept


@given(st.text() | st.lists(st.sampled_from(["ab ", "Item 1, ", SENTENCE, "- ", "日"]), max_size=60).map("".join))
def test_another_threshold_decides_on_what_was_measured(completion: Callable[..., Completion], text: str) -> None:
    verdict = Loops().check(completion(text))
    assert isinstance(verdict.value, int | float)
    again = Loops(max_chars=200).decide(Measured(verdict.value, verdict.span))
    assert again == Loops(max_chars=200).check(completion(text))
