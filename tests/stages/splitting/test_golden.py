import json
from pathlib import Path

import pytest

from blackbox_kd.config.prompts import Prompts
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import digest, read_rows
from blackbox_kd.records import Json, Prompt
from blackbox_kd.run import PROMPTS, REFUSED_PROMPTS, RunDir, Silent
from blackbox_kd.stages.prompts import STAGE, main, sources
from blackbox_kd.stages.splitting.golden import Refused
from blackbox_kd.stages.stage import execute

Rows = list[dict[str, Json]]
TOPICS = ("bread", "iron", "tea", "glass", "paper", "wool", "salt", "ink", "soap", "wax")
ROWS: Rows = [{"prompt": f"How is {topic} made, step by step?"} for topic in TOPICS]
GOLD: Rows = [
    {
        "id": "g1",
        "prompt": "Why does the moon look larger when it stands low over the horizon?",
        "reference": "Illusion.",
    },
    {
        "id": "g2",
        "prompt": "Name three rivers that flow through more than two countries in Europe.",
        "reference": "Rhine.",
    },
]


class Noting(Silent):
    """Progress that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        """Keep it."""
        self.said.append(text)


def write(root: Path, rows: Rows = ROWS, gold: Rows = GOLD) -> None:
    """The user's files."""
    for name, content in (("rows.jsonl", rows), ("gold.jsonl", gold)):
        (root / name).write_text("".join(f"{json.dumps(row)}\n" for row in content))


def config(gold: str = "gold.jsonl", **fields: object) -> Config:
    """Rows and gold."""
    return Config(prompts=Prompts(files=("rows.jsonl",), gold=gold, **fields))  # type: ignore[arg-type]


def made(run: RunDir, settings: Config | None = None) -> dict[str, Prompt]:
    """The prompts that the stage writes, by id."""
    main(run, settings or config())
    return {one.id: one for one in read_rows(run / PROMPTS, Prompt)}


def refused(run: RunDir) -> list[Refused]:
    """The prompts that the stage refused."""
    return list(read_rows(run / REFUSED_PROMPTS, Refused)) if (run / REFUSED_PROMPTS).exists() else []


def test_gold_rows_are_held_out_with_their_reference_and_source(run: RunDir) -> None:
    write(run.root)
    found = made(run)
    assert [(found[name].split, found[name].source) for name in ("g1", "g2")] == [("held_out", "gold:gold.jsonl")] * 2
    assert found["g1"].reference == "Illusion."
    assert main(run, config())["gold"] == 2


@pytest.mark.parametrize("reference", [None, "", "  "])
def test_a_gold_row_without_a_reference_is_refused_by_its_line(reference: str | None, run: RunDir) -> None:
    write(run.root, gold=[GOLD[0], {**GOLD[1], "reference": reference}])
    with pytest.raises(InputError, match=r"gold\.jsonl:2: a gold row needs a `reference`"):
        main(run, config())


def test_a_gold_row_pinned_to_train_and_a_prompt_that_stands_twice_are_refused(run: RunDir) -> None:
    write(run.root, gold=[{**GOLD[0], "split": "train"}])
    with pytest.raises(InputError, match=r"gold\.jsonl:1: pinned to train, and gold is held out"):
        main(run, config())
    write(run.root, gold=[GOLD[0], {**GOLD[0], "id": "g9"}])
    with pytest.raises(InputError, match=r"gold\.jsonl:2: the same prompt as at .*gold\.jsonl:1"):
        main(run, config())


def test_a_missing_gold_file_is_told(run: RunDir) -> None:
    write(run.root)
    with pytest.raises(InputError, match=r"prompts\.gold: none\.jsonl: no such file"):
        main(run, config("none.jsonl"))


def test_an_equal_prompt_of_the_files_is_the_gold_row_whatever_its_id(run: RunDir) -> None:
    write(run.root, rows=[*ROWS, {**GOLD[0], "id": "mine", "reference": "Other.", "slice": "sky"}])
    found = made(run)
    assert "mine" not in found
    assert (found["g1"].reference, found["g1"].slice, refused(run)) == ("Illusion.", "sky", [])


def test_an_equal_prompt_that_is_pinned_to_train_is_refused(run: RunDir) -> None:
    write(run.root, rows=[*ROWS, {"prompt": GOLD[0]["prompt"], "split": "train"}])
    with pytest.raises(InputError, match=r"rows\.jsonl:11: pinned to train, .*gold\.jsonl:1 is pinned to held_out"):
        main(run, config())


