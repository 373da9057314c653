from collections.abc import Callable

import msgspec
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from blackbox_kd.records import Example
from blackbox_kd.student.load import Student, load
from blackbox_kd.student.loss import (
    BATCH_LOGITS,
    can_share_prefix,
    completion_nll,
    mean_nll,
    micro_batches,
    prefix_length,
    row_nlls,
)
from blackbox_kd.student.recipe import BATCH_TOKENS
from blackbox_kd.student.rows import IGNORED, Row, collate, tokenize

Make = Callable[..., Example]
SYSTEM = "Add the two numbers and say nothing else."


def rows(student: Student, example: Make, system: str = SYSTEM) -> list[Row]:
    pairs = [("2+2", "4"), ("20+20", "forty"), ("1+1", "two, of course"), ("7+7", "14")]
    return tokenize(student.tokenizer, [example(a, b, system=system) for a, b in pairs], {})


def batch(found: list[Row]) -> dict[str, Tensor]:
    return collate([msgspec.to_builtins(row) for row in found], 0)


@pytest.mark.parametrize("share_prefix", [True, False])
def test_loss_and_gradient_equal_the_models_own(example: Make, share_prefix: bool) -> None:
    student = load("tiny:0")
    data = batch(rows(student, example))
    parameters = list(student.model.parameters())
    stock = student.model(**{name: data[name] for name in ("input_ids", "attention_mask", "labels")}).loss
    wanted = torch.autograd.grad(stock, parameters)
    ours = completion_nll(student.model, data, share_prefix)[0].mean()
    found = torch.autograd.grad(ours, parameters)
    assert ours.item() == pytest.approx(stock.item(), abs=1e-5)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found, wanted, strict=True))


def test_each_labels_loss_knows_its_row(student: Student, example: Make) -> None:
    found = rows(student, example)
    _, where = completion_nll(student.model, batch(found), True)
    labels = [sum(label != IGNORED for label in row.labels) for row in found]
    assert torch.bincount(where).tolist() == labels


def test_a_shared_system_prompt_is_found(student: Student, example: Make) -> None:
    data = batch(rows(student, example))
    shared = prefix_length(data["input_ids"], data["labels"])
    assert SYSTEM in student.tokenizer.decode(data["input_ids"][0, :shared])


def test_equal_prompts_leave_the_token_that_predicts_the_first_label(student: Student, example: Make) -> None:
    same = tokenize(student.tokenizer, [example("2+2", text, system=SYSTEM) for text in ("4", "5")], {})
    data = batch(same)
    shared = prefix_length(data["input_ids"], data["labels"])
    assert shared == same[0].labels.count(IGNORED) - 1


def test_one_row_has_no_prefix_to_share(student: Student, example: Make) -> None:
    data = batch(rows(student, example)[:1])
    assert prefix_length(data["input_ids"], data["labels"]) == 0


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_validation_loss_does_not_depend_on_the_batch_size(student: Student, example: Make, batch_size: int) -> None:
    found = rows(student, example)
    whole = mean_nll(student.model, found, 0, batch_size=4)
    assert mean_nll(student.model, found, 0, batch_size) == pytest.approx(whole, abs=1e-6)


def test_each_rows_likelihood_comes_in_the_order_of_the_rows(student: Student, example: Make) -> None:
    found = rows(student, example)
    alone = [row_nlls(student.model, [row], 0)[0] for row in found]
    assert row_nlls(student.model, found, 0) == pytest.approx(alone, rel=1e-6)
    assert len({round(one, 3) for one in alone}) == len(found)


@given(st.lists(st.tuples(st.integers(1, 9000), st.integers(1, 9000)), max_size=40), st.integers(1, 33))
def test_micro_batches_hold_every_row_once_and_fit_the_memory(lengths: list[tuple[int, int]], batch_size: int) -> None:
    rows = [Row([0] * (a + b), [IGNORED] * a + [1] * b) for a, b in lengths]
    found = list(micro_batches(rows, batch_size, 50_000))
    assert sorted(index for batch in found for index in batch) == list(range(len(rows)))
    for batch in found:
        assert len(batch) <= batch_size
        padded = len(batch) * max(len(rows[index].input_ids) for index in batch)
        labels = sum(lengths[index][1] for index in batch)
        assert len(batch) == 1 or (padded <= BATCH_TOKENS and labels * 50_000 <= BATCH_LOGITS)


def test_a_llama_on_a_cpu_shares_prefixes(student: Student) -> None:
    assert can_share_prefix(student.model)


def test_a_model_with_a_sliding_window_does_not(example: Make) -> None:
    model = load("tiny:0").model
    model.config.sliding_window = 64
    assert not can_share_prefix(model)
