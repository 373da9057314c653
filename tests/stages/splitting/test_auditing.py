import itertools
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.config.prompts import Prompts
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_json, read_rows
from blackbox_kd.records import Prompt, Split
from blackbox_kd.run import PROMPTS, REFUSED_PROMPTS, SPLIT_AUDIT, RunDir
from blackbox_kd.shingles import jaccard, shingles
from blackbox_kd.stages.prompts import STAGE, main
from blackbox_kd.stages.splitting.auditing import Audit, Side, Stratum, audited, line
from blackbox_kd.stages.splitting.golden import Refused
from blackbox_kd.stages.stage import execute
from blackbox_kd.strategies.base import Draft, asked
from blackbox_kd.strategies.template import Template

LONG = " ".join(f"rule{n}" for n in range(40))
Rows = dict[str, tuple[str, Split, str | None]]  # text, side and own family, by id


def audit(rows: Rows, threshold: float = 0.8, refused: tuple[Refused, ...] = ()) -> Audit:
    """The audit of rows that are on these sides."""
    named = {
        name: Draft(messages=asked(text), where=f"f:{name}", family=family) for name, (text, _, family) in rows.items()
    }
    prompts = [
        Prompt(id=name, messages=asked(text), split=side, family=family or f"near:{name}", source="f")
        for name, (text, side, family) in rows.items()
    ]
    return audited(named, prompts, refused, threshold, None)


def templated(own: bool = True) -> Rows:
    """A long instruction and a few words of each row's own, twenty rows."""
    return {
        f"p{n:02}": (f"{LONG} case{n} item{n}", "held_out" if n % 4 == 0 else "train", f"own{n}" if own else None)
        for n in range(20)
    }


WORDS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=7).map(" ".join)


@settings(max_examples=60)
@given(st.lists(WORDS, min_size=2, max_size=12, unique=True), st.integers(1, 11))
def test_the_highest_similarity_and_the_pairs_are_those_that_a_plain_loop_finds(texts: list[str], cut: int) -> None:
    train, held = texts[:cut], texts[cut:]
    rows: Rows = {text: (text, "train" if text in train else "held_out", None) for text in texts}
    found = [jaccard(shingles(a), shingles(b)) for a, b in itertools.product(train, held)]
    across = sum(similarity >= 0.5 for similarity in found)
    if across:
        with pytest.raises(InputError, match=rf"^{across} pairs are across the split"):
            audit(rows, 0.5)
        return
    said = audit(rows, 0.5)
    assert (said.pairs_compared, said.pairs_overlapping) == (len(found), sum(one > 0 for one in found))
    assert (said.highest.similarity if said.highest else 0.0) == round(max(found, default=0.0), 4)
    assert said.highest == said.highest_with_template


def test_a_pair_across_is_an_error_that_names_both() -> None:
    rows: Rows = {"a": (LONG, "train", None), "b": (f"{LONG} more", "held_out", None), "c": ("else", "train", None)}
    with pytest.raises(InputError, match=r"^1 pairs are across the split: 'a' \(train\) and 'b' \(held_out\) have"):
        audit(rows)


def test_an_equal_text_on_both_sides_is_an_error_that_names_both() -> None:
    rows: Rows = {"a": ("So it is", "train", "x"), "b": ("so  it is", "held_out", "y")}
    with pytest.raises(InputError, match=r"'a' .* 'b'"):
        audit(rows)


def test_the_template_of_own_families_is_left_out_and_counted_apart() -> None:
    found = audit(templated())
    assert (found.pairs_across, found.pairs_across_with_template) == (0, 15 * 5)
    assert found.highest is None
    assert found.highest_with_template is not None
    assert (found.own_family, found.template_shingles) == (20, 38)
    assert "75 by the template of their own families alone" in line(found)


def test_without_families_of_their_own_a_template_is_no_excuse() -> None:
    with pytest.raises(InputError, match=r"^75 pairs are across"):
        audit(templated(own=False))


def test_own_families_whose_own_words_are_alike_are_across() -> None:
    rows = templated()
    rows["q"] = (f"{LONG} case3 item3 now", "held_out", "another")
    rows["p03"] = (f"{LONG} case3 item3", "train", "own3")
    with pytest.raises(InputError, match=r"'p03' \(train\) and 'q' \(held_out\)"):
        audit(rows, 0.6)


