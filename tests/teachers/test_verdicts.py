import json

import pytest

from blackbox_kd.teachers.status import meaning
from blackbox_kd.teachers.target import Api
from blackbox_kd.teachers.verdicts import MESSAGES, NAMES, SETTINGS, STATUSES, Told, judged
from blackbox_kd.teachers.wire import WireError

OPENAI: tuple[Api, ...] = ("openai", "responses")


def refusal(wire: Api, message: str, code: str = "", param: str = "", status: int = 400) -> WireError:
    """What a 400 with these fields means."""
    error = {"code": code, "type": "invalid_request_error", "message": message, "param": param}
    return meaning(wire, status, {}, json.dumps({"error": error}).encode(), 0.0)


@pytest.mark.parametrize("wire", OPENAI)
@pytest.mark.parametrize(
    ("code", "param", "message", "setting"),
    [
        (
            "unsupported_parameter",
            "temperature",
            "",
            "`temperature`: remove or correct `[teacher] sampling.temperature`",
        ),
        ("unsupported_parameter", "", "Unsupported parameter: 'top_p' is not supported", "`[teacher] sampling.top_p`"),
        ("unsupported_value", "temperature", "", "`[teacher] sampling.temperature`"),
        ("unknown_parameter", "stop", "", "`[teacher] sampling.stop`"),
        ("unknown_parameter", "prompt_cache_key", "", "`prompt_cache_key`: remove or correct `[teacher] extra`"),
        ("unsupported_value", "reasoning.effort", "", "`reasoning.effort`: remove or correct `[teacher] extra`"),
        ("invalid_value", "max_tokens", "max_tokens is too large", "`[teacher] sampling.max_tokens`"),
        ("integer_above_max_value", "max_output_tokens", "", "`[teacher] sampling.max_tokens`"),
        ("decimal_above_max_value", "temperature", "", "`[teacher] sampling.temperature`"),
        ("invalid_json_schema", "text.format.schema", "", "`[teacher] schema`"),
        ("", "response_format", "Invalid schema for response_format 'answer'", "`[teacher] schema`"),
    ],
)
def test_a_setting_that_no_row_can_pass_stops_the_run(
    wire: Api, code: str, param: str, message: str, setting: str
) -> None:
    error = refusal(wire, message, code, param)
    assert error.scope == "run"
    assert setting in error.fix
    assert "bbkd.toml" in error.fix


@pytest.mark.parametrize(
    ("message", "setting"),
    [
        ("`temperature` is not supported for this model", "`[teacher] sampling.temperature`"),
        ("temperature: range: 0..1", "`[teacher] sampling.temperature`"),
        ("`temperature` and `top_p` cannot both be specified for this model.", "`[teacher] sampling.temperature`"),
        ("top_k: Input should be greater than 0", "`top_k`: remove or correct `[teacher] extra`"),
        ("max_tokens: 99999 > 64000, which is the maximum allowed", "`[teacher] sampling.max_tokens`"),
        ("stop_sequences: each must contain non-whitespace", "`[teacher] sampling.stop`"),
        ("output_config.format.schema: unsupported keyword", "`[teacher] schema`"),
        ("thinking.enabled.budget_tokens: Input should be less", "`[teacher] extra`"),
        ("seed: Extra inputs are not permitted", "`seed`: remove or correct `[teacher] extra`"),
    ],
)
def test_a_setting_that_anthropic_refuses_stops_the_run(message: str, setting: str) -> None:
    error = refusal("anthropic", message)
    assert error.scope == "run"
    assert setting in error.fix


@pytest.mark.parametrize("wire", OPENAI)
@pytest.mark.parametrize(
    ("code", "param"),
    [
        ("unsupported_value", "messages[0].role"),
        ("unknown_parameter", "input[3].content"),
        ("invalid_value", "messages[0].content"),
        ("invalid_value", "user"),
        ("string_above_max_length", "messages[0].content"),
        ("context_length_exceeded", "max_tokens"),
        ("400", "max_tokens"),
        ("", "max_tokens"),
        ("", ""),
    ],
)
def test_what_may_be_the_rows_own_fault_fails_the_row(wire: Api, code: str, param: str) -> None:
    assert refusal(wire, "why", code, param).scope == "row"


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_refused_setting_comes_as_a_400(status: int) -> None:
    assert "sampling" not in refusal("openai", "why", "unsupported_parameter", "temperature", status).fix


def test_every_verdict_that_stops_the_run_has_one_line_of_advice() -> None:
    verdicts = [*NAMES.values(), *STATUSES.values(), *(one.verdict for one in MESSAGES), judged("openai", 301, NOTHING)]
    stops = {one.fix for one in verdicts if one.scope == "run"}
    assert len(stops) >= 9
    assert all(fix.endswith(".") and "\n" not in fix and len(fix) < 220 for fix in stops)


NOTHING = Told("", "", "", "")


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize("status", [400, 403, 429, 503])
def test_a_name_decides_whatever_the_status(name: str, status: int) -> None:
    assert judged("openai", status, NOTHING._replace(code=name)) is NAMES[name]
    assert judged("anthropic", status, NOTHING._replace(kind=name)) is NAMES[name]


def test_the_code_goes_before_the_type_and_the_type_before_the_message() -> None:
    both = Told("slow_down", "insufficient_quota", "Resource unavailable", "")
    assert judged("openai", 429, both) is NAMES["slow_down"]
    assert judged("openai", 429, both._replace(code="new")) is NAMES["insufficient_quota"]
    assert judged("openai", 429, both._replace(code="", kind="")) is NAMES["resource_unavailable"]


def test_a_message_of_one_provider_says_nothing_on_anothers_wire() -> None:
    limits = NOTHING._replace(message="You have reached your specified API usage limits.")
    assert judged("anthropic", 400, limits).scope == "run"
    assert judged("openai", 400, limits).scope == "row"


@pytest.mark.parametrize("status", [300, 399, 400, 405, 418, 431, 451, 499, 500, 530, 598, 999, *STATUSES])
def test_every_status_has_a_verdict(status: int) -> None:
    expected = "run" if status < 400 else "row" if status < 500 else "attempt"
    assert judged("anthropic", status, NOTHING).scope == (STATUSES[status].scope if status in STATUSES else expected)


def test_every_setting_of_the_advice_exists() -> None:
    names = {"sampling.temperature", "sampling.top_p", "sampling.stop", "sampling.max_tokens", "schema"}
    assert set(SETTINGS.values()) == names
