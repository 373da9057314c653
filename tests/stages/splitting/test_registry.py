import json
import threading
from pathlib import Path

import pytest

from blackbox_kd.errors import InputError
from blackbox_kd.run import Silent
from blackbox_kd.stages.splitting.registry import Registered, append, held, path_of, read

ONE = Registered(key="1", split="train", family="f")
TWO = Registered(key="2", split="held_out", gold="gold.jsonl", id="g", reference="r")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A registry of two prompts."""
    append(tmp_path / "splits.jsonl", [ONE, TWO], 0)
    return tmp_path / "splits.jsonl"


def test_what_is_appended_is_read_back_of_the_keys_families_and_gold_file_asked_for(path: Path) -> None:
    found = read(path, {"1", "2", "3"}, {"f", "g"}, "gold.jsonl")
    assert (found.sides, found.families, found.gold) == ({"1": "train", "2": "held_out"}, {"f": {"train"}}, {"2": TWO})
    other = read(path, {"2"}, (), "other.jsonl")
    assert (other.sides, other.families, other.gold) == ({"2": "held_out"}, {}, {})


def test_appending_keeps_every_byte_that_was_there_and_the_mode_of_the_file(path: Path) -> None:
    path.chmod(0o644)
    before = path.read_bytes()
    append(path, [Registered(key="3", split="train")], read(path, (), (), "").whole_bytes)
    assert path.read_bytes() == before + b'{"key":"3","split":"train"}\n'
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("torn", [b'{"key":"3","spl', b'{"key":"3","split":"train"'])
def test_a_torn_last_line_is_left_out_and_gone_after_the_next_write(torn: bytes, path: Path) -> None:
    before = path.read_bytes()
    path.write_bytes(before + torn)
    found = read(path, {"1", "2", "3"}, (), "")
    assert found.sides.keys() == {"1", "2"}
    append(path, [Registered(key="4", split="train")], found.whole_bytes)
    assert path.read_bytes() == before + b'{"key":"4","split":"train"}\n'


def test_a_last_line_that_only_lacks_its_end_counts(path: Path) -> None:
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    found = read(path, {"1", "2", "3"}, (), "")
    assert found.sides.keys() == {"1", "2"}
    append(path, [Registered(key="3", split="train")], found.whole_bytes)
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (b'{"key":"0","spl\n', "malformed"),
        (b'{"key":"0","split":"left"}\n', "Invalid enum value 'left'"),
        (b'{"key":"0","split":"train","side":1}\n', "unknown field `side`"),
        (b"\xff\n", "malformed"),
    ],
)
def test_a_damaged_line_is_an_error_that_names_it(damage: bytes, said: str, path: Path) -> None:
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + damage + second)
    with pytest.raises(InputError, match=rf"splits\.jsonl:2: .*{said}"):
        read(path, (), (), "")


def test_a_prompt_on_both_sides_is_an_error_that_names_the_line(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b'\n{"key":"1","split":"held_out"}\n')
    with pytest.raises(InputError, match=r"splits\.jsonl:4: prompt 1 is held_out here and train on an earlier line"):
        read(path, {"1"}, (), "")
    assert read(path, {"2"}, (), "").sides == {"2": "held_out"}


def test_without_a_path_nothing_is_read_or_written(tmp_path: Path) -> None:
    assert path_of("", tmp_path) is None
    with held(None, lambda text: None):
        append(None, [ONE], 0)
    assert read(None, {"1"}, {"f"}, "").sides == {}
    assert list(tmp_path.iterdir()) == []


def test_a_registry_that_is_a_link_stays_one(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(path)
    found = path_of("link.jsonl", tmp_path)
    append(found, [Registered(key="3", split="train")], read(found, (), (), "").whole_bytes)
    assert (tmp_path / "link.jsonl").is_symlink()
    assert len(path.read_text().splitlines()) == 3


def test_a_second_run_waits_for_the_first_and_says_so(path: Path) -> None:
    said: list[str] = []
    order: list[str] = []
    waiting = threading.Event()

    def note(text: str) -> None:
        said.append(text)
        waiting.set()

    def second() -> None:
        with held(path, note):
            order.append("second")

    thread = threading.Thread(target=second)
    with held(path, Silent().note):
        thread.start()
        assert waiting.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert said == [f"prompts: waiting for another run that writes {path}"]
