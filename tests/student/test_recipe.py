import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.config.train import Train
from blackbox_kd.student.recipe import BATCH_TOKENS, learning_rate, micro_batch


@pytest.mark.parametrize(("parameters", "rate"), [(135e6, 2e-4), (360e6, 2e-4), (1.7e9, 5e-5), (8e9, 1e-5)])
def test_larger_students_learn_at_lower_rates(parameters: float, rate: float) -> None:
    assert learning_rate(Train(), int(parameters))[0] == rate


def test_lora_has_its_own_rate() -> None:
    assert learning_rate(Train(method="lora"), 135_000_000)[0] == 2e-4


def test_a_rate_that_is_set_wins_and_says_so() -> None:
    assert learning_rate(Train(learning_rate=1e-3), 135_000_000) == (1e-3, "set in [train] learning_rate")


@given(st.integers(1, 64), st.integers(1, 40_000))
def test_a_micro_batch_divides_the_batch_and_fits(batch_size: int, longest_tokens: int) -> None:
    micro = micro_batch(batch_size, longest_tokens)
    assert batch_size % micro == 0
    assert micro == 1 or micro * longest_tokens <= BATCH_TOKENS
