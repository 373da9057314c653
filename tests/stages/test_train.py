from pathlib import Path

import msgspec
import pytest

from blackbox_kd.config.train import Train
from blackbox_kd.config.whole import Config
from blackbox_kd.jsonl import read_json, write_json, write_rows
from blackbox_kd.records import Example, Json, Message
from blackbox_kd.run import TRAIN_ROWS, TRAINING_LOG, TRAINING_RESULT, VALIDATION_ROWS, RunDir
from blackbox_kd.stages.stage import execute, stale
from blackbox_kd.stages.train import STAGE, main, student_files
from blackbox_kd.student.tiny import make_tiny

CONFIG = Config(train=Train(student="tiny:0", max_steps=2, save_every_steps=1))


def changed(**train: object) -> Config:
    """The configuration with other settings in `[train]`."""
    return msgspec.structs.replace(CONFIG, train=msgspec.structs.replace(CONFIG.train, **train))


@pytest.fixture
def ready(run: RunDir) -> RunDir:
    """A run directory with rows to train on."""
    turns = (Message(role="user", content="2+2"),), (Message(role="assistant", content="4"),)
    write_rows(run / TRAIN_ROWS, [Example(id="a", prompt=turns[0], completion=turns[1])])
    write_rows(run / VALIDATION_ROWS, [])
    write_json(run.manifest_path("filter"), {})
    return run


def test_checkpoints_go_once_all_is_written(ready: RunDir) -> None:
    main(ready, CONFIG)
    assert not (ready / "checkpoints").exists()
    assert read_json(ready / TRAINING_RESULT, dict[str, Json])["student"] == "tiny@0"


def test_checkpoints_stay_where_the_result_could_not_be_written(ready: RunDir) -> None:
    (ready / TRAINING_LOG).mkdir()
    with pytest.raises(IsADirectoryError):
        main(ready, CONFIG)
    assert (ready / "checkpoints").exists()


def test_what_changes_the_pace_alone_is_recorded_and_no_reason_to_train_again(ready: RunDir) -> None:
    execute(STAGE, ready, CONFIG)
    manifest = ready.manifest("train")
    assert manifest is not None
    assert manifest.recorded["save_every_steps"] == 1
    assert stale(STAGE, ready, changed(save_every_steps=7)) == ()
    assert stale(STAGE, ready, changed(max_steps=3)) == ("train.max_steps 2 -> 3",)


def test_changed_weights_of_a_local_student_make_train_stale(ready: RunDir) -> None:
    make_tiny(ready.root / "model", 1)
    config = changed(student="model")
    execute(STAGE, ready, config)
    assert stale(STAGE, ready, config) == ()
    make_tiny(ready.root / "model", 2)
    assert stale(STAGE, ready, config) == ("model changed",)


def test_a_student_that_is_no_path_is_no_file(ready: RunDir) -> None:
    assert student_files(CONFIG, ready) == []
    assert student_files(changed(student="org/name@main"), ready) == []
    assert student_files(changed(student="/models/a.gguf"), ready) == [Path("/models/a.gguf")]
