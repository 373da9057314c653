import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters.endings import cut

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
LINES = st.lists(st.sampled_from(["x = 1", "", "    return x", "# why", "print('`')", "a | b"]), max_size=5)


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("<think>France. Its capital is Paris.", "open_reasoning"),
        ('{"queue": "bill', "open_json"),
        ('Here it is:\n\n{\n  "queue": "billing",\n', "open_json"),
        ("[1, 2,", "open_json"),
        ("```python\nprint(1)", "open_fence"),
        ("```python\nprint(1)\n``", "open_fence"),
        ("So:\n\n- do this:\n  ```sh\n  ls", "open_fence"),
        ("````md\n```python\nprint(1)\n```\n", "open_fence"),
        ("```md\nText\n```python\nprint(1)\n```\n", "open_fence"),
        ("So:\n\n\\begin{align}\nx &= 1", "open_latex"),
        ("So:\n\n\\begin{align}\nx &= 1\n\\end{ali", "open_latex"),
        ("So:\n\n\\[\nx = 1", "open_latex"),
        ("So:\n\n$$\nx = \\frac{1}{2", "open_latex"),
        ("It holds that \\( x^2 = 1", "open_latex"),
        ("It holds that $x^2 = 1", "open_latex"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3", "open_row"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 |", "open_row"),
        ("| a | b |\n|---|---|", "open_row"),
        ("It is set in `config.tom", "open_mark"),
        ("It is set in ``config.toml``, or with ``--conf", "open_mark"),
        ("See [the guide](https://example.com/gui", "open_mark"),
        ("See [the guide][gui", "open_mark"),
        ("See `the guide <https://example.com/gui", "open_mark"),
        ("It returns the sum (or 0, if there is no", "open_mark"),
        ("### Title\n\n<!-- YAML\nadded: v1.2", "open_mark"),
    ],
)
def test_what_is_left_open_is_named(text: str, how: str) -> None:
    assert cut(text) == how


@pytest.mark.parametrize(
    "text",
    [
        "Paris.",
        "",
        "<think>France.</think>Paris.",
        "[1] Kim and Rush, 2016.",
        "[Verse 1]\nIt rains",
        "{name} is a placeholder.",
        "```\ncode\n```",
        "````md\n```python\nprint(1)\n```\n````",
        "```md\nText\n```python\nprint(1)\n```\n```",
        "Title\n~~~~~\n\nText.",
        "Three backticks, ```, open a block.",
        '{"a": [1, 2]} as asked',
        '[{"```": null}]',
        "{x | x > 0} is a set",
        "int main()\n{\n    return 0;\n}",
        "\\[ x = 1 \\]",
        "So:\n\n$$\nx = 1\n$$",
        "It costs $5, or $6 with a bow",
        "echo $HOME/bin",
        "kill $$",
        're.compile(r"\\(a\\)")',
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "a | b\n--|--\n1 | 2",
        "|x| is the absolute value",
        "It is set in `config.toml`",
        "A `` ` `` opens a code span",
        "See [the guide](https://example.com/guide)",
        "It is open on one side: [0, 1)",
        "She said ``hello'' and left",
        "Was I glad :(",
        "foo(bar,\n    [1, 2",
        "<!-- a comment --> Text",
    ],
)
def test_whole_texts_are_not_cut_off(text: str) -> None:
    assert cut(text) is None


@given(st.lists(VALUES) | st.dictionaries(st.text(max_size=4), VALUES), st.booleans(), st.data())
def test_every_beginning_of_a_json_value_is_cut_off(value: object, escaped: bool, data: st.DataObject) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    end = data.draw(st.integers(1, len(text) - 1))
    assert cut(text[:end]) == "open_json"
    assert cut(text) is None


@given(LINES, st.sampled_from(["", "python", "c++", "{.py}"]), st.sampled_from(["```", "````"]))
def test_a_code_block_is_open_until_it_is_closed(lines: list[str], language: str, fence: str) -> None:
    block = "\n".join(["Look:", f"{fence}{language}", *lines])
    assert cut(block) == "open_fence"
    assert cut(f"{block}\n{fence}") is None


def test_a_sentence_may_end_anywhere_where_it_is_known_to_be_whole() -> None:
    text = "It lies on the Seine. It has been the seat of kings and of"
    assert (cut(text), cut(text, sentences=False)) == ("mid_sentence", None)


def test_deeply_nested_json_is_no_crash() -> None:
    assert cut("[" * 100_000) == "open_json"
