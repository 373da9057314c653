import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.config.prompts import Prompts
from blackbox_kd.errors import InputError
from blackbox_kd.records import Split
from blackbox_kd.shingles import jaccard, shingles
from blackbox_kd.stages.content import asked_text, content_key
from blackbox_kd.stages.splitting.dividing import Division, divided
from blackbox_kd.stages.splitting.registry import Registered, Registry
from blackbox_kd.strategies.base import Draft, asked

TRAIN = tuple(f"a{n}" for n in range(12))
HELD = tuple(f"b{n}" for n in range(12))
SIDES: dict[str, Split] = {" ".join(TRAIN): "train", " ".join(HELD): "held_out"}
Words = tuple[str, ...]


def draft(text: str, **fields: object) -> Draft:
    """A prompt as a file gives it."""
    return Draft(messages=asked(text), where=f"f:{text[:9]}", **fields)  # type: ignore[arg-type]


def named_by_text(*drafts: Draft) -> dict[str, Draft]:
    """Drafts whose ids are their texts."""
    return {asked_text(one.messages): one for one in drafts}


def registry(sides: dict[str, Split], families: dict[str, set[Split]] | None = None) -> Registry:
    """A registry that has these texts."""
    known = {content_key(asked(text)): side for text, side in sides.items()}
    return Registry(known, families or {}, {}, 0)


def settings_of(held_out: int = 1, near_duplicate: float = 0.5, **fields: object) -> Prompts:
    """Prompts that are near-duplicates from half of their shingles on."""
    return Prompts(held_out=held_out, near_duplicate=near_duplicate, **fields)  # type: ignore[arg-type]


def old_and(*new: Draft, near_duplicate: float = 0.5) -> Division:
    """A registered train and a registered held-out prompt, and new ones beside them."""
    named = named_by_text(*(draft(text) for text in SIDES), *new)
    return divided(named, settings_of(near_duplicate=near_duplicate), 0, registry(SIDES))


def after(found: Division, before: Registry) -> Registry:
    """The registry once the division is written to it."""
    families: dict[str, set[Split]] = {name: set(sides) for name, sides in before.families.items()}
    for line in found.fresh:
        if line.family is not None:
            families.setdefault(line.family, set()).add(line.split)
    gold = {line.key: line for line in found.fresh if line.gold}
    sides = {line.key: line.split for line in found.fresh}
    return Registry(before.sides | sides, families, before.gold | gold, 0)


def test_a_registered_prompt_keeps_its_side_whatever_seed_number_and_threshold_say() -> None:
    sides: dict[str, Split] = {f"{n} is a number": "held_out" if n % 3 else "train" for n in range(30)}
    named = named_by_text(*(draft(text) for text in sides))
    for seed, held_out, near in ((0, 1, 0.8), (7, 29, 1.0), (3, 15, 0.9)):
        assert divided(named, settings_of(held_out, near), seed, registry(sides)).sides == sides


def test_a_new_prompt_goes_to_the_side_of_the_registered_one_that_it_is_near() -> None:
    to_train, to_held = " ".join((*TRAIN, "x")), " ".join((*HELD, "x"))
    found = old_and(draft(to_train), draft(to_held))
    assert (found.sides[to_train], found.sides[to_held]) == ("train", "held_out")


def test_a_new_prompt_near_both_sides_is_refused_with_the_two_that_it_connects() -> None:
    both = " ".join((*TRAIN, *HELD))
    found = old_and(draft(both), near_duplicate=0.3)
    (refused,) = found.refused
    assert (refused.id, refused.reason) == (both, "both_sides")
    assert (refused.near, refused.other) == tuple(SIDES)
    assert found.sides == SIDES


def chain(steps: int, one: Words = TRAIN, other: Words = HELD) -> list[str]:
    """Texts that lead from one to the other, each a near-duplicate of the next."""
    row = (*one, *(f"m{n}" for n in range(steps)), *other)
    return [" ".join(row[start : start + len(one)]) for start in range(1, len(row) - len(one))]


def test_of_a_chain_between_two_sides_one_link_is_refused_and_each_half_goes_to_its_end() -> None:
    links = chain(12)
    found = old_and(*(draft(text) for text in links))
    sides = [found.sides.get(text) for text in links]
    cut = sides.index(None)
    assert len(found.refused) == sides.count(None) <= 4
    assert set(sides[:cut]) == {"train"}
    assert set(sides[cut:]) - {None} == {"held_out"}


def test_what_is_cut_off_from_both_sides_by_those_refused_stays_together_as_train() -> None:
    both = (*TRAIN[-6:], *HELD[:6])
    loose = " ".join((*TRAIN[-3:], *HELD[:3], *("y1", "y2", "y3", "y4")))
    found = old_and(draft(" ".join(both)), draft(loose), near_duplicate=0.25)
    assert found.sides[loose] == "train"
    assert [one.id for one in found.refused] == [" ".join(both)]


@settings(max_examples=4)
@given(st.randoms(use_true_random=False), st.sampled_from([0.5, 0.8]))
def test_adding_a_thousand_prompts_that_join_two_old_groups_moves_none(rng: random.Random, near: float) -> None:
    old = {text: SIDES[" ".join(words)] for words in (TRAIN, HELD) for text in near_copies(rng, words, 5)}
    links = chain(1000)
    new = {*links, *near_copies(rng, TRAIN, 40), *near_copies(rng, HELD, 40), *mixed(rng, 60)} - set(old)
    before = registry(old)
    found = divided(named_by_text(*(draft(text) for text in (*old, *new))), settings_of(2, near), 0, before)
    assert len(new) >= 1000
    left_out = {one.id for one in found.refused}
    assert {text: found.sides.get(text, old[text]) for text in old} == old
    assert {*found.sides, *left_out} == {*old, *new}


