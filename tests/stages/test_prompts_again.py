"""The prompts stage, run more than once in one folder: what the registry keeps, and what a kill leaves."""

import json
import random
from pathlib import Path

import pytest

from blackbox_kd.config.prompts import Prompts
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_rows
from blackbox_kd.records import Json, Prompt, Split
from blackbox_kd.run import PROMPTS, RunDir, Silent
from blackbox_kd.stages.prompts import STAGE, asked_twice, main, planned
from blackbox_kd.stages.stage import execute, stale
from blackbox_kd.stats import power_statement

Rows = list[dict[str, Json]]
SPLITS = Path(".bbkd") / "splits.jsonl"
ROWS: Rows = [{"prompt": f"Who was the {n}. of them, {n * n} or {n + 7}?"} for n in range(60)]

NEW = "prompts: .bbkd/splits.jsonl is new: who is held out is settled now, and kept there"


class Noting(Silent):
    """Progress that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        """Keep it."""
        self.said.append(text)


def write(root: Path, rows: Rows) -> None:
    """The user's file."""
    (root / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def config(held_out: int = 10, seed: int = 0, **fields: object) -> Config:
    """Prompts of one file."""
    return Config(seed=seed, prompts=Prompts(files=("rows.jsonl",), held_out=held_out, **fields))  # type: ignore[arg-type]


def sides(run: RunDir, settings: Config) -> dict[str, Split]:
    """The sides that the stage gives, by text."""
    main(run, settings)
    return {one.messages[0].content: one.split for one in read_rows(run / PROMPTS, Prompt)}


def test_no_prompt_moves_when_others_come_or_go_or_settings_change(run: RunDir) -> None:
    rng, seen = random.Random(1), dict[str, Split]()
    for turn in range(8):
        write(run.root, rng.sample(ROWS, rng.randint(20, 60)))
        found = sides(run, config(held_out=rng.randint(2, 15), seed=turn, near_duplicate=rng.choice([0.8, 0.9, 1.0])))
        assert found | seen == seen | found
        seen |= found
    assert set(seen.values()) == {"train", "held_out"}


def test_two_runs_of_a_project_share_the_sides(run: RunDir) -> None:
    write(run.root, ROWS)
    assert sides(RunDir(run.root / "other", run.root), config(seed=5)) == sides(run, config())


def test_an_id_may_change_and_the_side_stays(run: RunDir) -> None:
    write(run.root, ROWS)
    before = sides(run, config())
    write(run.root, [{**row, "id": f"new-{n}"} for n, row in enumerate(ROWS)])
    assert sides(run, config()) == before


def test_without_a_registry_none_is_written_and_the_seed_decides_again(run: RunDir) -> None:
    write(run.root, ROWS)
    before = sides(run, config(splits=""))
    assert sides(run, config(splits="", seed=1)) != before
    assert not (run.root / ".bbkd").exists()


def test_a_registry_elsewhere_starts_over(run: RunDir) -> None:
    write(run.root, ROWS)
    before = sides(run, config())
    assert sides(run, config(splits="kept/splits.jsonl", seed=1)) != before
    assert len((run.root / "kept" / "splits.jsonl").read_text().splitlines()) == len(ROWS)


def test_a_second_run_adds_only_what_is_new_behind_what_was_there(run: RunDir) -> None:
    write(run.root, ROWS[:40])
    main(run, config())
    before = (run.root / SPLITS).read_bytes()
    main(run, config(seed=9))
    assert (run.root / SPLITS).read_bytes() == before
    write(run.root, ROWS)
    main(run, config())
    after = (run.root / SPLITS).read_bytes()
    assert after.startswith(before)
    assert len(after.splitlines()) == len(ROWS)


def test_after_a_kill_before_or_behind_the_registry_the_next_run_divides_alike(run: RunDir) -> None:
    write(run.root, ROWS)
    expected = sides(run, config())
    prompts, registry = (run / PROMPTS).read_bytes(), (run.root / SPLITS).read_bytes()
    (run / PROMPTS).unlink()  # the registry was written, the prompts were not
    assert sides(run, config()) == expected
    (run / PROMPTS).unlink()
    (run.root / SPLITS).unlink()
    (run.root / SPLITS).with_name(".splits.jsonl.abcd1234.tmp").write_bytes(registry[:100])  # nor was the registry
    assert sides(run, config()) == expected
    assert ((run / PROMPTS).read_bytes(), (run.root / SPLITS).read_bytes()) == (prompts, registry)
    assert sorted(path.name for path in (run.root / ".bbkd").iterdir()) == ["splits.jsonl", "splits.jsonl.lock"]


def test_a_torn_last_line_is_repaired_and_another_damaged_one_is_told(run: RunDir) -> None:
    write(run.root, ROWS)
    expected = sides(run, config())
    whole = (run.root / SPLITS).read_bytes()
    (run.root / SPLITS).write_bytes(whole[:-5])
    assert sides(run, config()) == expected
    assert (run.root / SPLITS).read_bytes() == whole
    (run.root / SPLITS).write_bytes(b"{}\n" + whole)
    with pytest.raises(InputError, match=r"splits\.jsonl:1: "):
        main(run, config())


def test_what_would_be_written_is_told_without_writing_anything(run: RunDir) -> None:
    write(run.root, ROWS)
    found = planned(run, config())
    assert [path.name for path in run.root.iterdir()] == ["rows.jsonl"]
    main(run, config())
    assert list(read_rows(run / PROMPTS, Prompt)) == found


def test_too_few_held_out_for_the_registry_is_told_with_how_to_start_over(run: RunDir) -> None:
    write(run.root, ROWS)
    main(run, config(held_out=5))
    progress = Noting()
    assert main(RunDir(run.path, run.root, progress), config(held_out=20))["held_out"] == 5
    assert progress.said[0] == (
        "prompts: 5 of 20 could be held out: 55 are train in .bbkd/splits.jsonl and stay so; "
        "another [prompts] splits file starts over"
    )


def test_all_registered_on_one_side_is_refused_with_how_to_start_over(run: RunDir) -> None:
    write(run.root, ROWS)
    main(run, config(held_out=0))
    with pytest.raises(InputError, match="cannot hold out 3 of 60 prompts") as raised:
        main(run, config(held_out=3))
    assert "another [prompts] splits file" in raised.value.fix


def test_how_much_so_many_held_out_prompts_can_show_is_said(run: RunDir) -> None:
    write(run.root, ROWS)
    progress = Noting()
    main(RunDir(run.path, run.root, progress), config())
    assert progress.said == [
        NEW,
        "prompts: 0 of 500 pairs across the split reach 0.8 (highest 0.0769)",
        f"prompts: few are held out; {power_statement(10, 0.5)}",
    ]


def test_where_some_have_a_reference_power_is_that_of_those(run: RunDir) -> None:
    write(run.root, [{**row, **({"reference": "x"} if n % 2 else {})} for n, row in enumerate(ROWS)])
    progress = Noting()
    main(RunDir(run.path, run.root, progress), config(held_out=30))
    n = sum(one.split == "held_out" and one.reference is not None for one in read_rows(run / PROMPTS, Prompt))
    assert 0 < n < 30
    assert progress.said == [
        NEW,
        "prompts: 0 of 900 pairs across the split reach 0.8 (highest 0.0769)",
        f"prompts: {n} of 30 held-out prompts have a reference, and accuracy is over these alone; "
        f"{power_statement(n, 0.5)}",
    ]


def test_the_stage_is_up_to_date_after_it_wrote_the_registry(run: RunDir) -> None:
    write(run.root, ROWS)
    execute(STAGE, run, config())
    assert stale(STAGE, run, config()) == ()


def test_some_held_out_prompts_without_a_reference_are_asked_twice(run: RunDir) -> None:
    write(run.root, [{**row, **({"reference": "x"} if n % 2 else {})} for n, row in enumerate(ROWS)])
    main(run, config(held_out=30, second_samples=4))
    chosen = [one for one in read_rows(run / PROMPTS, Prompt) if one.second_sample]
    assert len(chosen) == 4
    assert {(one.split, one.reference) for one in chosen} == {("held_out", None)}


def test_which_are_asked_twice_is_decided_by_id_and_not_by_order(run: RunDir) -> None:
    write(run.root, ROWS)
    prompts = planned(run, config(second_samples=0))
    chosen = {count: {one.id for one in asked_twice(prompts, count) if one.second_sample} for count in (0, 3, 9, 100)}
    assert [len(names) for names in chosen.values()] == [0, 3, 9, 10]
    assert chosen[3] < chosen[9] < chosen[100]
    assert {one.id for one in asked_twice(prompts[::-1], 3) if one.second_sample} == chosen[3]
