from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.errors import InputError
from blackbox_kd.records import Usage
from blackbox_kd.teachers.prices import OWN_TABLE, Entry, busy_s, in_force, listed, own_prices, price_of
from blackbox_kd.teachers.target import Price, Tier

TODAY = date(2026, 11, 24)
SPANS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 100)).map(lambda one: (one[0], one[0] + one[1])))
TIERED = Price(input_usd=1, output_usd=10, tiers=(Tier(above_tokens=1_000, input_usd=2, output_usd=20),))
PRICED = st.builds(
    Price,
    input_usd=st.floats(0, 100),
    output_usd=st.floats(0, 100),
    cached_usd=st.none() | st.floats(0, 200),
    cache_write_usd=st.none() | st.floats(0, 200),
    batch=st.none() | st.floats(0, 1),
    tiers=st.lists(
        st.builds(
            Tier,
            above_tokens=st.integers(1, 2_000),
            input_usd=st.floats(0, 100),
            output_usd=st.floats(0, 100),
            cached_usd=st.none() | st.floats(0, 200),
        ),
        max_size=2,
    ).map(tuple),
)


def usage(prompt: int, completion: int, cached: int = 0, written: int = 0) -> Usage:
    """What a provider counted."""
    return Usage(prompt_tokens=prompt, completion_tokens=completion, cached_tokens=cached, cache_write_tokens=written)


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
    price = price_of(label, official=True, on=TODAY)
    assert price is not None
    assert (price.input_usd, price.output_usd, price.cached_usd) == (2.0, 10.0, 0.10)


@pytest.mark.parametrize("label", ["openai/unheard-of", "anthropic/claude-sonnet-5-5-mini", ""])
def test_an_unknown_model_has_no_price(label: str) -> None:
    assert price_of(label, official=True, on=TODAY) is None


def test_the_same_name_at_another_server_has_no_price() -> None:
    assert price_of("anthropic/claude-sonnet-5-5", official=False, on=TODAY) is None


def test_every_list_price_says_when_it_began_and_where_it_was_read() -> None:
    assert len(listed()) >= 5
    for one in listed():
        assert one.source
        assert one.checked >= "2026-11"
        assert (one.price.by_token, one.price.batch) == (True, 0.5)


def test_the_newest_price_that_has_begun_counts() -> None:
    own = [
        Entry(label="openai/m", effective_from=date(2026, month, 1), price=Price(input_usd=month, output_usd=0))
        for month in (10, 12, 11)
    ]
    found = [price_of("openai/m", False, own, date(2026, month, 15)) for month in (9, 10, 11, 12)]
    assert [None if one is None else one.input_usd for one in found] == [None, 10, 11, 12]


def test_the_users_table_comes_before_the_list_and_counts_for_own_servers(tmp_path: Path) -> None:
    (tmp_path / OWN_TABLE).write_text(
        '[[model]]\nlabel = "openai/gpt-6.1-sol"\neffective_from = 2026-01-01\n'
        "price = { input_usd = 7, output_usd = 8 }\n"
    )
    own = own_prices(tmp_path)
    for official in (True, False):
        price = price_of("openai/gpt-6.1-sol", official, own, TODAY)
        assert price is not None
        assert price.input_usd == 7


def test_without_a_table_of_ones_own_there_is_none(tmp_path: Path) -> None:
    assert own_prices(tmp_path) == ()


@pytest.mark.parametrize(
    "text",
    [
        b"[[model]]\nlabel = 1",
        b'[[model]]\nlabel = "a/b"\neffective_from = 2026-01-01\nprice = { input_usd = 1 }',
        b"[[model",
        b"\xff",
    ],
)
def test_a_table_that_is_none_names_its_file(text: bytes, tmp_path: Path) -> None:
    (tmp_path / OWN_TABLE).write_bytes(text)
    with pytest.raises(InputError, match=r"prices\.toml"):
        own_prices(tmp_path)


@pytest.mark.parametrize(
    ("official", "batch", "share"), [(True, None, 0.5), (True, 0.25, 0.25), (False, None, None), (False, 0.4, 0.4)]
)
def test_a_batch_costs_half_at_the_providers_own_api(official: bool, batch: float | None, share: float | None) -> None:
    price = in_force(Price(input_usd=1, output_usd=1, batch=batch), official)
    assert price is not None
    assert price.batch == share


def test_cached_tokens_have_their_own_price() -> None:
    price = Price(input_usd=4, output_usd=20, cached_usd=0.2, cache_write_usd=5)
    assert price.cost_usd(usage(1_000_000, 0, 600_000, 300_000)) == pytest.approx(0.1 * 4 + 0.6 * 0.2 + 0.3 * 5)


def test_what_the_cache_takes_and_gives_costs_as_input_unless_it_has_a_price() -> None:
    assert Price(input_usd=4, output_usd=20).cost_usd(usage(100, 10, 60, 30)) == pytest.approx(600e-6)


@pytest.mark.parametrize(("tokens", "cost"), [(1_000, 1_000e-6), (1_001, 2_002e-6)])
def test_a_long_prompt_reaches_the_next_tier_with_all_its_tokens(tokens: int, cost: float) -> None:
    assert TIERED.cost_usd(usage(tokens, 0)) == pytest.approx(cost)


def test_a_batch_takes_its_share() -> None:
    price = Price(input_usd=1, output_usd=1, batch=0.5)
    assert price.cost_usd(usage(10, 10), batch=True) == pytest.approx(price.cost_usd(usage(10, 10)) / 2)


@given(
    price=PRICED,
    size=st.integers(0, 3_000),
    limit=st.integers(0, 1_000),
    parts=st.tuples(*[st.floats(0, 1)] * 4),
    batch=st.booleans(),
)
def test_no_reply_costs_more_than_the_worst_case(
    price: Price, size: int, limit: int, parts: tuple[float, ...], batch: bool
) -> None:
    prompt = int(size * parts[0])
    cached = int(prompt * parts[1])
    used = usage(prompt, int(limit * parts[2]), cached, int((prompt - cached) * parts[3]))
    assert price.cost_usd(used, batch) <= price.worst_usd(size, limit, batch) + 1e-12


def test_hours_are_paid_for_every_gpu() -> None:
    price = Price(gpu_hour_usd=2.5, gpus=8)
    assert price.hours_usd(1_800) == pytest.approx(10.0)
    assert not price.by_token


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([], 0),
        ([(1_000, 2_000)], 1),
        ([(1_000, 3_000), (2_000, 4_000)], 3),
        ([(1_000, 9_000), (2_000, 3_000)], 8),
        ([(5_000, 6_000), (0, 1_000)], 2),
    ],
)
def test_time_in_which_several_calls_are_in_flight_counts_once(spans: list[tuple[int, int]], seconds: int) -> None:
    assert busy_s(spans) == seconds


@given(SPANS)
def test_busy_time_is_the_union_of_the_spans(spans: list[tuple[int, int]]) -> None:
    covered = {ms for start, end in spans for ms in range(start, end)}
    assert busy_s(spans) == pytest.approx(len(covered) / 1000)
