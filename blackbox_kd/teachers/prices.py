"""What tokens cost: a small dated table. A model that is not in it has no price, which is not the same as free."""

import re

from blackbox_kd.teachers.target import Price

SEEN = "2026-11"
PRICES = {
    "anthropic/claude-opus-5-5": Price(input_usd=4, output_usd=20),
    "anthropic/claude-sonnet-5-5": Price(input_usd=2, output_usd=10),
    "openai/gpt-6.1-sol": Price(input_usd=2, output_usd=10),
    "openai/gpt-6.1-terra": Price(input_usd=1, output_usd=5),
}
DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$")


def price_of(label: str, official: bool) -> Price | None:
    """List price of `provider/model` at the provider's own API, a date suffix aside; None if it is not known."""
    return PRICES.get(DATED.sub("", label)) if official else None
