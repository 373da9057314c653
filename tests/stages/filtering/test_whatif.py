from collections.abc import Callable

import msgspec
import pytest

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Completion
from blackbox_kd.run import COMPLETIONS, Manifest, RunDir
from blackbox_kd.stages import filter as filtering
from blackbox_kd.stages.filtering.rejects import excerpt, reasons, rejects
from blackbox_kd.stages.filtering.whatif import what_if

Make = Callable[..., Completion]
TEXTS = ("Yes.", "It is so, as far as I know.", "No, it never was.", "", "I cannot help with that.", "yes.")


@pytest.fixture
def filtered(run: RunDir, completion: Make) -> RunDir:
    """A run with a few filtered completions; the last is a duplicate of the first."""
    prompts = [f"Is it {n % 5}?" for n in range(len(TEXTS))]
    rows = [
        completion(text, prompt, prompt_id=str(n)) for n, (text, prompt) in enumerate(zip(TEXTS, prompts, strict=True))
    ]
    write_rows(run / COMPLETIONS, rows)
    filtering.main(run, Config())
    run.finish(Manifest(stage="filter", settings={}, reads={}, writes={}, counts={}))
    return run


def test_a_tighter_threshold_rejects_and_reads_no_text(filtered: RunDir) -> None:
    (filtered / COMPLETIONS).unlink()
    found = what_if(filtered, ["length.max_words=3"])
    assert (found.completions, found.kept, found.stay, found.leave) == (6, 3, 1, 2)
    assert found.kept_then == 1
    assert found.after["length:too_long"] == 3


def test_rows_that_would_enter_have_to_be_compared(filtered: RunDir) -> None:
    found = what_if(filtered, ['refusal.reject=["soft"]'])
    assert (found.enter, found.kept_then) == (1, None)


def test_a_setting_that_is_no_threshold_is_refused_with_the_command_that_obeys_it(filtered: RunDir) -> None:
    with pytest.raises(UsageError, match="'min_chars' is no threshold of repeated") as error:
        what_if(filtered, ["repeated.min_chars=3"])
    assert "--set filter.repeated.min_chars" in error.value.fix


def test_a_filter_that_was_not_on_is_refused(filtered: RunDir) -> None:
    with pytest.raises(UsageError, match="no filter 'near' of single rows"):
        what_if(filtered, ["near.threshold=0.9"])


def test_a_change_without_a_value_is_told(filtered: RunDir) -> None:
    with pytest.raises(UsageError, match=r"not written as filter.setting=value"):
        what_if(filtered, ["length.max_words"])


def test_where_all_samples_of_a_prompt_count_only_a_new_filtering_can_tell(run: RunDir, completion: Make) -> None:
    texts = ("Yes.", "No, it never was so at all.", "Maybe it is so, who knows that.")
    write_rows(run / COMPLETIONS, [completion(text, sample=number) for number, text in enumerate(texts)])
    filtering.main(run, msgspec.convert({"filter": {"best_of": {"k": 2}}}, Config))
    assert what_if(run, ["length.max_words=3"]).kept_then is None
    assert what_if(run, ["length.max_words=300"]).kept_then == 2


def test_where_nothing_was_left_other_thresholds_can_be_tried(run: RunDir, completion: Make) -> None:
    write_rows(run / COMPLETIONS, [completion("Yes.")])
    with pytest.raises(InputError, match="no row is left"):
        filtering.main(run, msgspec.convert({"filter": {"length": {"min_words": 9}}}, Config))
    assert what_if(run, ["length.min_words=1"]).enter == 1


def test_without_a_filtering_there_is_nothing_to_try(run: RunDir) -> None:
    with pytest.raises(InputError, match="nothing was filtered yet"):
        what_if(run, ["length.max_words=3"])


def test_rejected_rows_are_shown_with_their_evidence(filtered: RunDir) -> None:
    assert reasons(filtered)["duplicates:exact"] == 1
    (shown,) = rejects(filtered, "refusal", 5)
    assert "»" in shown.text
    (twin,) = rejects(filtered, "duplicates:exact", 5)
    assert {twin.id, twin.duplicate_of} == {"0#0", "5#0"}


def test_a_reason_that_nobody_has_names_those_there_are(filtered: RunDir) -> None:
    with pytest.raises(UsageError, match="nothing was rejected for 'loops'") as error:
        rejects(filtered, "loops", 5)
    assert "empty:empty" in error.value.fix


def test_an_excerpt_cannot_write_to_a_terminal() -> None:
    assert excerpt("a\x1b[31mred\x1b[0m\nb", None) == "ared b"
