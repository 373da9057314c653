import pytest

from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.script import Stream, StreamFault
from blackbox_kd.simulate.shapes import Billed, Event
from blackbox_kd.simulate.streams import spoil
from blackbox_kd.simulate.wires import ANTHROPIC, OPENAI, RESPONSES, WIRES, Wire

EACH = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.path)
ASKED = Asked("0" * 64, "m", "hi", 3, None, stream=True)
REPLY = Billed("sim-1", "m", "hello wide world", "stop", 3, 5)


def whole(wire: Wire) -> list[Event]:
    return list(wire.events(REPLY, ASKED))


def said(events: list[Event]) -> int:
    return sum(event.token for event in events)


@EACH
def test_without_an_end_only_the_last_event_is_missing(wire: Wire) -> None:
    assert spoil(Stream("no_end"), wire, whole(wire)) == (whole(wire)[:-1], b"", False, False)


@EACH
def test_a_cut_character_is_no_utf_8(wire: Wire) -> None:
    spoilt = spoil(Stream("character"), wire, whole(wire))
    with pytest.raises(UnicodeDecodeError, match="unexpected end of data"):
        spoilt.torn.decode()


@EACH
def test_a_cut_event_is_the_beginning_of_the_next_one(wire: Wire) -> None:
    spoilt = spoil(Stream("event"), wire, whole(wire))
    following = whole(wire)[len(spoilt.events)].encode()
    assert following.startswith(spoilt.torn)
    assert 0 < len(spoilt.torn) < len(following)


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (OPENAI, b'data: {"error":{"message":"Overloaded'),
        (RESPONSES, b'event: error\ndata: {"type":"error","code":"server_error"'),
        (ANTHROPIC, b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"'),
    ],
    ids=["chat", "responses", "messages"],
)
def test_an_error_comes_in_the_middle_and_last(wire: Wire, expected: bytes) -> None:
    spoilt = spoil(Stream("error"), wire, whole(wire))
    assert spoilt.events[-1].encode().startswith(expected)
    assert said(list(spoilt.events)) == said(whole(wire)) // 2


@EACH
@pytest.mark.parametrize("fault", ["silence", "pings"])
def test_pings_say_nothing(wire: Wire, fault: StreamFault) -> None:
    spoilt = spoil(Stream(fault), wire, whole(wire))
    assert {event.encode() for event in spoilt.events} == {
        b'event: ping\ndata: {"type":"ping"}\n\n' if wire is ANTHROPIC else b": ping\n\n"
    }
    assert (spoilt.silent, spoilt.pings) == (fault == "silence", fault == "pings")


@EACH
def test_an_index_comes_twice(wire: Wire) -> None:
    sent = b"".join(event.encode() for event in spoil(Stream("duplicate"), wire, whole(wire)).events)
    once = b"".join(event.encode() for event in whole(wire))
    assert sent.count(b'index":0') > once.count(b'index":0')


@EACH
def test_a_function_may_change_the_events(wire: Wire) -> None:
    assert spoil(Stream(lambda events: events[::-1]), wire, whole(wire)).events == whole(wire)[::-1]


def test_a_reply_in_one_piece_is_no_stream() -> None:
    with pytest.raises(ValueError, match="a request that streams"):
        spoil(Stream("no_end"), OPENAI, [])
