from pathlib import Path

import msgspec
import pytest

from blackbox_kd.config.evaluate import Report
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.run import PROMPTS, Counts, RunDir, Silent
from blackbox_kd.stages.stage import Stage, execute, stale

INPUT = "input.txt"


class Notes(Silent):
    """Keeps the lines that people read."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        """Keep one line."""
        self.lines.append(text)


def copy(run: RunDir, config: Config) -> Counts:
    """Copies the input; fails on an empty one."""
    text = (run / INPUT).read_text()
    if not text:
        raise InputError("the input is empty")
    (run / "output.txt").write_text(text * config.report.examples)
    return {"characters": len(text), "failed": 2}


STAGE = Stage(
    name="copy",
    settings=lambda config: {"report": config.report, "seed": config.seed},
    reads=lambda run, config: [run / INPUT],
    writes=("output.txt", "only_sometimes.txt"),
    main=copy,
    recorded=lambda config: {"attempts": config.query.attempts},
)


@pytest.fixture
def ready(run: RunDir) -> RunDir:
    """A run directory in which the stage can run."""
    run.path.mkdir()
    (run / INPUT).write_text("text")
    return RunDir(run.path, run.root, Notes())


def notes(run: RunDir) -> list[str]:
    """What the stage said, once."""
    assert isinstance(run.progress, Notes)
    said, run.progress.lines = run.progress.lines, []
    return said


def test_a_finished_stage_is_not_run_again(ready: RunDir) -> None:
    first = execute(STAGE, ready, Config())
    again = execute(STAGE, ready, Config())
    assert (first.ran, first.reasons, again.ran, again.reasons) == (True, ("not finished before",), False, ())
    assert again.counts == first.counts == {"characters": 4, "failed": 2}
    assert notes(ready)[-1] == "copy: up to date"


def test_failed_rows_count_in_the_run_that_failed_them_alone(ready: RunDir) -> None:
    assert [execute(STAGE, ready, Config()).failed for _ in range(2)] == [2, 0]


def test_a_changed_setting_runs_the_stage_again_and_says_which(ready: RunDir) -> None:
    execute(STAGE, ready, Config())
    notes(ready)
    assert execute(STAGE, ready, Config(report=Report(examples=2))).ran
    assert notes(ready)[0] == "copy: report.examples 6 -> 2"
    assert (ready / "output.txt").read_text() == "texttext"


def test_a_changed_input_runs_the_stage_again_and_says_which(ready: RunDir) -> None:
    execute(STAGE, ready, Config())
    (ready / INPUT).write_text("other")
    assert execute(STAGE, ready, Config()).reasons == ("input.txt changed",)


def test_a_damaged_output_runs_the_stage_again(ready: RunDir) -> None:
    execute(STAGE, ready, Config())
    (ready / "output.txt").unlink()
    assert execute(STAGE, ready, Config()).reasons == ("output.txt is missing or was changed",)
    assert stale(STAGE, ready, Config()) == ()


def test_how_fast_to_ask_is_recorded_and_no_reason(ready: RunDir) -> None:
    execute(STAGE, ready, Config())
    patient = msgspec.structs.replace(Config(), query=msgspec.structs.replace(Config().query, attempts=9))
    assert stale(STAGE, ready, patient) == ()
    manifest = ready.manifest("copy")
    assert manifest is not None
    assert manifest.recorded["attempts"] == 6
    assert "bbkd" in manifest.recorded


def test_a_manifest_lists_what_was_written_and_no_more(ready: RunDir) -> None:
    execute(STAGE, ready, Config())
    manifest = ready.manifest("copy")
    assert manifest is not None
    assert list(manifest.writes) == ["output.txt"]
    assert list(manifest.reads) == ["input.txt"]
    assert manifest.started <= manifest.finished


def test_bad_input_does_not_cost_what_was_finished(ready: RunDir) -> None:
    execute(STAGE, ready, Config())
    before = (ready / INPUT).read_text()
    (ready / INPUT).write_text("")
    with pytest.raises(InputError, match="empty"):
        execute(STAGE, ready, Config())
    (ready / INPUT).write_text(before)
    assert stale(STAGE, ready, Config()) == ()


def test_a_stage_that_fails_after_it_wrote_has_no_manifest(ready: RunDir) -> None:
    def torn(run: RunDir, config: Config) -> Counts:
        (run / STAGE.writes[0]).write_text("half")
        raise InputError("in the middle")

    execute(STAGE, ready, Config())
    (ready / INPUT).write_text("new")
    with pytest.raises(InputError, match="middle"):
        execute(msgspec.structs.replace(STAGE, main=torn), ready, Config())
    assert ready.manifest("copy") is None
    assert stale(STAGE, ready, Config()) == ("not finished before",)


def test_a_stage_does_not_read_what_another_has_not_finished(ready: RunDir) -> None:
    (ready / PROMPTS).write_text("half")
    stage = msgspec.structs.replace(STAGE, reads=lambda run, config: [run / PROMPTS])
    with pytest.raises(InputError, match="prompts has not finished"):
        execute(stage, ready, Config())


def test_a_stage_never_overwrites_what_it_reads(ready: RunDir) -> None:
    stage = msgspec.structs.replace(STAGE, writes=(INPUT,))
    with pytest.raises(InputError, match="would overwrite"):
        execute(stage, ready, Config())


def test_saying_why_a_stage_would_run_runs_nothing(ready: RunDir) -> None:
    assert stale(STAGE, ready, Config()) == ("not finished before",)
    assert [path.name for path in Path(ready.path).iterdir()] == [INPUT]


def test_an_input_that_is_gone_is_a_reason(ready: RunDir) -> None:
    execute(STAGE, ready, Config())
    (ready / INPUT).unlink()
    assert stale(STAGE, ready, Config()) == ("input.txt is gone",)
