import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.records import Message, Prompt
from blackbox_kd.teachers.ledger import Stored
from blackbox_kd.teachers.request import build, canonical, completion, read, usable
from blackbox_kd.teachers.target import Price, Sampling, Target

ASKED = (Message(role="user", content="Hi"),)
PRICE = Price(input_usd=1.0, output_usd=10.0)


@pytest.mark.parametrize(
    "change",
    [
        {"sampling": Sampling(temperature=0.1)},
        {"sampling": Sampling(top_p=0.5)},
        {"sampling": Sampling(stop=("x",))},
        {"system": "Rules."},
        {"shots": (Message(role="user", content="a"), Message(role="assistant", content="b"))},
        {"schema": {"type": "object"}},
        {"extra": {"seed": 1}},
        {"model": "another"},
        {"identity": "elsewhere"},
        {"wire": "anthropic"},
    ],
    ids=lambda change: str(next(iter(change))),
)
def test_what_can_change_an_answer_changes_the_identity(target: Callable[..., Target], change: dict[str, Any]) -> None:
    assert build(ASKED, 0, target(**change)).key != build(ASKED, 0, target()).key


@pytest.mark.parametrize(
    "change",
    [
        {"sampling": Sampling(max_tokens=5)},
        {"sampling": Sampling(n=3)},
        {"official": True},
        {"price": PRICE},
        {"weight": 3.0},
        {"label": "openai/by-another-name"},
        {"url": "http://127.0.0.1:7"},
    ],
    ids=lambda change: str(next(iter(change))),
)
def test_what_cannot_change_an_answer_leaves_the_identity(
    target: Callable[..., Target], change: dict[str, Any]
) -> None:
    assert build(ASKED, 0, target(**change)).key == build(ASKED, 0, target()).key


def test_each_sample_is_a_request_of_its_own(target: Callable[..., Target]) -> None:
    assert len({build(ASKED, sample, target()).key for sample in range(4)}) == 4


def test_the_prompt_changes_the_identity(target: Callable[..., Target]) -> None:
    assert build((Message(role="user", content="Ho"),), 0, target()).key != build(ASKED, 0, target()).key


@given(first=st.text(max_size=20), second=st.text(max_size=20))
def test_prompts_share_an_identity_only_if_they_are_equal(first: str, second: str) -> None:
    def key(text: str) -> str:
        whom = Target(wire="openai", model="m", label="openai/m", base_url=None, identity="own")
        return build((Message(role="user", content=text),), 0, whom).key

    assert (key(first) == key(second)) == (first == second)


def test_the_body_is_json_with_its_token_limit(target: Callable[..., Target]) -> None:
    asked = build(ASKED, 0, target(sampling=Sampling(max_tokens=5)))
    assert (json.loads(asked.body)["max_tokens"], asked.max_tokens) == (5, 5)


def test_a_limit_among_the_extra_fields_counts(target: Callable[..., Target]) -> None:
    assert build(ASKED, 0, target(extra={"max_completion_tokens": 4_000})).max_tokens == 4_000


def test_key_order_plays_no_part() -> None:
    assert canonical({"a": 1, "b": "é"}) == canonical({"b": "é", "a": 1}) == '{"a":1,"b":"é"}'.encode()


def test_a_lone_surrogate_in_a_prompt_is_no_crash(target: Callable[..., Target]) -> None:
    assert json.loads(build((Message(role="user", content="\ud800"),), 0, target()).body)


def stored(said: Callable[..., dict[str, object]], finish: str, max_tokens: int) -> Stored:
    """A stored reply that ended so, asked for with this limit."""
    return Stored(json.dumps(said(finish=finish)).encode(), max_tokens)


@pytest.mark.parametrize(
    ("finish", "limit_then", "limit_now", "used"),
    [
        ("length", 5, 6, False),
        ("length", 5, 5, True),
        ("length", 5, 4, True),
        ("stop", 5, 500, True),
        ("content_filter", 5, 500, True),
    ],
)
def test_a_cut_reply_is_asked_again_only_for_more(
    target: Callable[..., Target],
    said: Callable[..., dict[str, object]],
    finish: str,
    limit_then: int,
    limit_now: int,
    used: bool,
) -> None:
    asked = build(ASKED, 0, target(sampling=Sampling(max_tokens=limit_now)))
    assert (usable(stored(said, finish, limit_then), asked) is not None) is used


def test_nothing_stored_is_nothing_usable(target: Callable[..., Target]) -> None:
    assert usable(None, build(ASKED, 0, target())) is None


def test_a_prompt_that_nobody_counted_is_estimated_by_its_bytes(
    target: Callable[..., Target], said: Callable[..., dict[str, object]]
) -> None:
    asked = build((Message(role="user", content="x" * 400),), 0, target())
    counts = read(json.dumps(said(usage=None)).encode(), asked).usage
    assert (counts.prompt_tokens, counts.source) == (len(asked.body) // 4 + 1, "estimated")


def test_a_completion_carries_cost_and_no_reference(
    target: Callable[..., Target], said: Callable[..., dict[str, object]], prompt: Callable[..., Prompt]
) -> None:
    whom = target(price=PRICE)
    reply = read(json.dumps(said()).encode(), build(ASKED, 0, whom))
    made = completion(prompt(), 2, whom, reply)
    assert (made.id, made.text) == ("p#2", "Paris.")
    assert made.cost_usd == pytest.approx(30e-6)
    assert not hasattr(made, "reference")


def test_an_unknown_price_is_not_free(
    target: Callable[..., Target], said: Callable[..., dict[str, object]], prompt: Callable[..., Prompt]
) -> None:
    reply = read(json.dumps(said()).encode(), build(ASKED, 0, target()))
    assert completion(prompt(), 0, target(), reply).cost_usd is None
