import hashlib
import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.records import Json, Message, Prompt
from blackbox_kd.teachers.ledger import Stored
from blackbox_kd.teachers.request import (
    MOST_FRAMES,
    SORTED,
    WIRES,
    answers,
    build,
    canonical,
    completion,
    cost_usd,
    read,
    usable,
)
from blackbox_kd.teachers.target import Api, Price, Sampling, Target
from blackbox_kd.teachers.wire import LIMITS, UNDECIDING, Malformed

ASKED = (Message(role="user", content="Hi"),)
PRICE = Price(input_usd=1.0, output_usd=10.0)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
ANY_TEXT = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=12)
MESSAGES = st.lists(
    st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), content=ANY_TEXT), max_size=4
).map(tuple)
TARGETS = st.builds(
    Target,
    wire=st.sampled_from(get_args(Api)),
    model=st.sampled_from(["m", "gpt-6.1-sol"]),
    label=st.just("openai/m"),
    base_url=st.none(),
    identity=st.text(max_size=4),
    system=ANY_TEXT,
    shots=MESSAGES.map(lambda some: tuple(one for one in some if one.role != "system")),
    schema=st.none() | st.dictionaries(st.text(max_size=4), JSON, max_size=2),
    sampling=st.builds(
        Sampling,
        temperature=st.none() | st.floats(0, 1e30),
        top_p=st.none() | st.floats(1e-30, 1),
        stop=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    ),
    extra=st.dictionaries(st.text(max_size=4) | st.sampled_from(["seed", *sorted(UNDECIDING)]), JSON, max_size=3),
    official=st.booleans(),
)


