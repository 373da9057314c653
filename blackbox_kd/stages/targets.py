"""From `[teacher]` to whom the client asks: files read, keys bound to their origin, terms and prices checked."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.jsonl import read_json, text_digest
from blackbox_kd.records import Json, Message
from blackbox_kd.run import BOOKS, RunDir
from blackbox_kd.strategies.files import rows, turns
from blackbox_kd.teachers.prices import price_of
from blackbox_kd.teachers.target import Target
from blackbox_kd.teachers.terms import check_terms

OFFICIAL = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
NO_KEY = "none"  # what a server of one's own is sent when no key is configured for it
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@asynccontextmanager
async def resolved(config: Config, run: RunDir) -> AsyncIterator[tuple[tuple[Target, ...], dict[str, str]]]:
    """The targets and their keys by label; simulated teachers are served while the block runs.

    Raises `UsageError` or `ProviderRefused` before anything is sent.
    """
    if not config.teacher:
        raise UsageError(
            "bbkd.toml has no [teacher]", 'Add one: [teacher] model = "openai/..." (`bbkd init` shows how).'
        )
    keys = {teacher.model: key_of(teacher) for teacher in config.teacher}
    if len(keys) < len(config.teacher):
        raise UsageError(
            "two [[teacher]] have the same `model`", "Keep one: settings, key and address go by that name."
        )
    for teacher in config.teacher:
        check_terms(teacher.provider, is_official(teacher), teacher.terms)
    async with AsyncExitStack() as stack:
        targets = []
        for teacher in config.teacher:
            url = None
            if teacher.provider == "simulated":
                from blackbox_kd.simulate.server import serving  # only where it is needed: an HTTP server

                run.progress.note(f"query: the teacher is SIMULATED (task {teacher.name}); no provider is asked")
                settings = msgspec.structs.replace(teacher.simulated, task=teacher.name)
                url = await stack.enter_async_context(serving(settings, books=run / BOOKS)) + "/v1"
            targets.append(target_of(teacher, run.root, url))
        yield tuple(targets), keys


def is_official(teacher: Teacher) -> bool:
    """Whether the provider's own API is asked."""
    return teacher.provider in OFFICIAL and teacher.base_url is None


def target_of(teacher: Teacher, root: Path, url: str | None = None) -> Target:
    """The teacher with its files read; `url` is where a simulated one listens. Raises `UsageError` or `InputError`."""
    if several := sorted({"n", "stream"} & teacher.extra.keys()):
        raise UsageError(f"teacher.extra.{several[0]}: one call brings one whole reply", "Remove it; sampling has n.")
    official = is_official(teacher)
    address = url or teacher.base_url or OFFICIAL.get(teacher.provider)
    if address is not None and teacher.provider != "simulated":
        check_address(address, teacher.allow_http)
    simulated = teacher.provider == "simulated"
    return Target(
        wire="anthropic" if teacher.provider == "anthropic" else "openai",
        model=teacher.name if not simulated else f"simulated-{teacher.name}",
        label=teacher.model,
        base_url=address,
        identity=identity_of(teacher, official),
        system=teacher.system,
        shots=shots_of(teacher, root),
        schema=schema_of(teacher, root),
        sampling=teacher.sampling,
        extra=teacher.extra,
        price=teacher.price or price_of(teacher.model, official),
        weight=teacher.weight,
        official=official,
    )


def identity_of(teacher: Teacher, official: bool) -> str:
    """What makes an equal request the same request: the provider, the name of an own server, or its address."""
    if teacher.provider == "simulated":
        settings = msgspec.json.encode(teacher.simulated).decode()
        return f"simulated:{teacher.name}:{text_digest(settings)}"
    return teacher.provider if official else teacher.identity or (teacher.base_url or "").rstrip("/")


def check_address(address: str, allow_http: bool) -> None:
    """Refuse addresses that would leak a key: userinfo in the URL, or plain http to another machine."""
    try:
        parts = urlsplit(address)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(f"teacher.base_url: {address!r} is no http address", 'Such as "http://127.0.0.1:8000/v1".')
    if parts.username or parts.password:
        raise UsageError("teacher.base_url holds a user name or password", "Name the key's variable: api_key_env.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not allow_http:
        raise UsageError(
            f"teacher.base_url: plain http to {parts.hostname}: keys and prompts would cross the network unencrypted",
            "Use https, or set allow_http = true if you trust the network.",
        )


def key_of(teacher: Teacher) -> str:
    """The key from the environment. A provider's usual variable is read for that provider's own API alone.

    Raises `UsageError` naming the variable that is not set, or holds what no header can.
    """
    name = teacher.api_key_env or (KEYS.get(teacher.provider) if is_official(teacher) else None)
    if name is None:
        return NO_KEY
    key = os.environ.get(name, "").strip()
    if not key:
        raise UsageError(f"no key for {teacher.model}: {name} is not set", f"export {name}=... and run it again.")
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"the key for {teacher.model} in {name} holds characters that no key has, such as curly quotes",
            f"Copy the key again, plain: export {name}=...",
        )
    return key


def schema_of(teacher: Teacher, root: Path) -> dict[str, Json] | None:
    """The JSON schema that the teacher is asked to follow; raises `InputError` naming the file."""
    if not teacher.schema:
        return None
    path = root / teacher.schema
    if not path.is_file():
        raise InputError(f"teacher.schema: {path}: no such file", "Check the path: it starts at bbkd.toml's folder.")
    return read_json(path, dict[str, Json])


def shots_of(teacher: Teacher, root: Path) -> tuple[Message, ...]:
    """The teacher's examples as alternating user and assistant messages; raises `InputError` naming file and line."""
    if teacher.shots is None:
        return ()
    found: list[Message] = []
    for where, row in rows(root / teacher.shots.file):
        answer = row.get("completion")
        if not isinstance(answer, str) or not answer:
            raise InputError(f"{where}: a shot needs a `completion`", 'Write {"prompt": "...", "completion": "..."}.')
        asked = turns({name: row[name] for name in ("prompt", "messages") if name in row}, where)
        found += [*asked, Message(role="assistant", content=answer)]
        if sum(message.role == "assistant" for message in found) == teacher.shots.k:
            break
    return tuple(found)
