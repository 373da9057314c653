from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.errors import UsageError
from blackbox_kd.strategies.template import Template, drawn, fill

HERE = Path()
TRANSLATE = Template(
    count=100,
    templates=("Translate {{word}} into {{ language }}.",),
    slots={"word": ("dog", "cat", "owl"), "language": ("French", "Turkish")},
)


def texts(template: Template, root: Path = HERE, seed: int = 0) -> list[str]:
    """The prompts' texts."""
    return [draft.messages[0].content for draft in template.drafts(root, seed)]


def test_all_combinations_are_made_once() -> None:
    expected = {f"Translate {word} into {to}." for word, to in product(("dog", "cat", "owl"), ("French", "Turkish"))}
    assert sorted(texts(TRANSLATE)) == sorted(expected)


def test_the_seed_alone_fixes_the_order() -> None:
    assert texts(TRANSLATE, seed=1) == texts(TRANSLATE, seed=1)
    assert len({tuple(texts(TRANSLATE, seed=seed)) for seed in range(9)}) > 1


def test_templates_take_turns() -> None:
    two = Template(count=4, templates=("One {{n}}.", "Two {{n}}."), slots={"n": tuple("0123456789")})
    assert [text[:3] for text in texts(two)] == ["One", "Two", "One", "Two"]


@given(
    st.integers(1, 30),
    st.lists(st.sampled_from(["{{a}}{{b}}", "{{b}}{{a}}", "{{a}}", "x{{b}}"]), min_size=1, max_size=4).map(tuple),
    st.lists(st.text("xy", max_size=3), min_size=1, max_size=4).map(tuple),
    st.lists(st.text("xy", max_size=3), min_size=1, max_size=4).map(tuple),
)
def test_prompts_are_distinct_and_as_many_as_asked_for_where_there_are_so_many(
    count: int, templates: tuple[str, ...], a: tuple[str, ...], b: tuple[str, ...]
) -> None:
    made = texts(Template(count=count, templates=templates, slots={"a": a, "b": b}))
    possible = {fill(template, {"a": x, "b": y}) for template in templates for x in a for y in b}
    assert len(made) == len(set(made)) == min(count, len(possible))
    assert set(made) <= possible


def test_a_huge_number_of_combinations_is_drawn_from_and_not_listed() -> None:
    slots = {name: tuple(str(n) for n in range(1000)) for name in "abcd"}
    made = texts(Template(count=50, templates=("{{a}} {{b}} {{c}} {{d}}",), slots={**slots}))
    assert len(set(made)) == 50


def test_drawing_ends_when_all_were_drawn() -> None:
    import random

    assert sorted(drawn(20, random.Random(0))) == list(range(20))


def test_a_value_is_put_in_as_it_is_and_never_filled_again() -> None:
    assert fill("{{a}} {{b}}", {"a": "{{b}}", "b": r"\1"}) == r"{{b}} \1"


def test_a_family_is_a_template_or_the_value_of_one_slot() -> None:
    assert {draft.family for draft in TRANSLATE.drafts(HERE, 0)} == set(TRANSLATE.templates)
    by_word = Template(count=9, templates=TRANSLATE.templates, slots=TRANSLATE.slots, family_slot="word")
    assert {draft.family for draft in by_word.drafts(HERE, 0)} == {"dog", "cat", "owl"}


def test_templates_and_values_come_from_files_too(tmp_path: Path) -> None:
    (tmp_path / "templates.txt").write_bytes(
        b"\xef\xbb\xbfName a {{thing}}.\r\nOne word.\r\n---\r\nDraw a {{thing}}.\r\n"
    )
    (tmp_path / "things.txt").write_bytes(b"lamp\r\n\r\n chair \r\n")
    made = texts(Template(count=9, file="templates.txt", slots={"thing": "things.txt"}), tmp_path)
    assert sorted(made) == ["Draw a chair.", "Draw a lamp.", "Name a chair.\nOne word.", "Name a lamp.\nOne word."]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (Template(count=1), "needs `templates` or `file`"),
        (Template(count=1, templates=("{{a}} {{b}}",), slots={"a": ("x",)}), "has a slot `b` without values"),
        (Template(count=1, templates=("{{a}}",), slots={"a": ()}), r"slots\.a: no values"),
        (Template(count=1, templates=("{{a}}",), slots={"a": "none.txt"}), r"no such file: .*none\.txt"),
        (Template(count=1, templates=("{{a}}",), slots={"a": ("x",)}, family_slot="A"), "family_slot: no slot `A`"),
        (Template(count=1, file="."), "no UTF-8 text file"),
    ],
)
def test_what_cannot_be_filled_is_an_error_that_says_why(template: Template, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        texts(template, tmp_path)