@given(messages=MESSAGES, sample=st.integers(0, 9), target=TARGETS)
def test_an_identity_is_the_canonical_json_of_teacher_body_and_sample(
    messages: tuple[Message, ...], sample: int, target: Target
) -> None:
    asked = build(messages, sample, target)
    body = WIRES[target.wire].request(messages, target)
    what: dict[str, Json] = {"teacher": target.identity, "wire": target.wire, "sample": sample, "body": body}
    plain = json.dumps(what, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert asked.identity == plain.encode("utf-8", "replace")
    assert asked.key == hashlib.sha256(asked.identity).hexdigest()
    assert not UNDECIDING & set(body)


@given(messages=MESSAGES, target=TARGETS, stream=st.booleans())
def test_the_size_bounds_the_bytes_that_are_sent(messages: tuple[Message, ...], target: Target, stream: bool) -> None:
    asked = build(messages, 0, target)
    payload = asked.payload(stream)
    assert len(payload) <= asked.size
    assert asked.max_tokens == max(
        (value for name in LIMITS if isinstance(value := json.loads(payload).get(name), int)), default=0
    )


@given(text=st.text())
def test_the_fast_encoder_writes_text_as_the_canonical_one(text: str) -> None:
    assert SORTED.encode({text: text, "": [text]}) == canonical({text: text, "": [text]})


@pytest.mark.parametrize(
    ("wire", "identity"),
    [
        (
            "openai",
            b'{"body":{"messages":[{"content":"Rules.","role":"system"},{"content":"Hi","role":"user"}],'
            b'"model":"simulated-tickets","seed":1,"temperature":0.5},"sample":2,"teacher":"own","wire":"openai"}',
        ),
        (
            "anthropic",
            b'{"body":{"messages":[{"content":"Hi","role":"user"}],"model":"simulated-tickets","seed":1,'
            b'"system":"Rules.","temperature":0.5},"sample":2,"teacher":"own","wire":"anthropic"}',
        ),
    ],
)
def test_identities_are_what_ledgers_hold(target: Callable[..., Target], wire: str, identity: bytes) -> None:
    whom = target(wire=wire, system="Rules.", extra={"seed": 1}, sampling=Sampling(temperature=0.5, max_tokens=5))
    assert build(ASKED, 2, whom).identity == identity


def test_many_targets_keep_their_identities(target: Callable[..., Target]) -> None:
    many = [target(identity=str(number)) for number in range(MOST_FRAMES + 9)]
    keys = [build(ASKED, 0, one).key for one in many]
    assert [build(ASKED, 0, one).key for one in many] == keys
    assert len(set(keys)) == len(many)


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
        {"stream": True},
        {"batch": True},
        {"prompt_cache": False},
        {"extra": {"store": True, "prompt_cache_key": "k", "stream_options": {}, "max_completion_tokens": 9}},
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
    assert (json.loads(asked.payload(False))["max_tokens"], asked.max_tokens) == (5, 5)


def test_a_streamed_request_says_so(target: Callable[..., Target]) -> None:
    asked = build(ASKED, 0, target())
    assert json.loads(asked.payload(True)) == {
        **json.loads(asked.payload(False)),
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize("wire", list(WIRES))
def test_a_schema_is_sent_in_the_order_of_its_fields(target: Callable[..., Target], wire: str) -> None:
    schema = {"type": "object", "properties": {"why": {}, "label": {}}}
    payload = build(ASKED, 0, target(wire=wire, schema=schema)).payload(False)
    assert payload.index(b'"why"') < payload.index(b'"label"')


def test_a_limit_among_the_extra_fields_counts(target: Callable[..., Target]) -> None:
    assert build(ASKED, 0, target(extra={"max_completion_tokens": 4_000})).max_tokens == 4_000


def test_key_order_plays_no_part() -> None:
    assert canonical({"a": 1, "b": "é"}) == canonical({"b": "é", "a": 1}) == '{"a":1,"b":"é"}'.encode()


def test_a_lone_surrogate_in_a_prompt_is_no_crash(target: Callable[..., Target]) -> None:
    assert json.loads(build((Message(role="user", content="\ud800"),), 0, target()).payload(False))


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


@pytest.mark.parametrize(
    ("finish", "limit_then", "used"), [("length", 5, False), ("length", 6, True), ("stop", 5, True)]
)
def test_whether_a_stored_reply_answers_is_told_without_it(
    target: Callable[..., Target], said: Callable[..., dict[str, object]], finish: str, limit_then: int, used: bool
) -> None:
    asked = build(ASKED, 0, target(sampling=Sampling(max_tokens=6)))
    assert answers(stored(said, finish, limit_then), asked) is used


def test_a_stored_reply_is_read_only_where_its_limit_was_lower(target: Callable[..., Target]) -> None:
    asked = build(ASKED, 0, target(sampling=Sampling(max_tokens=6)))
    assert answers(Stored(b"broken", 6), asked)
    with pytest.raises(Malformed):
        answers(Stored(b"broken", 5), asked)


def test_nothing_stored_is_nothing_usable(target: Callable[..., Target]) -> None:
    assert usable(None, build(ASKED, 0, target())) is None


def test_a_prompt_that_nobody_counted_is_estimated_by_its_bytes(
    target: Callable[..., Target], said: Callable[..., dict[str, object]]
) -> None:
    asked = build((Message(role="user", content="x" * 400),), 0, target())
    counts = read(json.dumps(said(usage=None)).encode(), asked).usage
    assert (counts.prompt_tokens, counts.source) == (asked.size // 4 + 1, "estimated")


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


def test_own_gpus_by_the_hour_give_a_row_no_cost(
    target: Callable[..., Target], said: Callable[..., dict[str, object]], prompt: Callable[..., Prompt]
) -> None:
    whom = target(price=Price(gpu_hour_usd=2.0))
    reply = read(json.dumps(said()).encode(), build(ASKED, 0, whom))
    assert completion(prompt(), 0, whom, reply).cost_usd is None


def test_a_batch_costs_its_share(
    target: Callable[..., Target], said: Callable[..., dict[str, object]], prompt: Callable[..., Prompt]
) -> None:
    price = Price(input_usd=1.0, output_usd=10.0, batch=0.5)
    whom = target(price=price, batch=True)
    reply = read(json.dumps(said()).encode(), build(ASKED, 0, whom))
    assert completion(prompt(), 0, whom, reply, batch=True).cost_usd == pytest.approx(cost_usd(reply, price) / 2)
