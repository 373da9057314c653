import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.simulate.asked import Asked, read_chat, read_messages, read_responses
from blackbox_kd.simulate.shapes import Fault
from blackbox_kd.simulate.wires import WIRES, Wire

EACH = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.path)
LONG = "You sort mail. " * 500  # 7,500 characters: 1,876 tokens
MARK = {"type": "ephemeral"}
TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "an example"},
    {"role": "assistant", "content": "its answer"},
    {"role": "user", "content": [{"type": "text", "text": "the "}, {"type": "text", "text": "question"}]},
]


def encode(**fields: object) -> bytes:
    return msgspec.json.encode({"model": "m", "messages": TURNS, **fields})


def good(asked: Asked | Fault) -> Asked:
    assert isinstance(asked, Asked)
    return asked


def test_the_last_user_turn_is_what_is_asked() -> None:
    assert good(read_chat(encode())).prompt == "the question"


def test_system_and_shots_are_paid_for() -> None:
    assert good(read_chat(encode())).prompt_tokens == 3 + 3 + 3 + 4


def test_anthropics_system_field_is_paid_for_too() -> None:
    system = [{"type": "text", "text": "12345678"}]
    more = good(read_messages(encode(max_tokens=5, system=system)))
    assert more.prompt_tokens - good(read_messages(encode(max_tokens=5))).prompt_tokens == 3


def test_instructions_and_input_of_the_responses_api_are_read() -> None:
    turns = [{"role": "user", "content": [{"type": "input_text", "text": "the question"}]}]
    body = {"model": "m", "instructions": "Be brief.", "input": turns, "max_output_tokens": 9, "store": False}
    asked = good(read_responses(msgspec.json.encode(body)))
    assert (asked.prompt, asked.prompt_tokens, asked.max_tokens) == ("the question", 3 + 4, 9)


def test_input_may_be_a_text() -> None:
    assert good(read_responses(b'{"model":"m","input":"the question"}')).prompt == "the question"


def test_the_order_of_keys_is_not_part_of_a_request() -> None:
    turns = msgspec.json.encode(TURNS).decode()
    first = read_chat(f'{{"model":"m","messages":{turns}}}'.encode())
    assert good(first) == read_chat(f'{{"messages":{turns},  "model":"m"}}'.encode())


def test_any_other_field_is_part_of_it() -> None:
    asked = [good(read_chat(encode(**fields))) for fields in ({}, {"seed": 1}, {"seed": 2}, {"stream": True})]
    assert len({item.digest for item in asked}) == 4


@EACH
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b'{"model":"m"}', b'{"model":"m","messages":[]}', b"\xff\xfe", b"[" * 100_000),
        encode(n=2, max_tokens=5),
    ],
)
def test_what_is_no_request_is_a_fault_400(wire: Wire, body: bytes) -> None:
    fault = wire.read(body)
    assert isinstance(fault, Fault)
    assert fault.status == 400


@EACH
@given(body=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(wire: Wire, body: bytes) -> None:
    assert isinstance(wire.read(body), Asked | Fault)


def test_anthropic_asks_for_max_tokens() -> None:
    assert read_messages(encode()) == Fault(400, "max_tokens: Field required")


def test_openai_caches_all_turns_but_the_last_from_1024_tokens_on() -> None:
    turns = [{"role": "system", "content": LONG}, {"role": "user", "content": "one"}]
    first, second = good(read_chat(encode(messages=turns))), good(read_chat(encode(messages=[turns[0], TURNS[1]])))
    assert first.prefixes == second.prefixes
    assert [prefix.tokens for prefix in first.prefixes] == [1_792]  # 14 times 128
    assert good(read_chat(encode())).prefixes == ()


def test_anthropic_caches_only_what_is_marked() -> None:
    marked = [{"type": "text", "text": LONG, "cache_control": MARK}]
    asked = [good(read_messages(encode(max_tokens=5, system=system))) for system in (LONG, marked)]
    assert [[prefix.tokens for prefix in item.prefixes] for item in asked] == [[], [1_876]]


def test_a_marked_request_is_cached_up_to_its_last_block() -> None:
    asked = good(read_messages(encode(max_tokens=5, system=LONG, cache_control=MARK)))
    assert [prefix.tokens for prefix in asked.prefixes] == [1_876 + 3 + 3 + 3 + 2 + 3]


def test_what_is_marked_but_short_is_not_cached() -> None:
    marked = [{"type": "text", "text": "Be brief.", "cache_control": MARK}]
    assert good(read_messages(encode(max_tokens=5, system=marked))).prefixes == ()
