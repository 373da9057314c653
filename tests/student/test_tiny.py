import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.student.template import encode
from blackbox_kd.student.tiny import build, build_tokenizer

TOKENIZER = build_tokenizer()


@given(st.text())
@settings(max_examples=50)
def test_any_text_survives_the_tokenizer(text: str) -> None:
    assert TOKENIZER.decode(encode(TOKENIZER, text), clean_up_tokenization_spaces=False) == text


def test_the_same_seed_makes_the_same_weights() -> None:
    one, again, other = (next(build(seed)[0].parameters()) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_it_has_about_a_million_parameters() -> None:
    assert 5e5 < sum(p.numel() for p in build(0)[0].parameters()) < 2e6
