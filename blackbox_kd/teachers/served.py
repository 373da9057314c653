"""Whether the model that answered is the one that was asked for. Pure."""

import functools
import re

from blackbox_kd.teachers.target import Target
from blackbox_kd.teachers.wire import Reply

# a snapshot's date (20250929, 2026-10-21, 250528, 0613, 05-06), or a revision (001, v1:0, @5c7d)
MONTH, DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
DATE = rf"20\d{{2}}-?{MONTH}-?{DAY}|2\d{MONTH}{DAY}|{MONTH}-?{DAY}|2\d{MONTH}"
PINNED = re.compile(rf"[-@:_](?:{DATE}|00\d|v\d+:\d+)$|@[\w.-]+$")
FLOATING = re.compile(r"[-:@](?:latest|default|free|nitro|floor)$")  # aliases, tags and ways of routing
MOST = 3  # suffixes of one name


@functools.lru_cache(maxsize=1024)
def same_model(asked: str, served: str) -> bool:
    """Whether two names can mean one model: equal but for case, provider prefix, `latest`, or a date that one lacks.

    Two different dates are two models.
    """
    (name, pins), (other, others) = split(asked), split(served)
    if pins and others and pins != others:
        return False
    return ends(name, other) or ends(other, name)


def split(model: str) -> tuple[str, tuple[str, ...]]:
    """(name in lower case without suffixes, the dates and revisions that it was pinned to)."""
    name, pins = model.strip().lower().strip("/"), []
    for _ in range(MOST):
        name = FLOATING.sub("", name)
        if (pin := PINNED.search(name)) is None or pin.start() == 0:
            break
        pins.append(re.sub(r"\W", "", pin[0]))
        name = name[: pin.start()]
    return name, tuple(pins)


def ends(name: str, other: str) -> bool:
    """Whether a name is another one without its provider prefix."""
    return name == other or other.endswith(f"/{name}")


def mismatched(target: Target, reply: Reply) -> bool:
    """Whether a reply names another model than was asked for; one that names none is believed."""
    return bool(reply.served_model) and not same_model(target.model, reply.served_model)


def swapped(target: Target, reply: Reply) -> bool:
    """Whether a reply of another model is no answer to this teacher."""
    return target.on_model_mismatch == "fail" and mismatched(target, reply)
