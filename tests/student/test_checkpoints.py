from pathlib import Path

from blackbox_kd.student.checkpoints import last_whole, mark, step_of


def checkpoint(work: Path, step: int, identity: str = "run") -> Path:
    folder = work / f"checkpoint-{step}"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    mark(folder, identity)
    return folder


def test_the_newest_by_number_is_taken(tmp_path: Path) -> None:
    checkpoint(tmp_path, 9)
    newest = checkpoint(tmp_path, 10)
    assert last_whole(tmp_path, "run") == newest


def test_a_torn_one_is_passed_over(tmp_path: Path) -> None:
    good = checkpoint(tmp_path, 1)
    (checkpoint(tmp_path, 2) / "model.safetensors").write_bytes(b"wei")
    assert last_whole(tmp_path, "run") == good


def test_one_without_its_marker_is_passed_over(tmp_path: Path) -> None:
    (checkpoint(tmp_path, 1) / "complete.json").unlink()
    assert last_whole(tmp_path, "run") is None


def test_one_of_another_run_is_passed_over(tmp_path: Path) -> None:
    checkpoint(tmp_path, 1, identity="another")
    assert last_whole(tmp_path, "run") is None


def test_no_folder_is_no_checkpoint(tmp_path: Path) -> None:
    assert last_whole(tmp_path / "absent", "run") is None


def test_a_name_without_a_step_sorts_last() -> None:
    assert step_of(Path("checkpoint-old")) == -1