def near_copies(rng: random.Random, words: Words, count: int) -> list[str]:
    """Texts of the same words with one or two others among them."""
    made = []
    for _ in range(count):
        copy = list(words)
        for _ in range(rng.randint(1, 2)):
            copy.insert(rng.randrange(len(copy)), f"z{rng.randrange(30)}")
        made.append(" ".join(copy))
    return list(dict.fromkeys(made))


def mixed(rng: random.Random, count: int) -> list[str]:
    """Texts of parts of both sides."""
    parts = [(TRAIN[rng.randrange(4) :], HELD[: rng.randrange(4, 12)]) for _ in range(count)]
    return [" ".join((*one, f"v{n}", *other)) for n, (one, other) in enumerate(parts)]


WORDS = st.lists(st.sampled_from("abcde"), min_size=3, max_size=7).map(" ".join)
ROW = st.tuples(
    WORDS, st.sampled_from([None, None, "f", "g"]), st.sampled_from([None, None, None, "train", "held_out"])
)


@settings(max_examples=80)
@given(
    st.lists(ROW, min_size=3, max_size=14, unique_by=lambda row: row[0]), st.integers(0, 3), st.sampled_from([0.3, 0.6])
)
def test_no_near_pair_and_no_new_family_is_ever_on_both_sides_and_a_second_run_changes_nothing(
    rows: list[tuple[str, str | None, Split | None]], held_out: int, near: float
) -> None:
    registered = {text: side for text, _, side in rows if side}
    families: dict[str, set[Split]] = {}
    for _, family, side in rows:
        if family and side:
            families.setdefault(family, set()).add(side)
    named = named_by_text(*(draft(text, family=family) for text, family, _ in rows))
    before = registry(registered, families)
    try:
        found = divided(named, settings_of(held_out, near), 0, before)
    except InputError as error:
        assert "cannot hold out" in error.message
        return
    assert all(found.sides.get(text, side) == side for text, side in registered.items())
    own = {text: named[text].family for text in found.sides}
    for one, other in itertools.combinations(found.sides, 2):
        if found.sides[one] != found.sides[other]:
            assert own[one] or own[other] or jaccard(shingles(one), shingles(other)) < near
            assert own[one] is None or own[one] != own[other] or {one, other} <= set(registered)
    again = divided(named, settings_of(held_out, near), 0, after(found, before))
    assert again.sides == found.sides
    assert {one.id for one in again.refused} == {one.id for one in found.refused}
    assert again.fresh == []


def test_a_new_row_of_a_registered_family_goes_to_its_side_though_no_other_row_is_there() -> None:
    named = named_by_text(draft("one", family="f"), draft("two", family="g"), draft("three"))
    found = divided(named, settings_of(2), 0, registry({"three": "held_out"}, {"f": {"train"}, "g": {"held_out"}}))
    assert found.sides == {"one": "train", "two": "held_out", "three": "held_out"}


def test_a_new_row_of_a_family_that_is_registered_on_both_sides_is_refused() -> None:
    sides: dict[str, Split] = {"one": "train", "two": "held_out"}
    named = named_by_text(*(draft(text, family="f") for text in ("one", "two", "three")))
    found = divided(named, settings_of(), 0, registry(sides, {"f": {"train", "held_out"}}))
    assert found.sides == sides
    assert [(one.id, one.reason, one.similarity) for one in found.refused] == [("three", "both_sides", None)]


def test_a_registered_train_prompt_that_comes_near_a_registered_held_out_one_is_left_out() -> None:
    one, other = " ".join(TRAIN), " ".join((*TRAIN, "x"))
    found = divided(
        named_by_text(draft(one), draft(other), draft("else")),
        settings_of(),
        0,
        registry({one: "train", other: "held_out", "else": "train"}),
    )
    assert found.sides == {other: "held_out", "else": "train"}
    assert [(refused.id, refused.reason, refused.near) for refused in found.refused] == [(one, "near_held_out", other)]
    assert found.fresh == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (draft("One", split="held_out"), "pinned to held_out, but the registry has this prompt as train"),
        (draft("two", family="f", split="held_out"), "pinned to held_out, but the registry has family 'f' as train"),
        (draft(" ".join((*TRAIN, "x")), split="held_out"), "pinned to held_out, but near .* registered as train"),
    ],
    ids=["itself", "its family", "a near one"],
)
def test_a_pin_against_the_registry_is_refused_with_both_sides_and_the_fix(row: Draft, said: str) -> None:
    sides: dict[str, Split] = {"one": "train", " ".join(TRAIN): "train", "three": "held_out"}
    named = named_by_text(row, draft(" ".join(TRAIN)), draft("three"))
    with pytest.raises(InputError, match=rf"^{row.where}: {said}") as raised:
        divided(named, settings_of(), 0, registry(sides, {"f": {"train"}}))
    assert "another [prompts] splits file" in raised.value.fix


def test_what_is_new_is_registered_in_the_order_of_the_ids_with_its_own_family_alone() -> None:
    named = named_by_text(draft("two", family="f"), draft("one"), draft("three"))
    found = divided(named, settings_of(), 0, registry({"three": "held_out"}))
    assert found.fresh == [
        Registered(key=content_key(asked("one")), split="train"),
        Registered(key=content_key(asked("two")), split="train", family="f"),
    ]


def test_registered_held_out_prompts_count_towards_the_number_to_hold_out() -> None:
    sides: dict[str, Split] = {f"old {n}": "held_out" for n in range(3)}
    named = named_by_text(*(draft(text) for text in sides), *(draft(f"new {n}") for n in range(20)))
    found = divided(named, settings_of(5), 0, registry(sides))
    assert sum(side == "held_out" for side in found.sides.values()) == 5
    assert sides.items() <= found.sides.items()
