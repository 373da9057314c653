from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from torch import Tensor

from blackbox_kd.config.train import Train
from blackbox_kd.errors import UsageError
from blackbox_kd.jsonl import digest
from blackbox_kd.records import Example
from blackbox_kd.student.generate import Sampling, generate
from blackbox_kd.student.load import load
from blackbox_kd.student.train import TrainLog, TrainResult, fit

Make = Callable[..., Example]
SETTINGS = Train(student="tiny:0", epochs=8, batch_size=4, learning_rate=5e-3, save_every_steps=5)


class Stopped(Exception):
    """The process dies here."""


def train(
    folder: Path, examples: list[Example], settings: Train = SETTINGS, on_log: Callable[[TrainLog], None] | None = None
) -> TrainResult:
    return fit(examples, examples[:2], settings, 0, folder / "student", folder / "work", on_log or (lambda log: None))


@pytest.fixture
def examples(example: Make) -> list[Example]:
    return [example(f"say {word}", word * 2, name=word, system="Say the word twice.") for word in "abcdefgh"]


def test_a_student_learns_what_it_is_shown(tmp_path: Path, examples: list[Example]) -> None:
    always = [msgspec.structs.replace(one, completion=examples[0].completion) for one in examples]
    result = train(tmp_path, always)
    student = load(str(tmp_path / "student"))
    (answer,) = generate(student, [examples[0].prompt], Sampling(max_new_tokens=8))
    assert (answer.text, answer.finish_reason) == ("aa", "stop")
    assert result.validation_nll is not None
    assert result.validation_nll < 0.5


def test_steps_are_told_in_order_with_loss_and_tokens(tmp_path: Path, examples: list[Example]) -> None:
    log: list[TrainLog] = []
    result = train(tmp_path, examples, on_log=log.append)
    assert [one.step for one in log] == list(range(1, 17))
    assert log[-1].steps == result.steps == 16
    assert log[-1].loss < log[0].loss
    assert log[-1].tokens == result.tokens > log[0].tokens > 0


def test_checkpoints_stay_until_the_result_is_kept(tmp_path: Path, examples: list[Example]) -> None:
    first = train(tmp_path, examples)
    again = train(tmp_path, examples)
    assert again.resumed_from_step == 15
    assert (again.steps, again.tokens, again.validation_nll) == (first.steps, first.tokens, first.validation_nll)


def test_the_result_names_what_was_trained(tmp_path: Path, examples: list[Example]) -> None:
    assert train(tmp_path, examples, msgspec.structs.replace(SETTINGS, max_steps=1)).student == "tiny@0"


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path, examples: list[Example]) -> None:
    def die(log: TrainLog) -> None:
        if log.step == 12:
            raise Stopped

    train(tmp_path / "whole", examples)
    with pytest.raises(Stopped):
        train(tmp_path / "torn", examples, on_log=die)
    assert not (tmp_path / "torn" / "student").exists()
    result = train(tmp_path / "torn", examples)
    assert result.resumed_from_step == 10
    weights = [tmp_path / name / "student" / "model.safetensors" for name in ("whole", "torn")]
    assert digest(weights[0]) == digest(weights[1])


def test_other_rows_do_not_go_on_from_old_checkpoints(tmp_path: Path, examples: list[Example]) -> None:
    def die(log: TrainLog) -> None:
        if log.step == 12:
            raise Stopped

    with pytest.raises(Stopped):
        train(tmp_path, examples, on_log=die)
    assert train(tmp_path, examples[:4]).resumed_from_step is None


def test_rows_that_are_too_long_are_left_out_and_counted(
    tmp_path: Path, examples: list[Example], example: Make
) -> None:
    settings = msgspec.structs.replace(SETTINGS, max_length_tokens=150, max_steps=1)
    result = train(tmp_path, [*examples, example("long " * 200, "x")], settings)
    assert (result.rows, result.rows_overlong) == (8, 1)


@pytest.mark.parametrize("limit", [1, 2])
def test_no_rows_is_a_usage_error(tmp_path: Path, examples: list[Example], limit: int) -> None:
    with pytest.raises(UsageError, match="no rows to train on"):
        train(tmp_path, examples, msgspec.structs.replace(SETTINGS, max_length_tokens=limit))


def test_a_loss_that_is_no_number_says_what_to_do(tmp_path: Path, examples: list[Example]) -> None:
    with pytest.raises(UsageError, match=r"Lower \[train\] learning_rate"):
        train(tmp_path, examples, msgspec.structs.replace(SETTINGS, learning_rate=1e30, warmup=0.0))


def test_the_student_stops_where_its_template_ends_a_turn(tmp_path: Path, examples: list[Example]) -> None:
    train(tmp_path, examples, msgspec.structs.replace(SETTINGS, max_steps=1))
    student = load(str(tmp_path / "student"))
    assert student.model.generation_config.eos_token_id == [student.tokenizer.convert_tokens_to_ids("<|im_end|>")]


def test_lora_is_merged_into_a_plain_model(tmp_path: Path, examples: list[Example]) -> None:
    settings = msgspec.structs.replace(SETTINGS, method="lora", lora_rank=4, max_steps=2)
    result = train(tmp_path, examples, settings)
    before, after = load("tiny:0"), load(str(tmp_path / "student"))
    assert after.parameters == before.parameters
    assert mean_change(before.model.state_dict(), after.model.state_dict()) > 0
    assert result.learning_rate == 5e-3


def test_a_row_of_weight_zero_teaches_nothing(tmp_path: Path, example: Make) -> None:
    settings = msgspec.structs.replace(SETTINGS, max_steps=4)
    train(tmp_path, [example("a", "b", weight=0.0), example("c", "d", weight=0.0)], settings)
    before, after = load("tiny:0"), load(str(tmp_path / "student"))
    assert mean_change(before.model.state_dict(), after.model.state_dict()) == 0


def mean_change(before: dict[str, Tensor], after: dict[str, Tensor]) -> float:
    return sum(float((after[name] - weight).abs().mean()) for name, weight in before.items())
