import pytest

from blackbox_kd.teachers.prices import PRICES, price_of


@pytest.mark.parametrize(
    "label",
    [
        "anthropic/claude-sonnet-5-5",
        "anthropic/claude-sonnet-5-5-20260901",
        "anthropic/claude-sonnet-5-5-2026-09-01",
        "anthropic/claude-sonnet-5-5-latest",
    ],
)
def test_a_dated_name_costs_what_its_model_costs(label: str) -> None:
    assert price_of(label, official=True) == PRICES["anthropic/claude-sonnet-5-5"]


@pytest.mark.parametrize("label", ["openai/unheard-of", "anthropic/claude-sonnet-5-5-mini", ""])
def test_an_unknown_model_has_no_price(label: str) -> None:
    assert price_of(label, official=True) is None


def test_the_same_name_at_another_server_has_no_price() -> None:
    assert price_of("anthropic/claude-sonnet-5-5", official=False) is None
