"""What models are known to refuse: a small dated table, for the providers' own APIs.

A model that is not in it, and any compatible server, is taken to allow everything: its own 400 will tell.
"""

import re
from typing import Literal, NamedTuple

import msgspec

from blackbox_kd.records import Json
from blackbox_kd.teachers.target import Target

CHECKED = "2026-11"
SAMPLING = ("temperature", "top_p")
ALL = ("temperature", "top_p", "top_k")
DATE = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$")
BEFORE, SINCE = "2023-06-01", "2026-10-21"  # anthropic-version: the newer one refuses sampling settings of any model


class Known(NamedTuple):
    """One row: models (a whole-match pattern on the name without its date), and what they refuse."""

    models: str
    refuses: tuple[str, ...] = ()
    when: Literal["always", "unless none", "if asked"] = "always"  # by the reasoning effort that is asked for
    schema: bool = True
    version: str | None = None


OPENAI = (
    Known(r"chatgpt-4o|gpt-4o-2024-05-13|gpt-3\.5.*|gpt-4(-.*)?", schema=False),
    Known(r"gpt-5(\.\d+)?-chat"),
    Known(r"o1-(mini|preview)", SAMPLING, schema=False),
    Known(r"o1.*", SAMPLING),
    Known(r"(o3|o4).*", (*SAMPLING, "stop")),
    Known(r"gpt-5(-.*)?", (*SAMPLING, "stop")),
    Known(r"gpt-5\.\d+-(pro|codex).*", SAMPLING),
    Known(r"gpt-5\.[1-4](-.*)?", SAMPLING, "if asked"),  # these do not reason unless asked
    Known(r"gpt-(5\.\d+|[6-9]|\d{2})([.-].*)?", SAMPLING, "unless none"),
)
ANTHROPIC = (
    Known(r"claude-([12]|instant|3).*|claude-(opus|sonnet)-4(-0)?", schema=False, version=BEFORE),
    Known(r"claude-(opus|sonnet|haiku)-4-[1-6]", version=BEFORE),
    Known(r"claude-.+", ALL, version=SINCE),
)
UNKNOWN = Known("")


def known(target: Target) -> Known:
    """What is known of a teacher's model; nothing of one that a compatible server gives."""
    if not target.official:
        return UNKNOWN
    return found(target.model, ANTHROPIC if target.wire == "anthropic" else OPENAI)


def found(model: str, rows: tuple[Known, ...]) -> Known:
    """The first row that matches, by the name as it is or without its date."""
    name = model.lower()
    names = (name, DATE.sub("", name))
    return next((row for row in rows if any(re.fullmatch(row.models, one) for one in names)), UNKNOWN)


def unsupported(target: Target) -> tuple[str, ...]:
    """The sampling settings, `extra` included, that the model is known to refuse."""
    refused = set(refusals(target))
    if target.wire == "responses":
        refused.add("stop")  # the API has no such field
    given = target.sampling
    named = {"temperature": given.temperature is not None, "top_p": given.top_p is not None, "stop": bool(given.stop)}
    present = [name for name, there in named.items() if there or name in target.extra]
    return tuple(name for name in (*present, *(("top_k",) if "top_k" in target.extra else ())) if name in refused)


def refusals(target: Target) -> tuple[str, ...]:
    """What the model refuses with the reasoning effort, or the thinking, that is asked for."""
    row, extra = known(target), target.extra
    if target.wire == "anthropic" and row.version == BEFORE:
        thinking = field(extra.get("thinking"), "type") in ("enabled", "adaptive")
        both = target.sampling.temperature is not None and target.sampling.top_p is not None
        return ("temperature", "top_k") if thinking else ("top_p",) if both and row.schema else ()
    effort = extra.get("reasoning_effort") or field(extra.get("reasoning"), "effort")
    if row.when == "unless none" and effort == "none":
        return ()
    return () if row.when == "if asked" and effort in (None, "none") else row.refuses


def field(value: Json, name: str) -> Json:
    """A field of an object; None where there is none."""
    return value.get(name) if isinstance(value, dict) else None


def without(target: Target, names: tuple[str, ...]) -> Target:
    """The target with these sampling settings left out, in `extra` too."""
    empty = {"temperature": None, "top_p": None, "stop": ()}
    sampling = msgspec.structs.replace(target.sampling, **{name: empty[name] for name in names if name in empty})
    extra = {name: value for name, value in target.extra.items() if name not in names}
    return msgspec.structs.replace(target, sampling=sampling, extra=extra)


def offers_schema(target: Target) -> bool:
    """Whether the model may be asked for JSON of a schema."""
    return known(target).schema


def limit_name(target: Target) -> str:
    """The name of the field that limits the tokens of the answer."""
    if target.wire == "responses":
        return "max_output_tokens"
    return "max_completion_tokens" if target.wire == "openai" and target.official else "max_tokens"


def api_version(model: str) -> str | None:
    """The `anthropic-version` to ask a Claude model with; None for a model that is not known: the SDK's own."""
    return found(model, ANTHROPIC).version
