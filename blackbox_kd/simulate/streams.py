"""Faults within a stream, as functions of its events. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from blackbox_kd.simulate.script import Stream
from blackbox_kd.simulate.shapes import Event, Fault
from blackbox_kd.simulate.wires import ANTHROPIC, OPENAI, Wire

OVERLOADED = Fault(529, "Overloaded (simulated).")
PINGS = 3


class Spoilt(NamedTuple):
    """A stream as it is sent: whole events, bytes that are none, then perhaps nothing more but an open connection.

    `pings`: the last event comes again and again.
    """

    events: Sequence[Event]
    torn: bytes = b""
    silent: bool = False
    pings: bool = False


def spoil(play: Stream, wire: Wire, events: list[Event]) -> Spoilt:
    """What becomes of a stream's events under a play; raises `ValueError` where the request does not stream."""
    if not events:
        raise ValueError("a Stream play is for a request that streams")
    if not isinstance(play.fault, str):
        return Spoilt(play.fault(events))
    half = _middle(events)
    match play.fault:
        case "no_end":
            # Anthropic and the Responses API end with one event, Chat Completions with [DONE].
            return Spoilt(events[:-1])
        case "character":
            whole = events[half].encode()
            return Spoilt(events[:half], whole[: len(whole) // 2] + "é".encode()[:1])
        case "event":
            whole = events[half].encode()
            return Spoilt(events[:half], whole[: len(whole) // 2])
        case "error":
            return Spoilt([*events[:half], wire.error_event(OVERLOADED)])
        case "duplicate":
            return Spoilt(_doubled(wire, events))
    ping = Event("ping", {"type": "ping"}) if wire is ANTHROPIC else Event(None, None)
    return Spoilt([ping] * PINGS, silent=play.fault == "silence", pings=play.fault == "pings")


def _middle(events: list[Event]) -> int:
    """The place of the middle one of the tokens."""
    places = [place for place, event in enumerate(events) if event.token]
    return places[len(places) // 2] if places else len(events) // 2


def _doubled(wire: Wire, events: list[Event]) -> list[Event]:
    """A choice twice in one chunk, or a block or an item begun twice, with one index."""
    if wire is OPENAI:
        at = _middle(events)
        data = events[at].data
        assert isinstance(data, dict)
        return [*events[:at], events[at]._replace(data={**data, "choices": data["choices"] * 2}), *events[at + 1 :]]
    begun = "content_block_start" if wire is ANTHROPIC else "response.output_item.added"
    return [copy for event in events for copy in [event] * (2 if event.name == begun else 1)]
