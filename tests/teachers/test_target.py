import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.records import Usage
from blackbox_kd.teachers.target import Patience, Price, Sampling, Target, choose


def one(label: str, weight: float) -> Target:
    """A target of a weight."""
    return Target(wire="openai", model="m", label=label, base_url=None, identity="own", weight=weight)


def test_prompts_are_shared_out_by_weight() -> None:
    targets = (one("a", 3.0), one("b", 1.0))
    chosen = [choose(targets, f"p{number}").label for number in range(2_000)]
    assert 0.70 < chosen.count("a") / 2_000 < 0.80


@given(name=st.text(max_size=20), weights=st.lists(st.floats(0.001, 1_000), min_size=1, max_size=5))
def test_a_prompt_has_one_teacher_for_good(name: str, weights: list[float]) -> None:
    targets = tuple(one(str(number), weight) for number, weight in enumerate(weights))
    assert choose(targets, name) is choose(targets, name)
    assert choose(targets, name) in targets


def test_a_price_is_dollars_a_million_tokens() -> None:
    used = Usage(prompt_tokens=1_000_000, completion_tokens=100_000)
    assert Price(input_usd=2.0, output_usd=10.0).cost_usd(used) == pytest.approx(3.0)


@pytest.mark.parametrize("text", ["{}", '{"input_usd": 1}', '{"output_usd": 1}', '{"gpu_hour_usd": 2, "input_usd": 1}'])
def test_half_a_price_is_none(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Price)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Sampling, '{"n": 0}'),
        (Sampling, '{"max_tokens": 0}'),
        (Sampling, '{"temperature": -1}'),
        (Sampling, '{"top_p": 0}'),
        (Sampling, '{"topp": 1}'),
        (Patience, '{"concurrency": 0}'),
        (Patience, '{"timeout_s": 0}'),
        (Price, '{"input_usd": -1, "output_usd": 1}'),
    ],
)
def test_settings_out_of_range_are_refused(kind: type[msgspec.Struct], text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=kind)
