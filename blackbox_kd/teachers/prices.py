"""What tokens cost: a small dated table. A model that is not in it has no price, which is not the same as free."""

import functools
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import msgspec

from blackbox_kd.errors import InputError
from blackbox_kd.teachers.target import Price

OWN_TABLE = "prices.toml"  # beside bbkd.toml, in the form of ours
DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$")
BATCH = 0.5  # share of the list price that the providers' own batch APIs take


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a model, `provider/name`, costs from a day on; `source` and `checked` say where and when it was read."""

    label: str
    effective_from: date
    price: Price
    source: str = ""
    checked: str = ""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A prices.toml."""

    model: tuple[Entry, ...] = ()


@functools.cache
def listed() -> tuple[Entry, ...]:
    """The list prices that ship with bbkd."""
    text = (files("blackbox_kd.teachers") / "prices.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=Table).model


def own_prices(root: Path) -> tuple[Entry, ...]:
    """The user's own table beside bbkd.toml, none without one; raises `InputError` naming the file."""
    path = root / OWN_TABLE
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Table).model
    except FileNotFoundError:
        return ()
    except (msgspec.MsgspecError, ValueError, OSError) as error:
        fix = 'Write [[model]] with label = "openai/...", effective_from = 2026-11-01 and price = { input_usd = ... }.'
        raise InputError(f"{path}: no table of prices: {error}", fix) from None


def price_of(label: str, official: bool, own: Iterable[Entry] = (), on: date | None = None) -> Price | None:
    """The price of `provider/model` on a day (None: today), a date suffix aside; None if it is not known.

    The user's own table counts for any server, the list prices at the provider's own API alone.
    """
    day = on or datetime.now(UTC).date()
    name = DATED.sub("", label)
    for table in (own, listed() if official else ()):
        known = [one for one in table if one.label in (label, name) and one.effective_from <= day]
        if known:
            return max(known, key=lambda one: (one.label == label, one.effective_from)).price
    return None


def in_force(price: Price | None, official: bool) -> Price | None:
    """The price with what a batch costs: half of it at the provider's own API, unless it says."""
    if price is None or price.batch is not None or not official:
        return price
    return msgspec.structs.replace(price, batch=BATCH)


def busy_s(spans: Iterable[tuple[int, int]]) -> float:
    """Seconds covered by at least one span, in milliseconds, from a call's sending to its end.

    `Price.hours_usd` makes of it what GPUs by the hour cost.
    """
    total = until = 0
    for start, end in sorted(spans):
        total += max(0, end - max(start, until))
        until = max(until, end)
    return total / 1000
