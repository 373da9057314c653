from pathlib import Path

import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.student.load import load, store, tokenizer_of
from blackbox_kd.student.source import resolve
from blackbox_kd.student.tiny import make_tiny


def test_a_folder_loads_as_it_was_saved(tmp_path: Path) -> None:
    made, loaded = load("tiny:3"), load(str(make_tiny(tmp_path / "model", 3)))
    assert loaded.parameters == made.parameters
    assert all((a == b).all() for a, b in zip(made.model.parameters(), loaded.model.parameters(), strict=True))


def test_a_tokenizer_alone_is_the_one_that_comes_with_the_model(tmp_path: Path) -> None:
    folder = make_tiny(tmp_path / "model", 3)
    whole = load(str(folder)).tokenizer
    (folder / "model.safetensors").write_bytes(b"no weights")
    for spec in (str(folder), "tiny:3"):
        alone = tokenizer_of(spec)
        assert alone.encode("the quick fox {}") == whole.encode("the quick fox {}")
        assert alone.chat_template == whole.chat_template


def test_a_folder_that_is_no_model_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match=r"\*\.safetensors and tokenizer\.json missing"):
        load(str(tmp_path))


def test_a_damaged_folder_is_a_usage_error(tmp_path: Path) -> None:
    folder = make_tiny(tmp_path / "model")
    (folder / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="model"):
        load(str(folder))


def test_storing_replaces_the_old_folder_and_leaves_no_scrap(tmp_path: Path) -> None:
    old, new = load("tiny:1"), load("tiny:2")
    store(old.model, old.tokenizer, tmp_path / "out")
    before = resolve(str(tmp_path / "out")).revision
    store(new.model, new.tokenizer, tmp_path / "out")
    assert resolve(str(tmp_path / "out")).revision != before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
