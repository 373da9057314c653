import contextlib
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.config.filter import FilterSection
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.filters.base import Rule
from blackbox_kd.filters.length import Length
from blackbox_kd.jsonl import read_rows, write_rows
from blackbox_kd.records import Completion, Example, FinishReason, Rejection, Split
from blackbox_kd.run import COMPLETIONS, REJECTED, TRAIN_ROWS, VALIDATION_ROWS, Manifest, RunDir
from blackbox_kd.stages.filter import STAGE, main
from blackbox_kd.stages.filtering.measuring import is_validation
from blackbox_kd.stages.stage import execute, stale

Make = Callable[..., Completion]
RULES = Config().filter.rules()
TEXTS = (
    "Yes.",
    "yes. ",
    "",
    "I cannot help with that.",
    "As ChatGPT, I say yes.",
    "x " * 2001,
    "It is so, it is. " * 2,
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.sampled_from(TEXTS) | st.text(max_size=20),
        st.sampled_from(["stop", "stop", "length", "unknown", "refusal"]),
        st.sampled_from(["train", "train", "held_out"]),
    ),
    max_size=25,
)
Row = tuple[str, str, FinishReason, Split]


def completions(make: Make, rows: list[Row]) -> list[Completion]:
    """A completion a row; the number of the row is its sample."""
    return [
        make(text, f"Prompt {split} {name}", prompt_id=f"{split}-{name}", sample=n, finish_reason=reason, split=split)
        for n, (name, text, reason, split) in enumerate(rows)
    ]


def with_filter(**settings: Rule | float | tuple[str, ...]) -> Config:
    """A configuration with these settings of [filter]."""
    return Config(filter=FilterSection(**settings))  # type: ignore[arg-type]


def filtered(run: RunDir, found: list[Completion], config: Config | None = None) -> tuple[list[Example], list[Example]]:
    """Training and validation rows of these completions."""
    write_rows(run / COMPLETIONS, found)
    main(run, config or Config())
    return list(read_rows(run / TRAIN_ROWS, Example)), list(read_rows(run / VALIDATION_ROWS, Example))


