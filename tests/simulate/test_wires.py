import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.simulate.wires import ANTHROPIC, OPENAI, Asked, Billed, Fault, read

TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "an example"},
    {"role": "assistant", "content": "its answer"},
    {"role": "user", "content": [{"type": "text", "text": "the "}, {"type": "text", "text": "question"}]},
]


def encode(**fields: object) -> bytes:
    return msgspec.json.encode({"model": "m", "messages": TURNS, **fields})


def billed(finish: str) -> Billed:
    return Billed(id="sim-1", model="m", text="hello", finish=finish, prompt_tokens=3, completion_tokens=2)


def test_the_last_user_turn_is_what_is_asked() -> None:
    asked = read(encode())
    assert isinstance(asked, Asked)
    assert asked.prompt == "the question"


def test_system_and_shots_are_paid_for() -> None:
    asked = read(encode())
    assert isinstance(asked, Asked)
    assert asked.prompt_tokens == 3 + 3 + 3 + 4


def test_anthropics_system_field_is_paid_for_too() -> None:
    more, less = read(encode(system=[{"type": "text", "text": "12345678"}])), read(encode())
    assert isinstance(more, Asked)
    assert isinstance(less, Asked)
    assert more.prompt_tokens - less.prompt_tokens == 3


def test_the_order_of_keys_is_not_part_of_a_request() -> None:
    turns = msgspec.json.encode(TURNS).decode()
    first = read(f'{{"model":"m","messages":{turns}}}'.encode())
    second = read(f'{{"messages":{turns},  "model":"m"}}'.encode())
    assert isinstance(first, Asked)
    assert first == second


def test_any_other_field_is_part_of_it() -> None:
    asked = [read(encode()), read(encode(seed=1)), read(encode(seed=2))]
    assert len({item.digest for item in asked if isinstance(item, Asked)}) == 3


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b'{"model":"m"}', b'{"model":"m","messages":[]}', b"\xff\xfe", b"[" * 100_000),
        *(encode(n=2), encode(stream=True)),
    ],
)
def test_what_is_no_request_is_a_fault_400(body: bytes) -> None:
    fault = read(body)
    assert isinstance(fault, Fault)
    assert fault.status == 400


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    assert isinstance(read(body), Asked | Fault)


def test_anthropic_asks_for_max_tokens() -> None:
    assert read(encode(), needs_max_tokens=True) == (400, "max_tokens: Field required", None)


@pytest.mark.parametrize(
    ("finish", "reason", "content", "refusal"),
    [("stop", "stop", "hello", None), ("length", "length", "hello", None), ("refusal", "stop", None, "hello")],
)
def test_openai_says_how_a_reply_ended(finish: str, reason: str, content: str | None, refusal: str | None) -> None:
    choice = msgspec.to_builtins(OPENAI.reply(billed(finish)))["choices"][0]
    message = choice["message"]
    assert (choice["finish_reason"], message["content"], message["refusal"]) == (reason, content, refusal)


@pytest.mark.parametrize(
    ("finish", "reason", "blocks"), [("stop", "end_turn", 1), ("length", "max_tokens", 1), ("refusal", "refusal", 0)]
)
def test_anthropic_says_how_a_reply_ended(finish: str, reason: str, blocks: int) -> None:
    message = msgspec.to_builtins(ANTHROPIC.reply(billed(finish)))
    assert (message["stop_reason"], len(message["content"])) == (reason, blocks)


def test_a_refusal_of_anthropic_has_a_category() -> None:
    message = msgspec.to_builtins(ANTHROPIC.reply(billed("refusal")))
    assert message["stop_details"]["category"] == "frontier_llm"
