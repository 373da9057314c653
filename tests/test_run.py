import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, RunInUse
from blackbox_kd.jsonl import digest
from blackbox_kd.records import Json
from blackbox_kd.run import Manifest, RunDir, flatten, reasons, require, show

OLD = Manifest(
    stage="filter",
    settings={"length.max_words": 400, "off": []},
    reads={"completions.jsonl": "aa"},
    writes={},
    counts={"kept": 3},
)


def test_a_stage_that_never_finished_has_to_run(run: RunDir) -> None:
    assert reasons(None, run, {}, {}) == ("not finished before",)


def test_equal_settings_and_files_are_no_reason(run: RunDir) -> None:
    assert reasons(OLD, run, dict(OLD.settings), dict(OLD.reads)) == ()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"length.max_words": 300, "off": []}, "length.max_words 400 -> 300"),
        ({"off": []}, "length.max_words 400 -> unset"),
        ({"length.max_words": 400, "off": [], "seed": 1}, "seed unset -> 1"),
        ({"length.max_words": 400, "off": ["gate"]}, 'off [] -> ["gate"]'),
    ],
)
def test_a_changed_setting_is_named_with_both_values(settings: dict[str, Json], reason: str, run: RunDir) -> None:
    assert reasons(OLD, run, settings, OLD.reads) == (reason,)


@pytest.mark.parametrize(
    ("reads", "reason"),
    [
        ({"completions.jsonl": "bb"}, "completions.jsonl changed"),
        ({"completions.jsonl": "absent"}, "completions.jsonl is gone"),
        ({}, "completions.jsonl is gone"),
        ({"completions.jsonl": "aa", "new.txt": "cc"}, "new.txt changed"),
    ],
)
def test_a_changed_file_is_named(reads: dict[str, str], reason: str, run: RunDir) -> None:
    assert reasons(OLD, run, OLD.settings, reads) == (reason,)


@pytest.mark.parametrize("damage", ["changed", None])
def test_an_output_that_was_touched_is_a_reason(damage: str | None, run: RunDir) -> None:
    run.path.mkdir()
    out = run / "rejected.jsonl"
    out.write_text("as written")
    manifest = Manifest(stage="x", settings={}, reads={}, writes={"rejected.jsonl": digest(out)}, counts={})
    assert reasons(manifest, run, {}, {}) == ()
    if damage:
        out.write_text(damage)
    else:
        out.unlink()
    assert reasons(manifest, run, {}, {}) == ("rejected.jsonl is missing or was changed",)


def test_a_manifest_is_read_back_as_it_was_written(run: RunDir) -> None:
    assert run.manifest("filter") is None
    run.finish(OLD)
    assert run.manifest("filter") == OLD


def test_settings_compare_equal_after_the_manifest_was_read_back(run: RunDir) -> None:
    settings = flatten(Config())
    run.finish(Manifest(stage="all", settings=settings, reads={}, writes={}, counts={}))
    assert reasons(run.manifest("all"), run, settings, {}) == ()


def test_a_damaged_manifest_is_an_error_that_names_it(run: RunDir) -> None:
    run.manifest_path("filter").parent.mkdir(parents=True)
    run.manifest_path("filter").write_text('{"stage": "filter"}')
    with pytest.raises(InputError, match=r"manifest/filter\.json"):
        run.manifest("filter")


@pytest.mark.parametrize(
    ("path", "name"), [("run/prompts.jsonl", "prompts.jsonl"), ("data/rows.csv", "data/rows.csv"), ("/e/f", "/e/f")]
)
def test_files_are_named_so_that_the_folder_can_move(path: str, name: str, run: RunDir) -> None:
    assert run.name_of(run.root / path) == name


def test_nested_settings_become_dotted_keys() -> None:
    assert flatten({"a": {"b": {"c": 1}}, "d": (1, 2), "e": {}}) == {"a.b.c": 1, "d": [1, 2], "e": {}}


def test_a_prefix_goes_before_every_key() -> None:
    assert flatten({"max_words": 3}, "length") == {"length.max_words": 3}
    assert flatten(7, "seed") == {"seed": 7}


@given(st.recursive(st.integers(), lambda inner: st.dictionaries(st.text("ab", min_size=1), inner), max_leaves=8))
def test_flattening_loses_no_value(value: int | dict[str, object]) -> None:
    def leaves(item: object) -> list[object]:
        return [leaf for one in item.values() for leaf in leaves(one)] if isinstance(item, dict) else [item]

    found = [item for item in flatten(value, "x").values() if item != {}]
    assert sorted(map(str, found)) == sorted(map(str, leaves(value)))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "unset"), ("two\n lines", "two lines"), (True, "true"), (["é"], '["é"]'), ("x" * 99, "x" * 57 + "...")],
)
def test_a_setting_is_shown_on_one_short_line(value: Json, shown: str) -> None:
    assert show(value) == shown


def test_a_missing_file_names_the_stage_that_writes_it(run: RunDir) -> None:
    with pytest.raises(InputError, match=r"bbkd generate"):
        require(run / "completions.jsonl", "generate")


HOLD = """
import sys, time
from pathlib import Path
from blackbox_kd.run import RunDir
with RunDir(Path(sys.argv[1]), Path(sys.argv[1])).locked():
    sys.stdout.write("held\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


def test_a_second_process_is_told_who_holds_the_run(run: RunDir) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, run.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunInUse, match=rf"pid {holder.pid} on ") as caught, run.locked():
            pytest.fail("two processes held one run directory")
        holder.kill()
        holder.wait(timeout=30)
        with run.locked():  # the kernel freed it with the death of its holder
            pass
    assert caught.value.exit_code == 7


def test_the_lock_is_free_after_an_error(run: RunDir) -> None:
    with pytest.raises(KeyError), run.locked():
        raise KeyError
    with run.locked():
        assert run.path.is_dir()


def test_others_may_not_look_into_a_new_run_directory(run: RunDir) -> None:
    with run.locked():
        assert Path(run.path).stat().st_mode & 0o077 == 0
