import re
from collections.abc import Callable
from typing import Any

import pytest

from blackbox_kd.teachers.capabilities import (
    CHECKED,
    api_version,
    limit_name,
    offers_schema,
    unsupported,
    without,
)
from blackbox_kd.teachers.target import Sampling, Target

WARM = Sampling(temperature=0.7, top_p=0.9, stop=("x",))
BOTH = ("temperature", "top_p")


def test_the_table_is_dated() -> None:
    assert re.fullmatch(r"20\d\d-\d\d", CHECKED)


@pytest.mark.parametrize(
    ("model", "extra", "refused"),
    [
        ("gpt-6.1-sol", {}, BOTH),
        ("gpt-6-luna", {"reasoning_effort": "high"}, BOTH),
        ("gpt-6.2-astra", {"reasoning_effort": "none"}, ()),
        ("gpt-6.1-sol-2026-10-01", {"reasoning": {"effort": "none"}}, ()),
        ("gpt-5.6-terra", {}, BOTH),
        ("gpt-5.5", {"reasoning_effort": "none"}, ()),
        ("gpt-5.4-mini-2026-03-17", {}, ()),
        ("gpt-5.2", {"reasoning_effort": "low"}, BOTH),
        ("gpt-5.2-pro", {}, BOTH),
        ("gpt-5", {"reasoning_effort": "none"}, (*BOTH, "stop")),
        ("gpt-5-mini-2025-08-07", {}, (*BOTH, "stop")),
        ("gpt-5-chat-latest", {}, ()),
        ("o3-mini", {}, (*BOTH, "stop")),
        ("o1-2024-12-17", {}, BOTH),
        ("gpt-4o", {}, ()),
        ("gpt-4.1-nano", {}, ()),
        ("gpt-10", {}, BOTH),
        ("GPT-6-Sol", {}, BOTH),
        ("something-else", {}, ()),
    ],
)
def test_what_openais_models_refuse(
    target: Callable[..., Target], model: str, extra: dict[str, Any], refused: tuple[str, ...]
) -> None:
    assert unsupported(target(model=model, official=True, sampling=WARM, extra=extra)) == refused


@pytest.mark.parametrize(
    ("model", "sampling", "extra", "refused"),
    [
        ("claude-sonnet-5-5", WARM, {"top_k": 5}, (*BOTH, "top_k")),
        ("claude-opus-4-7", WARM, {}, BOTH),
        ("claude-fable-5-2", Sampling(temperature=1.0), {}, ("temperature",)),
        ("claude-mythos-preview", WARM, {}, BOTH),
        ("claude-opus-4-6", Sampling(temperature=0.2), {}, ()),
        ("claude-haiku-4-5-20251001", WARM, {}, ("top_p",)),
        ("claude-sonnet-4-5", Sampling(temperature=0.2), {"thinking": {"type": "enabled"}}, ("temperature",)),
        ("claude-3-5-haiku-latest", WARM, {}, ()),
        ("claude-sonnet-4-20250514", WARM, {}, ()),
        ("simulated-tickets", WARM, {}, ()),
    ],
)
def test_what_anthropics_models_refuse(
    target: Callable[..., Target], model: str, sampling: Sampling, extra: dict[str, Any], refused: tuple[str, ...]
) -> None:
    whom = target(wire="anthropic", model=model, official=True, sampling=sampling, extra=extra)
    assert unsupported(whom) == refused


def test_what_is_not_set_is_not_named(target: Callable[..., Target]) -> None:
    assert unsupported(target(model="gpt-6.1-sol", official=True)) == ()


def test_what_stands_among_the_extra_fields_is_named(target: Callable[..., Target]) -> None:
    assert unsupported(target(model="o3", official=True, extra={"temperature": 1, "seed": 1})) == ("temperature",)


@pytest.mark.parametrize("model", ["gpt-6.1-sol", "claude-sonnet-5-5"])
def test_a_compatible_server_is_taken_to_allow_everything(target: Callable[..., Target], model: str) -> None:
    assert unsupported(target(model=model, sampling=WARM)) == ()


@pytest.mark.parametrize("official", [True, False])
def test_the_responses_api_has_no_stop_sequences(target: Callable[..., Target], official: bool) -> None:
    whom = target(wire="responses", model="gpt-4.1", official=official, sampling=WARM)
    assert unsupported(whom) == ("stop",)


@pytest.mark.parametrize("model", ["gpt-6.1-sol", "o3", "gpt-4.1"])
def test_without_what_it_refuses_nothing_is_refused(target: Callable[..., Target], model: str) -> None:
    whom = target(model=model, official=True, sampling=WARM, extra={"top_p": 1, "seed": 1})
    left = without(whom, unsupported(whom))
    assert unsupported(left) == ()
    assert left.extra["seed"] == 1


def test_without_nothing_all_stays(target: Callable[..., Target]) -> None:
    whom = target(sampling=WARM, extra={"seed": 1})
    assert without(whom, ()) == whom


@pytest.mark.parametrize(
    ("model", "version"),
    [
        ("claude-sonnet-5-5", "2026-10-21"),
        ("claude-haiku-5-5-20261007", "2026-10-21"),
        ("claude-opus-4-8", "2026-10-21"),
        ("claude-opus-4-6", "2023-06-01"),
        ("claude-haiku-4-5", "2023-06-01"),
        ("claude-opus-4-20250514", "2023-06-01"),
        ("claude-3-7-sonnet-20250219", "2023-06-01"),
        ("simulated-tickets", None),
        ("gpt-6.1-sol", None),
    ],
)
def test_models_that_allow_sampling_are_asked_by_the_version_that_does(model: str, version: str | None) -> None:
    assert api_version(model) == version


@pytest.mark.parametrize(
    ("wire", "model", "official", "offered"),
    [
        ("openai", "gpt-4o", True, True),
        ("openai", "gpt-4o-2024-05-13", True, False),
        ("openai", "gpt-4-0613", True, False),
        ("openai", "gpt-4.1", True, True),
        ("openai", "gpt-6.1-sol", True, True),
        ("openai", "gpt-4", False, True),
        ("anthropic", "claude-sonnet-5-5", True, True),
        ("anthropic", "claude-3-haiku-20240307", True, False),
    ],
)
def test_models_that_offer_json_of_a_schema(
    target: Callable[..., Target], wire: str, model: str, official: bool, offered: bool
) -> None:
    assert offers_schema(target(wire=wire, model=model, official=official)) is offered


@pytest.mark.parametrize(
    ("wire", "official", "name"),
    [
        ("openai", True, "max_completion_tokens"),
        ("openai", False, "max_tokens"),
        ("responses", True, "max_output_tokens"),
        ("responses", False, "max_output_tokens"),
        ("anthropic", True, "max_tokens"),
    ],
)
def test_the_limit_has_its_right_name(target: Callable[..., Target], wire: str, official: bool, name: str) -> None:
    assert limit_name(target(wire=wire, official=official)) == name
