from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Message
from blackbox_kd.student.generate import CACHE_TOKENS, Generation, Sampling, batches, choose, common_prefix, generate
from blackbox_kd.student.load import Student
from blackbox_kd.student.template import encode, render

SYSTEM = Message(role="system", content="Answer in one word, whatever you are asked, and never explain.")
LIMIT = Sampling(max_new_tokens=12)


def answered(one: Generation) -> tuple[str, str, int, int]:
    """All but the log-probability, which the order of sums in a batch moves in its last digits."""
    return one.text, one.finish_reason, one.prompt_tokens, one.completion_tokens


def asked(text: str) -> list[Message]:
    return [SYSTEM, Message(role="user", content=text)]


MANY = [asked(text) for text in ("a", "what is the time in a town far away?", "bb", "cat and dog", "0 1 2 3 4 5 6")]


@pytest.mark.parametrize("batch_size", [2, 5])
def test_a_batch_answers_as_one_by_one_in_the_same_order(student: Student, batch_size: int) -> None:
    one_by_one = [generate(student, [turns], LIMIT)[0] for turns in MANY]
    together = generate(student, MANY, LIMIT, batch_size=batch_size)
    assert [answered(one) for one in together] == [answered(one) for one in one_by_one]
    assert [one.logprob for one in together] == pytest.approx([one.logprob for one in one_by_one], abs=1e-5)


def test_the_log_probability_is_that_of_the_models_own_distribution(student: Student) -> None:
    found = generate(student, MANY, LIMIT)
    for turns, answer in zip(MANY, found, strict=True):
        prompt = torch.tensor([encode(student.tokenizer, render(student.tokenizer, turns))])
        model: Any = student.model
        ids = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=12, do_sample=False)
        with torch.inference_mode():
            scores = torch.log_softmax(model(ids).logits[0, prompt.shape[1] - 1 : -1], dim=-1)
        own = scores.gather(1, ids[0, prompt.shape[1] :, None])
        assert answer.logprob == pytest.approx(float(own.mean()), abs=1e-5)


def test_the_log_probability_of_a_sample_is_at_temperature_1(student: Student) -> None:
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]])
    for temperature in (0.0, 0.3, 2.0):
        chosen, found = choose(logits, temperature, torch.Generator().manual_seed(0))
        wanted = logits.log_softmax(dim=-1)[[0, 1], chosen]
        assert torch.allclose(found, wanted)


def test_answers_equal_those_of_transformers(student: Student) -> None:
    found = generate(student, MANY, LIMIT)
    for turns, answer in zip(MANY, found, strict=True):
        prompt = torch.tensor([encode(student.tokenizer, render(student.tokenizer, turns))])
        model: Any = student.model
        ids = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=12, do_sample=False)
        assert student.tokenizer.decode(ids[0, prompt.shape[1] :], skip_special_tokens=True) == answer.text


def test_an_answer_cut_off_says_length(student: Student) -> None:
    (answer,) = generate(student, MANY[:1], Sampling(max_new_tokens=3))
    assert (answer.finish_reason, answer.completion_tokens) == ("length", 3)


def test_the_text_ends_before_a_stop_string(student: Student) -> None:
    (whole,) = generate(student, MANY[:1], LIMIT)
    word = whole.text[4:6]
    (answer,) = generate(student, MANY[:1], Sampling(max_new_tokens=12, stop=(word,)))
    assert answer.finish_reason == "stop"
    assert answer.text == whole.text[: whole.text.index(word)]


def test_sampling_depends_on_the_seed(student: Student) -> None:
    def sample(seed: int) -> list[Generation]:
        return generate(student, MANY[:2], Sampling(max_new_tokens=12, temperature=1.0, seed=seed))

    assert sample(1) == sample(1)
    assert sample(1) != sample(2)


def test_a_prompt_beyond_the_context_is_a_usage_error(student: Student) -> None:
    with pytest.raises(UsageError, match="conversation 1"):
        generate(student, [MANY[0], asked("x" * 5000)], LIMIT)


def test_progress_counts_up_to_all(student: Student) -> None:
    done: list[int] = []
    generate(student, MANY, Sampling(max_new_tokens=1), batch_size=2, on_done=done.append)
    assert done == [2, 4, 5]


def test_no_conversations_make_no_answers(student: Student) -> None:
    assert generate(student, [], LIMIT) == []


def test_a_common_prefix_leaves_each_prompt_a_token() -> None:
    assert common_prefix([[1, 2, 3], [1, 2, 3]]) == 2
    assert common_prefix([[1, 2, 3], [1, 4, 5]]) == 1


@given(st.lists(st.integers(1, 3000), max_size=50), st.integers(1, 64))
def test_batches_hold_every_prompt_once_and_fit_the_memory(lengths: list[int], batch_size: int) -> None:
    found = list(batches([[0] * length for length in lengths], batch_size, 100))
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
    for batch in found:
        tokens = len(batch) * (max(lengths[index] for index in batch) + 100)
        assert len(batch) <= batch_size
        assert len(batch) == 1 or tokens <= CACHE_TOKENS
