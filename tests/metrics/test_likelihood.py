import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.metrics.likelihood import bits_per_byte, nats_per_token

COUNTS = st.integers(1, 10_000)


def test_a_uniform_guess_of_eight_is_three_bits() -> None:
    nll = 10 * math.log(8)  # ten tokens of one byte
    assert nats_per_token(nll, 10) == pytest.approx(math.log(8))
    assert bits_per_byte(nll, 10) == pytest.approx(3)


def test_without_tokens_or_bytes_it_is_unknown() -> None:
    assert (nats_per_token(0.0, 0), bits_per_byte(0.0, 0)) == (None, None)


@given(st.floats(0, 1e4), COUNTS, st.floats(0, 1e4), COUNTS)
def test_summed_texts_weigh_each_token_the_same(one: float, tokens: int, other: float, more: int) -> None:
    whole = nats_per_token(one + other, tokens + more)
    parts = (nats_per_token(one, tokens) or 0) * tokens + (nats_per_token(other, more) or 0) * more
    assert whole == pytest.approx(parts / (tokens + more))
