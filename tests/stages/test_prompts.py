import json
import random
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.config.prompts import Prompts
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_rows
from blackbox_kd.records import Json, Prompt, Split
from blackbox_kd.run import PROMPTS, RunDir
from blackbox_kd.stages.prompts import STAGE, identified, main, sources
from blackbox_kd.stages.splitting.dividing import family_of, split_of
from blackbox_kd.stages.stage import execute, stale
from blackbox_kd.strategies.base import Draft, asked
from blackbox_kd.strategies.template import Template
from blackbox_kd.tasks import TaskPrompts

TOPICS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")


def draft(text: str, where: str = "f:1", **fields: object) -> Draft:
    """A prompt as a strategy gives it."""
    return Draft(messages=asked(text), where=where, **fields)  # type: ignore[arg-type]


def made(run: RunDir, config: Config) -> list[Prompt]:
    """The prompts that the stage writes."""
    main(run, config)
    return list(read_rows(run / PROMPTS, Prompt))


def config(held_out: int = 2, seed: int = 0, **fields: object) -> Config:
    """A configuration whose prompts lie in rows.jsonl."""
    return Config(seed=seed, prompts=Prompts(files=("rows.jsonl",), held_out=held_out, **fields))  # type: ignore[arg-type]


def write(root: Path, rows: list[dict[str, Json]]) -> None:
    """The rows as the user's file."""
    (root / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


ROWS: list[dict[str, Json]] = [{"prompt": f"What is {topic} and who needs it?"} for topic in TOPICS]


def test_the_order_of_the_rows_does_not_matter(run: RunDir) -> None:
    write(run.root, ROWS)
    first = made(run, config())
    write(run.root, ROWS[::-1])
    assert made(run, config()) == first
    assert [prompt.id for prompt in first] == sorted(prompt.id for prompt in first)


def test_another_seed_holds_out_others_where_no_registry_is_kept(run: RunDir) -> None:
    write(run.root, ROWS)
    sides = {tuple(prompt.split for prompt in made(run, config(seed=seed, splits=""))) for seed in range(6)}
    assert len(sides) > 1


def test_near_duplicates_share_a_family_and_a_side(run: RunDir) -> None:
    rest = "is, and who in the whole wide world would ever need it, and why, and for how long, and at what price"
    write(run.root, [{"prompt": f"{start} say what {topic} {rest}"} for topic in TOPICS for start in ("Please", "Now")])
    prompts = made(run, config(held_out=4))
    assert len({prompt.family for prompt in prompts}) == len(TOPICS)
    assert len({(prompt.family, prompt.split) for prompt in prompts}) == len(TOPICS)
    assert sum(prompt.split == "held_out" for prompt in prompts) == 4


def test_what_a_row_says_is_what_the_prompt_says(run: RunDir) -> None:
    row: dict[str, Json] = {"prompt": "One?", "id": "a", "family": "f", "slice": "s", "reference": "1", "weight": 2.5}
    write(run.root, [{**row, "split": "held_out", "note": "n"}, *ROWS])
    (prompt,) = [prompt for prompt in made(run, config()) if prompt.id == "a"]
    assert (prompt.family, prompt.slice, prompt.reference, prompt.weight) == ("f", "s", "1", 2.5)
    assert (prompt.split, prompt.source, prompt.meta) == ("held_out", "rows.jsonl", {"note": "n"})


def test_templates_and_tasks_give_prompts_too(run: RunDir) -> None:
    template = Template(count=5, templates=("Name {{n}}.",), slots={"n": TOPICS}, family_slot="n")
    strategies = (template, TaskPrompts(task="units", count=20))
    counts = main(run, Config(prompts=Prompts(strategy=strategies, held_out=6)))
    sources_ = Counter(prompt.source for prompt in read_rows(run / PROMPTS, Prompt))
    assert sources_ == {"template": 5, "task:units": 20}
    assert counts["with_reference"] == 20


def test_a_run_without_prompts_is_refused(run: RunDir) -> None:
    with pytest.raises(InputError, match="no prompts"):
        main(run, Config())


def test_a_larger_held_out_set_than_the_families_allow_is_told(run: RunDir) -> None:
    write(run.root, [{**row, "family": str(n // 4)} for n, row in enumerate(ROWS)])
    counts = main(run, config(held_out=3))
    assert (counts["held_out"], counts["families"], counts["prompts"]) == (2, 3, 10)


def test_files_of_slots_and_templates_are_read_by_the_stage(run: RunDir) -> None:
    write(run.root, ROWS)
    template = Template(count=1, file="templates.txt", slots={"a": "values.txt", "b": ("x",)})
    found = sources(run, Config(prompts=Prompts(files=("*.jsonl",), strategy=(template,))))
    assert [path.name for path in found] == ["rows.jsonl", "values.txt", "templates.txt"]


def test_the_stage_is_stale_when_a_row_or_the_seed_changes(run: RunDir) -> None:
    write(run.root, ROWS)
    execute(STAGE, run, config())
    assert stale(STAGE, run, config()) == ()
    assert stale(STAGE, run, config(seed=1)) == ("seed 0 -> 1",)
    write(run.root, ROWS[1:])
    assert stale(STAGE, run, config()) == ("rows.jsonl changed",)


def test_a_prompt_without_an_id_is_named_by_its_content() -> None:
    one, other = identified([draft("a"), draft("b")])
    assert one != other
    assert list(identified([draft("a", where="elsewhere:9")])) == [one]


def test_equal_prompts_become_one_of_their_whole_weight_that_knows_what_any_of_them_said() -> None:
    (merged,) = identified([draft("a"), draft("a", weight=2.5, reference="r", split="held_out")]).values()
    assert (merged.weight, merged.reference, merged.split) == (3.5, "r", "held_out")


def test_equal_prompts_pinned_to_both_sides_are_refused() -> None:
    with pytest.raises(InputError, match=r"f:2: pinned to held_out, but .* f:1 is pinned to train"):
        identified([draft("a", "f:1", split="train"), draft("a", "f:2", split="held_out")])


@pytest.mark.parametrize("text", ["a", "b"])
def test_an_id_that_stands_twice_is_refused_with_both_places(text: str) -> None:
    with pytest.raises(InputError, match=r"f:2: the id 'x' stands at f:1 already"):
        identified([draft("a", "f:1", id="x"), draft(text, "f:2", id="x")])


def test_a_family_of_the_users_is_joined_to_another_only_by_an_equal_text() -> None:
    named = {"a": draft("so it is", family="one"), "b": draft("so it was", family="two"), "c": draft("So it  is")}
    families = family_of(named, 0.1)
    assert families["a"] == families["c"] != families["b"]


def test_conversations_that_end_alike_are_no_near_duplicates() -> None:
    def conversation(topic: str) -> Draft:
        turns = (f"Tell me all about {topic} and its long history", f"{topic} is old.", "yes please go on")
        roles = ("user", "assistant", "user")
        messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=True)]
        return msgspec.convert({"messages": messages, "where": topic}, Draft)

    named = {topic: conversation(topic) for topic in ("bread", "iron", "tea")}
    assert len(set(family_of(named, 0.8).values())) == 3


def test_a_family_pinned_to_both_sides_is_refused() -> None:
    named = {"a": draft("a", "f:1", split="train"), "b": draft("b", "f:2", split="held_out")}
    with pytest.raises(InputError, match="f:1, f:2: family 'f' is pinned to train and to held_out"):
        split_of(named, {"a": "f", "b": "f"}, 1, 0)


@pytest.mark.parametrize("held_out", [1, 3])
def test_a_split_that_leaves_one_side_empty_is_refused(held_out: int) -> None:
    named = {name: draft(name) for name in "abc"}
    families = dict.fromkeys("abc", "one") if held_out == 1 else {name: name for name in "abc"}
    with pytest.raises(InputError, match=f"cannot hold out {held_out} of 3 prompts"):
        split_of(named, families, held_out, 0)


def test_nothing_is_held_out_where_nothing_is_asked_for() -> None:
    assert split_of({"a": draft("a")}, {"a": "a"}, 0, 0) == {"a": "train"}


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.sampled_from("12345678"), min_size=3, max_size=30),
    st.dictionaries(st.sampled_from("12345678"), st.sampled_from(["train", "held_out"]), max_size=3),
    st.integers(0, 20),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
def test_families_are_whole_pins_are_kept_and_the_order_of_the_input_is_irrelevant(
    families: dict[str, str], pins: dict[str, Split], held_out: int, seed: int, rng: random.Random
) -> None:
    named = {name: draft(name, split=pins.get(family)) for name, family in families.items()}
    try:
        sides = split_of(named, families, held_out, seed)
    except InputError:
        return
    shuffled = list(families)
    rng.shuffle(shuffled)
    again = split_of(
        {name: named[name] for name in shuffled}, {name: families[name] for name in shuffled}, held_out, seed
    )
    assert again == sides
    assert set(sides) == set(families.values())
    assert all(sides[family] == side for family, side in pins.items() if family in sides)
    pinned = sum(pins.get(family) == "held_out" for family in families.values())
    assert sum(sides[family] == "held_out" for family in families.values()) <= max(held_out, pinned)
    assert held_out == 0 or set(sides.values()) == {"train", "held_out"}


@given(st.sets(st.text("abcdefgh", min_size=3, max_size=3), min_size=10, max_size=40), st.integers(1, 8))
def test_more_prompts_move_none_out_of_the_training_set_to_where_it_was_held_out(
    names: set[str], held_out: int
) -> None:
    named = {name: draft(name) for name in names}
    whole = split_of(named, {name: name for name in names}, held_out, 0)
    assert sum(side == "held_out" for side in whole.values()) == held_out
    fewer = sorted(names)[:-1]
    part = split_of({name: named[name] for name in fewer}, {name: name for name in fewer}, held_out, 0)
    assert sum(part[name] != whole[name] for name in fewer) <= 1


def test_of_two_equal_rows_the_family_slice_and_source_do_not_depend_on_which_came_first() -> None:
    one = draft("a", "f:1", family="y", slice="t", source="two.jsonl")
    other = draft("a", "f:2", family="x", slice="s", source="one.jsonl")
    for rows in ((one, other), (other, one)):
        (merged,) = identified(rows).values()
        assert (merged.family, merged.slice, merged.source) == ("x", "s", "one.jsonl")