def test_a_prompt_near_gold_is_refused_listed_counted_and_told(run: RunDir) -> None:
    near = "why does the MOON look so much larger when it stands low over the horizon"
    write(run.root, rows=[*ROWS, {"id": "near", "prompt": near}])
    progress = Noting()
    counts = main(RunDir(run.path, run.root, progress), config())
    (one,) = refused(run)
    assert (one.id, one.reason, one.near, one.text) == ("near", "near_gold", "g1", near)
    assert one.similarity is not None
    assert 0.6 <= one.similarity < 1
    assert (counts["refused"], counts["prompts"]) == (1, 12)
    assert progress.said[1] == "prompts: 1 refused (1 near_gold), listed in prompts_refused.jsonl"


def test_a_registered_train_prompt_near_new_gold_is_left_out_and_stays_registered_as_train(run: RunDir) -> None:
    near: Rows = [{"id": "near", "prompt": "Why does the moon look larger if it stands low over the horizon?"}]
    write(run.root, rows=[*ROWS, {**near[0], "split": "train"}], gold=GOLD[1:])
    assert made(run)["near"].split == "train"
    write(run.root, rows=[*ROWS, *near])
    assert "near" not in made(run)
    assert made(run, config(""))["near"].split == "train"


def test_a_prompt_that_was_held_out_before_stays_so_beside_gold_that_is_near(run: RunDir) -> None:
    near = "Why does the moon look larger if it stands low over the horizon?"
    write(run.root, rows=[*ROWS, {"id": "near", "prompt": near, "split": "held_out"}], gold=GOLD[1:])
    main(run, config())
    write(run.root, rows=[*ROWS, {"id": "near", "prompt": near}])
    assert made(run)["near"].split == "held_out"
    assert refused(run) == []


def test_gold_that_was_trained_on_is_refused_with_the_fix(run: RunDir) -> None:
    write(run.root, rows=[*ROWS, {"prompt": GOLD[0]["prompt"], "split": "train"}], gold=GOLD[1:])
    main(run, config())
    write(run.root)
    with pytest.raises(InputError, match=r"gold\.jsonl:1: this prompt is registered as train") as raised:
        main(run, config())
    assert "another [prompts] splits file" in raised.value.fix
    assert made(run, config(splits="new.jsonl"))["g1"].split == "held_out"


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        (GOLD[:1], r"gold\.jsonl: the row 'g2' is gone"),
        (
            [GOLD[0], {**GOLD[1], "prompt": "Name four."}],
            r"gold\.jsonl: the row 'g2' is gone, or its prompt was changed",
        ),
        ([{**GOLD[0], "reference": "No."}, GOLD[1]], r"gold\.jsonl:1: the reference of gold row 'g1' was changed"),
    ],
    ids=["gone", "prompt", "reference"],
)
def test_gold_is_never_changed_or_removed(gold: Rows, said: str, run: RunDir) -> None:
    write(run.root)
    before = made(run)
    write(run.root, gold=gold)
    with pytest.raises(InputError, match=said):
        main(run, config())
    write(run.root)
    assert made(run) == before


def test_gold_may_grow_and_a_new_file_name_starts_a_new_set(run: RunDir) -> None:
    write(run.root)
    main(run, config())
    more: Rows = [*GOLD, {"id": "g3", "prompt": "What does a sextant measure at sea, and how?", "reference": "Angles."}]
    write(run.root, gold=more)
    assert main(run, config())["gold"] == 3
    write(run.root, gold=more[2:])
    (run.root / "gold.jsonl").rename(run.root / "second.jsonl")
    assert main(run, config("second.jsonl"))["gold"] == 1


def test_gold_does_not_hold_out_or_refuse_other_families_of_its_template(run: RunDir) -> None:
    rest = "and answer with one word in upper case, without a full stop or any explanation whatever it may be"
    prompts = [f"Read this note: the parcel {n} of {topic} is late; {rest}" for n, topic in enumerate(TOPICS * 6)]
    rows: Rows = [{"prompt": prompt, "family": str(n)} for n, prompt in enumerate(prompts)]
    write(run.root, rows=rows[2:], gold=[{**row, "reference": "LATE"} for row in rows[:2]])
    counts = main(run, config(held_out=2))
    assert (counts["refused"], counts["held_out"]) == (0, 2)


def test_the_gold_file_is_read_by_the_stage_and_its_hash_is_in_the_manifest(run: RunDir) -> None:
    write(run.root)
    assert sources(run, config())[0] == run.root / "gold.jsonl"
    execute(STAGE, run, config())
    manifest = run.manifest("prompts")
    assert manifest is not None
    assert manifest.reads["gold.jsonl"] == digest(run.root / "gold.jsonl")
