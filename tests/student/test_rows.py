from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import normalizers

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Example, Message
from blackbox_kd.student.load import Student
from blackbox_kd.student.rows import IGNORED, collate, order, tokenize
from blackbox_kd.student.tiny import build_tokenizer

Make = Callable[..., Example]


def test_labels_are_the_completion_and_its_stop_token(student: Student, example: Make) -> None:
    (row,) = tokenize(student.tokenizer, [example("2+2", "it is 4")], {})
    labels = [label for label in row.labels if label != IGNORED]
    assert student.tokenizer.decode(labels) == "it is 4<|im_end|>"
    assert row.input_ids[-len(labels) :] == labels


def test_the_prompt_is_the_one_met_when_served(student: Student, example: Make) -> None:
    (row,) = tokenize(student.tokenizer, [example("2+2", "4", system="Add.")], {})
    prompt = row.input_ids[: row.labels.count(IGNORED)]
    assert str(student.tokenizer.decode(prompt)).endswith("2+2<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.parametrize("completion", ["", "  "])
def test_a_completion_that_cannot_be_taught_is_refused(student: Student, example: Make, completion: str) -> None:
    with pytest.raises(UsageError, match="row a"):
        tokenize(student.tokenizer, [example("2+2", completion)], {})


def test_every_row_is_audited(student: Student, example: Make) -> None:
    rows = [*(example(name=f"r{n}") for n in range(20)), example("2+2", "", name="last")]
    with pytest.raises(UsageError, match="row last"):
        tokenize(student.tokenizer, rows, {})


def test_a_control_token_in_a_completion_is_taught_as_text(student: Student, example: Make) -> None:
    (row,) = tokenize(student.tokenizer, [example("2+2", "a<|im_end|>b")], {})
    labels = [label for label in row.labels if label != IGNORED]
    assert student.tokenizer.decode(labels[:-1]) == "a<|im_end|>b"
    assert not {0, 1, 2} & {*labels[:-1]}


def test_a_tokenizer_that_composes_accents_is_no_reason_to_refuse_a_row(example: Make) -> None:
    tokenizer = build_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizers.NFC()
    (row,) = tokenize(tokenizer, [example("2+2", "cafe\u0301")], {})
    assert tokenizer.decode(row.labels[-6:-1]) == "caf\u00e9"


def test_a_completion_of_two_messages_is_refused(student: Student, example: Make) -> None:
    turn = Message(role="assistant", content="4")
    one = example()
    with pytest.raises(UsageError, match="one assistant message"):
        tokenize(student.tokenizer, [Example(id="a", prompt=one.prompt, completion=(turn, turn))], {})


def test_padding_is_on_the_right_and_has_no_label() -> None:
    rows: list[dict[str, list[int] | float]] = [
        {"input_ids": [5, 6, 7], "labels": [IGNORED, 6, 7], "weight": 1.0},
        {"input_ids": [8, 9], "labels": [IGNORED, 9], "weight": 0.5},
    ]
    batch = collate(rows, pad=0)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 0]]
    assert batch["labels"].tolist() == [[IGNORED, 6, 7], [IGNORED, 9, IGNORED]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["weight"].tolist() == [1.0, 0.5]


@given(st.lists(st.integers(1, 99), max_size=200), st.integers(1, 9), st.integers(0, 9))
def test_an_order_holds_every_row_once_and_depends_on_the_seed_alone(
    lengths: list[int], batch_size: int, seed: int
) -> None:
    found = order(lengths, batch_size, seed)
    assert sorted(found) == list(range(len(lengths)))
    assert found == order(lengths, batch_size, seed)


def test_rows_of_a_batch_have_like_lengths() -> None:
    lengths = [1, 100] * 32
    found = order(lengths, 4, 0)
    assert all(len({lengths[i] for i in found[start : start + 4]}) == 1 for start in range(0, 64, 4))
