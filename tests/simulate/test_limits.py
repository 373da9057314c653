from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.limits import AnthropicLimits, Bucket, Limits, OpenAILimits
from blackbox_kd.simulate.shapes import Billed, Fault

BOTH = pytest.mark.parametrize("kind", [OpenAILimits, AnthropicLimits])
REQUESTS = Simulated(max_requests_per_minute=60, burst=0.05)  # three at once, one a second
TOKENS = Simulated(max_tokens_per_minute=6_000, max_output_tokens_per_minute=1_200, burst=0.5)
RESET = "x-ratelimit-reset-requests"


def asked(prompt: int = 10, most: int | None = None) -> Asked:
    return Asked("0" * 64, "m", "hi", prompt, most)


def refused(limits: Limits, item: Asked, now_s: float) -> Fault:
    fault = limits.refusal(item, now_s)
    assert fault is not None
    return fault


@BOTH
def test_a_full_bucket_lets_a_burst_in_and_then_one_each_interval(kind: type[OpenAILimits]) -> None:
    limits = kind(REQUESTS)
    times = (0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 2.0)
    assert [limits.refusal(asked(), now) is None for now in times] == [
        *(True, True, True, False, False, True, False, True),
    ]


@BOTH
def test_the_wait_that_is_told_is_just_long_enough(kind: type[OpenAILimits]) -> None:
    limits = kind(REQUESTS)
    for _ in range(3):
        limits.refusal(asked(), 100.0)
    wait_s = refused(limits, asked(), 100.25).retry_after_s
    assert wait_s == 0.75
    assert limits.refusal(asked(), 100.249 + wait_s) is not None
    assert limits.refusal(asked(), 100.25 + wait_s) is None


@given(st.lists(st.floats(min_value=0, max_value=3), max_size=100))
def test_never_more_than_the_burst_and_the_rate_get_in(pauses: list[float]) -> None:
    limits, now, let_in = OpenAILimits(REQUESTS), 0.0, 0
    for pause in pauses:
        now += pause
        let_in += limits.refusal(asked(), now) is None
    assert let_in <= 3 + now + 1e-6


def test_what_is_larger_than_the_bucket_waits_for_a_full_one() -> None:
    bucket = Bucket(600, 0.1)
    assert bucket.wait_s(1_000) == 0.0
    bucket.take(1_000)
    assert bucket.wait_s(1) == pytest.approx(94.1)


def test_openai_counts_the_larger_of_prompt_and_max_tokens() -> None:
    limits = OpenAILimits(TOKENS)
    assert limits.refusal(asked(prompt=100, most=2_000), 0.0) is None
    assert limits.headers(0.0)["x-ratelimit-remaining-tokens"] == "1000"
    fault = refused(limits, asked(prompt=1_500, most=10), 0.0)
    assert (fault.type, fault.retry_after_s) == ("tokens", 5.0)


def test_openai_counts_failed_requests_too() -> None:
    limits = OpenAILimits(REQUESTS)
    for _ in range(3):
        limits.failed(0.0)
    assert limits.refusal(asked(), 0.0) is not None


def test_a_request_refused_for_its_tokens_counts_as_a_request() -> None:
    both = Simulated(max_requests_per_minute=100, max_tokens_per_minute=100, burst=1.0)
    limits = OpenAILimits(both)
    assert [limits.refusal(asked(prompt=80), 0.0) is None for _ in range(3)] == [True, False, False]
    assert limits.headers(0.0)["x-ratelimit-remaining-requests"] == "97"


def test_anthropic_counts_input_and_output_apart() -> None:
    limits = AnthropicLimits(TOKENS)
    limits.refusal(asked(prompt=100, most=500), 0.0)
    told = limits.headers(0.0)
    assert told["anthropic-ratelimit-input-tokens-remaining"] == "2900"
    assert told["anthropic-ratelimit-output-tokens-remaining"] == "100"
    assert told["anthropic-ratelimit-tokens-remaining"] == "3000"
    assert "output tokens" in refused(limits, asked(prompt=100, most=500), 0.0).message


def test_anthropic_puts_cached_input_and_unused_output_back() -> None:
    limits = AnthropicLimits(TOKENS)
    limits.refusal(asked(prompt=2_000, most=500), 0.0)
    limits.settle(asked(prompt=2_000, most=500), Billed("i", "m", "", "stop", 2_000, 20, cached_tokens=1_900))
    told = limits.headers(0.0)
    assert told["anthropic-ratelimit-input-tokens-remaining"] == "2900"
    assert told["anthropic-ratelimit-output-tokens-remaining"] == "580"


def test_anthropics_output_limit_is_a_fifth_of_the_input_limit_unless_it_is_set() -> None:
    told = AnthropicLimits(Simulated(max_tokens_per_minute=1_000)).headers(0.0)
    assert told["anthropic-ratelimit-output-tokens-limit"] == "200"


@pytest.mark.parametrize(
    ("limit", "used", "reset"),
    [(6_000, 1, "10ms"), (60, 3, "3s"), (40, 2, "3s"), (4, 4, "1m0s"), (16, 6, "22.5s"), (1, 1, "1m0s")],
)
def test_openai_tells_the_time_to_a_full_bucket_as_a_duration(limit: int, used: int, reset: str) -> None:
    limits = OpenAILimits(Simulated(max_requests_per_minute=limit, burst=1.0))
    for _ in range(used):
        limits.refusal(asked(), 5.0)
    told = limits.headers(5.0)
    assert (told["x-ratelimit-limit-requests"], told["x-ratelimit-remaining-requests"], told[RESET]) == (
        *(str(limit), str(limit - used), reset),
    )


def test_a_long_reset_is_told_in_hours_and_minutes() -> None:
    limits = OpenAILimits(Simulated(max_tokens_per_minute=10))
    limits.refusal(asked(prompt=635), 0.0)
    assert limits.headers(0.0)["x-ratelimit-reset-tokens"] == "1h3m30s"


def test_anthropic_tells_the_time_of_a_full_bucket() -> None:
    limits = AnthropicLimits(Simulated(max_requests_per_minute=1))
    limits.refusal(asked(), 0.0)
    told = limits.headers(30.0)["anthropic-ratelimit-requests-reset"]
    left_s = (datetime.fromisoformat(told) - datetime.now(UTC)).total_seconds()
    assert 28 < left_s <= 31


@BOTH
@pytest.mark.parametrize("settings", [Simulated(), Simulated(max_requests_per_minute=1, rate_headers=False)])
def test_without_limits_or_where_they_are_not_told_there_are_no_headers(
    kind: type[OpenAILimits], settings: Simulated
) -> None:
    assert kind(settings).headers(0.0) == {}