@settings(max_examples=40)
@given(rows=ROWS)
def test_kept_and_rejected_are_the_input(
    completion: Make, tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    folder = tmp_path_factory.mktemp("filter")
    run, found = RunDir(folder, folder), completions(completion, rows)
    try:
        train, validation = filtered(run, found)
    except InputError:
        train, validation = [], []
    rejected = list(read_rows(run / REJECTED, Rejection))
    ids = sorted([*(row.id for row in train), *(row.id for row in validation), *(one.id for one in rejected)])
    assert ids == sorted(one.id for one in found if one.split == "train")
    assert all(one.completion in found for one in rejected)


def rejected_of(run: RunDir, found: list[Completion]) -> dict[str, Rejection]:
    """The rejected ones of these completions by id."""
    with contextlib.suppress(InputError):
        filtered(run, found)
    return {one.id: one for one in read_rows(run / REJECTED, Rejection)}


@settings(max_examples=20)
@given(rows=ROWS)
def test_what_was_kept_is_kept_again(
    completion: Make, tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    folder = tmp_path_factory.mktemp("filter")
    run, found = RunDir(folder, folder), completions(completion, rows)
    rejected = rejected_of(run, found)
    kept = [one for one in found if one.id not in rejected]
    assert rejected_of(run, kept) == {}


def test_a_thousand_prompts_that_are_all_answered_yes_lose_none(run: RunDir, completion: Make) -> None:
    found = [completion("Yes.", f"Is {n} a number?", prompt_id=str(n)) for n in range(1000)]
    train, validation = filtered(run, found)
    assert len(train) + len(validation) == 1000
    assert list(read_rows(run / REJECTED, Rejection)) == []


def test_a_row_to_train_on_is_the_prompt_and_the_answer_without_white_space_around(
    run: RunDir, completion: Make
) -> None:
    found = [completion(" Paris.\n")]
    (row,), validation = filtered(run, found)
    assert validation == []
    assert (row.id, row.prompt) == ("p#0", found[0].messages)
    assert [(turn.role, turn.content) for turn in row.completion] == [("assistant", "Paris.")]


def test_held_out_prompts_are_no_training_rows(run: RunDir, completion: Make) -> None:
    train, validation = filtered(run, [completion(), completion(prompt="Else?", prompt_id="q", split="held_out")])
    assert [row.id for row in (*train, *validation)] == ["p#0"]
    assert list(read_rows(run / REJECTED, Rejection)) == []


def test_every_rule_against_a_completion_is_told_and_the_first_is_its_reason(run: RunDir, completion: Make) -> None:
    filtered(run, [completion(), completion("", sample=1, finish_reason="length")])
    (rejected,) = read_rows(run / REJECTED, Rejection)
    assert rejected.reason == "gate:length"
    assert [verdict.rule for verdict in rejected.verdicts] == ["gate", "empty", "length"]


def test_a_duplicate_of_a_rejected_answer_stays(run: RunDir, completion: Make) -> None:
    found = [completion("Yes, yes.", finish_reason="length"), completion("Yes, yes.", sample=1)]
    assert [*rejected_of(run, found)] == ["p#0"]


def test_counts_add_up_and_name_each_reason(run: RunDir, completion: Make) -> None:
    rows: list[Row] = [
        ("a", "Yes, it is.", "stop", "train"),
        ("a", "Yes, it is.", "stop", "train"),
        ("b", "I cannot help with that.", "stop", "train"),
        ("c", "No.", "length", "train"),
        ("d", "No.", "stop", "held_out"),
    ]
    write_rows(run / COMPLETIONS, completions(completion, rows))
    assert main(run, Config()) == {
        "completions": 4,
        "held_out": 1,
        "kept": 1,
        "rejected": 3,
        "train_rows": 1,
        "validation_rows": 0,
        "rejected.duplicates:exact": 1,
        "rejected.gate:length": 1,
        "rejected.refusal:hard": 1,
    }


def test_samples_of_one_prompt_are_on_one_side_of_the_validation_split(run: RunDir, completion: Make) -> None:
    found = [
        completion(f"Answer {sample}.", f"Prompt {n}", prompt_id=str(n), sample=sample)
        for n in range(60)
        for sample in range(2)
    ]
    train, validation = filtered(run, found, with_filter(validation=0.3))
    sides = [{row.id.partition("#")[0] for row in rows} for rows in (train, validation)]
    assert sides[0].isdisjoint(sides[1])
    assert 10 <= len(sides[1]) <= 26


def test_the_only_prompt_is_trained_on(run: RunDir, completion: Make) -> None:
    found = [completion(prompt_id=next(str(n) for n in range(99) if is_validation(completion(prompt_id=str(n)), 0.5)))]
    train, validation = filtered(run, found, with_filter(validation=0.5))
    assert (len(train), validation) == (1, [])


def test_no_row_left_is_an_error_that_counts_the_reasons(run: RunDir, completion: Make) -> None:
    write_rows(run / COMPLETIONS, [completion("", sample=n) for n in range(3)])
    with pytest.raises(InputError, match="no row is left of 3: empty:empty 3"):
        main(run, Config())
    assert len(list(read_rows(run / REJECTED, Rejection))) == 3


def test_completions_come_from_an_earlier_stage(run: RunDir) -> None:
    with pytest.raises(InputError, match="bbkd generate"):
        main(run, Config())


def test_a_stricter_filter_is_the_reason_to_run_again(run: RunDir, completion: Make) -> None:
    write_rows(run / COMPLETIONS, [completion()])
    run.finish(Manifest(stage="query", settings={}, reads={}, writes={}, counts={}))
    execute(STAGE, run, with_filter(length=Length(max_words=400)))
    assert stale(STAGE, run, with_filter(length=Length(max_words=400))) == ()
    assert stale(STAGE, run, with_filter(length=Length(max_words=300))) == ("length.max_words 400 -> 300",)
    assert stale(STAGE, run, with_filter(length=Length(max_words=400), off=("gate",))) == ('off [] -> ["gate"]',)


def test_filtering_twice_writes_the_same_files(run: RunDir, completion: Make) -> None:
    found = completions(completion, [(name, text, "stop", "train") for name in "abc" for text in TEXTS])
    first = filtered(run, found)
    written = {name: (run / name).read_bytes() for name in (TRAIN_ROWS, VALIDATION_ROWS, REJECTED)}
    assert filtered(run, found) == first
    assert {name: (run / name).read_bytes() for name in written} == written


def test_the_rules_run_in_the_order_of_their_cost() -> None:
    names = [rule.name for rule in RULES]
    assert names[:5] == ["gate", "empty", "length", "refusal", "identity"]
    assert names[-3:] == ["decontamination", "duplicates", "near"]


def test_a_prompt_on_two_sides_is_refused(run: RunDir, completion: Make) -> None:
    found = [completion(prompt="Is it?"), completion(prompt="is  IT?", prompt_id="q", split="held_out")]
    with pytest.raises(InputError, match="two sides"):
        filtered(run, found)


def test_no_row_left_leaves_no_dataset_of_before(run: RunDir, completion: Make) -> None:
    filtered(run, [completion()])
    with pytest.raises(InputError, match="no row is left"):
        filtered(run, [completion("")])
    assert not (run / TRAIN_ROWS).exists()


def test_a_kept_row_costs_its_share_of_all_the_money(completion: Make, run: RunDir) -> None:
    answers = ("Yes.", "Yes, it is.", "", "I cannot help with that.")
    found = [
        msgspec.structs.replace(one, cost_usd=0.25)
        for one in completions(completion, [(str(n), answers[n], "stop", "train") for n in range(4)])
    ]
    twin = msgspec.structs.replace(found[0], prompt_id="twin")  # the same prompt under another id: paid once
    write_rows(run / COMPLETIONS, [*found, twin])
    counts = main(run, with_filter(off=("duplicates", "near")))
    assert counts["kept"] == 3
    assert counts["cost_per_kept_usd"] == pytest.approx(1.0 / 3, rel=1e-3)


def test_the_cost_of_a_kept_row_is_absent_where_a_price_is_unknown(completion: Make, run: RunDir) -> None:
    known = msgspec.structs.replace(completion("Yes.", prompt_id="a"), cost_usd=0.25)
    write_rows(run / COMPLETIONS, [known, completion("No.", "Is it not?", prompt_id="b")])
    assert "cost_per_kept_usd" not in main(run, Config())
