from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.teachers.served import same_model


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("gpt-6.1-sol", "gpt-6.1-sol-2026-10-01"),
        ("gpt-4", "gpt-4-0613"),
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219"),
        ("claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("mistral-large-latest", "mistral-large-2411"),
        ("gemini-2.0-flash", "gemini-2.0-flash-001"),
        ("gemini-2.5-pro", "models/gemini-2.5-pro-05-06"),
        ("deepseek-r1", "deepseek-r1-250528"),
        ("openai/gpt-6.1-sol", "gpt-6.1-sol"),
        ("gpt-6.1-sol", "openai/gpt-6.1-sol-2026-10-01"),
        ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/llama-3.1-8b-instruct"),
        ("meta-llama/llama-3.1-8b-instruct:free", "meta-llama/llama-3.1-8b-instruct"),
        ("llama3", "llama3:latest"),
        ("Qwen/Qwen3-8B@main", "Qwen/Qwen3-8B"),
        ("claude-sonnet-4", "anthropic/claude-sonnet-4-20250514-v1:0"),
        ("m", "M"),
    ],
)
def test_row_47_another_name_of_the_same_model(asked: str, served: str) -> None:
    assert same_model(asked, served)


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("claude-opus-5-5", "deepseek-v4-pro"),
        ("gpt-6.1-sol", "gpt-6.1-terra"),
        ("gpt-6.1-sol", "gpt-6.2-sol"),
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4", "gpt-4o"),
        ("gpt-5.4", "gpt-5.4-mini-2026-03-17"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06"),
        ("claude-sonnet-4", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5", "claude-sonnet-4-6"),
        ("llama3:8b", "llama3:70b"),
        ("qwen3-8b", "qwen3-80b"),
        ("unsloth/llama-3-8b", "meta-llama/llama-3-8b"),
        ("phi-3-mini-4k", "phi-3-mini-128k"),
        ("gpt-3.5-turbo-16k", "gpt-3.5-turbo"),
        ("m", ""),
    ],
)
def test_row_47_another_model(asked: str, served: str) -> None:
    assert not same_model(asked, served)


WORDS = st.lists(st.sampled_from(["gpt", "6", "sol", "mini", "claude", "4o", "8b", "pro"]), min_size=1, max_size=4)
NAMES = WORDS.map("-".join)
DATES = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(name=st.text(max_size=40))
def test_every_name_means_itself(name: str) -> None:
    assert same_model(name, name)


@given(one=NAMES, other=NAMES)
def test_the_order_of_two_names_plays_no_part(one: str, other: str) -> None:
    assert same_model(one, other) == same_model(other, one)


@given(name=NAMES, day=DATES, form=st.sampled_from(["-%Y%m%d", "-%Y-%m-%d", "@%Y%m%d"]))
def test_a_date_a_prefix_and_case_play_no_part(name: str, day: date, form: str) -> None:
    assert same_model(name, f"Provider/{name.upper()}{day:{form}}")


@given(name=NAMES, days=st.tuples(DATES, DATES).filter(lambda pair: pair[0] != pair[1]))
def test_two_dates_are_two_models(name: str, days: tuple[date, date]) -> None:
    assert not same_model(f"{name}-{days[0]:%Y-%m-%d}", f"{name}-{days[1]:%Y-%m-%d}")


@given(name=NAMES, word=st.sampled_from(["mini", "pro", "8b", "5", "turbo"]))
def test_a_further_word_is_another_model(name: str, word: str) -> None:
    assert not same_model(name, f"{name}-{word}")