def test_sides_strata_refusals_and_lines_are_counted() -> None:
    rows: Rows = {f"p{n}": (f"{n} is a number", "held_out" if n > 7 else "train", None) for n in range(10)}
    found = audit(rows, refused=(Refused(id="x", reason="near_gold", near="y", text="z"),))
    assert found.sides == {
        "train": Side(prompts=8, share=0.8, families=8),
        "held_out": Side(prompts=2, share=0.2, families=2),
    }
    assert found.strata == {"source f": Stratum(train=8, held_out=2, share=1.0, held_out_share=1.0)}
    assert (found.refused, found.registry_lines, found.largest_difference) == ({"near_gold": 1}, None, 0.0)


def test_one_side_alone_has_nothing_to_compare() -> None:
    found = audit({"a": ("one", "train", None)})
    assert (found.pairs_compared, found.highest) == (0, None)
    assert line(found) == "0 of 0 pairs across the split reach 0.8"


def config(count: int = 40, **fields: object) -> Config:
    """Prompts of a template with a long instruction, a family each."""
    slots: dict[str, tuple[str, ...] | str] = {"n": tuple(f"case{n} item{n} part{n}" for n in range(count))}
    strategy = Template(count=count, templates=(f"{LONG} {{{{n}}}}",), slots=slots, family_slot="n")
    return Config(prompts=Prompts(strategy=(strategy,), held_out=10, **fields))  # type: ignore[arg-type]


def test_the_stage_writes_the_audit_and_a_second_run_writes_the_same(run: RunDir) -> None:
    execute(STAGE, run, config())
    first = (run / SPLIT_AUDIT).read_bytes()
    found = read_json(run / SPLIT_AUDIT, Audit)
    assert (found.pairs_compared, found.pairs_across, found.registry_lines) == (300, 0, 40)
    manifest = run.manifest("prompts")
    assert manifest is not None
    assert SPLIT_AUDIT in manifest.writes
    main(run, config())
    assert (run / SPLIT_AUDIT).read_bytes() == first


def test_train_prompts_that_say_what_a_held_out_one_of_another_family_says_are_refused(run: RunDir) -> None:
    rng = random.Random(2)
    rows = [
        (f"{LONG} {' '.join(f'w{n // 2}x{word}' for word in range(20))} z{n}", f"own{n}") for n in range(60)
    ]  # each is near one other, of another family
    rng.shuffle(rows)
    lines = "".join(f'{{"id": "{family}", "prompt": "{text}", "family": "{family}"}}\n' for text, family in rows)
    (run.root / "rows.jsonl").write_text(lines)
    settings_ = Config(prompts=Prompts(files=("rows.jsonl",), held_out=10))
    main(run, settings_)
    found = read_json(run / SPLIT_AUDIT, Audit)
    refused = {one.id: one for one in read_rows(run / REFUSED_PROMPTS, Refused)}
    sides = {one.id: one.split for one in read_rows(run / PROMPTS, Prompt)}
    pairs = [(f"own{n}", f"own{n + 1}") for n in range(0, 60, 2)]
    parted = [pair for pair in pairs if set(pair) & set(refused)]
    assert parted
    assert {one.reason for one in refused.values()} == {"near_held_out"}
    assert all({sides.get(one) for one in pair} == {"held_out", None} for pair in parted)
    assert all(len({sides[one] for one in pair}) == 1 for pair in pairs if pair not in parted)
    assert (found.pairs_across, found.refused) == (0, {"near_held_out": len(refused)})


def test_strata_are_those_of_the_files_and_slices(run: RunDir) -> None:
    for name, count in (("one", 80), ("two", 20)):
        lines = "".join(f'{{"prompt": "{name} asks number {n * n}, once"}}\n' for n in range(count))
        Path(run.root / f"{name}.jsonl").write_text(lines)
    main(run, Config(prompts=Prompts(files=("one.jsonl", "two.jsonl"), held_out=10)))
    found = read_json(run / SPLIT_AUDIT, Audit)
    assert {name: (one.train, one.held_out) for name, one in found.strata.items()} == {
        "source one.jsonl": (72, 8),
        "source two.jsonl": (18, 2),
    }
