"""From `[teacher]` to whom the client asks: files read, keys bound to their origin, terms and prices checked."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, ProviderRefused, UsageError
from blackbox_kd.jsonl import read_json, text_digest, write_json
from blackbox_kd.records import Json, Message
from blackbox_kd.run import BOOKS, RunDir
from blackbox_kd.stages.keys import NO_KEY, is_official, key_of, said
from blackbox_kd.stages.masking import sent_along
from blackbox_kd.strategies.files import rows, turns
from blackbox_kd.teachers.address import check_address, proxy_secrets
from blackbox_kd.teachers.capabilities import unsupported, without
from blackbox_kd.teachers.pool import parse_endpoints
from blackbox_kd.teachers.prices import in_force, own_prices, price_of
from blackbox_kd.teachers.redact import Redactor
from blackbox_kd.teachers.target import Api, Price, Target
from blackbox_kd.teachers.terms import Notice, check_terms, notices_of

OFFICIAL = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
TIERS = ("service_tier", "speed")  # raw body fields for which a provider takes another price than its list says
TOKEN_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
SHOWN = "terms-shown.json"  # in the ledger's folder: the notices that were shown there


@asynccontextmanager
async def resolved(
    config: Config, run: RunDir, folder: Path | None = None
) -> AsyncIterator[tuple[tuple[Target, ...], dict[str, str]]]:
    """The targets and their keys by label; simulated teachers are served while the block runs.

    Terms are shown once for a ledger's `folder`, each time without one. Raises `UsageError` or `ProviderRefused` before
    anything is sent.
    """
    teachers = teachers_of(config)
    asking = not config.query.offline
    keys = {teacher.model: key_of(teacher, run) if asking else NO_KEY for teacher in teachers}
    show([notice for teacher in teachers for notice in terms_of(teacher, run.root)], run, folder)
    async with AsyncExitStack() as stack:
        stack.enter_context(Redactor({*keys.values(), *proxy_secrets()}))
        targets = []
        for teacher in teachers:
            url = None
            if teacher.provider == "simulated":
                from blackbox_kd.simulate.server import serving  # only where it is needed: an HTTP server

                run.progress.note(f"query: the teacher is SIMULATED (task {teacher.name}); no provider is asked")
                settings = msgspec.structs.replace(teacher.simulated, task=teacher.name)
                url = await stack.enter_async_context(serving(settings, books=run / BOOKS)) + "/v1"
            target = target_of(teacher, run.root, url)
            if (target.sampling, target.extra) != (teacher.sampling, teacher.extra):
                run.progress.note(f"query: {teacher.model} refuses some of its sampling settings: they are left out")
            sent_along(target, config.prompts, run.progress.note)
            if asking and url is None:
                run.progress.note(f"query: {said(teacher, addresses_of(teacher, run.root))}")
            targets.append(target)
        yield tuple(targets), keys


def teachers_of(config: Config) -> tuple[Teacher, ...]:
    """The teachers; raises `UsageError` if there is none, or two go by one name."""
    if not config.teacher:
        raise UsageError(
            "bbkd.toml has no [teacher]", 'Add one: [teacher] model = "openai/..." (`bbkd init` shows how).'
        )
    if len({teacher.model for teacher in config.teacher}) < len(config.teacher):
        raise UsageError(
            "two [[teacher]] have the same `model`", "Keep one: settings, key and address go by that name."
        )
    return config.teacher


def target_of(teacher: Teacher, root: Path, url: str | None = None) -> Target:
    """The teacher with its files read; `url` is where a simulated one listens. Raises `UsageError` or `InputError`."""
    fitting(teacher)
    official = is_official(teacher)
    addresses = (url,) if url is not None else addresses_of(teacher, root)
    simulated = teacher.provider == "simulated"
    chat: Api = "anthropic" if teacher.provider == "anthropic" else "openai"
    target = Target(
        wire="responses" if teacher.api == "responses" else chat,
        model=teacher.name if not simulated else f"simulated-{teacher.name}",
        label=teacher.model,
        base_url=addresses[0] if addresses else None,
        identity=identity_of(teacher, official),
        system=teacher.system,
        shots=shots_of(teacher, root),
        schema=schema_of(teacher, root),
        sampling=teacher.sampling,
        extra=teacher.extra,
        price=price_in_force(teacher, root),
        weight=teacher.weight,
        official=official,
        stream=teacher.stream,
        batch=teacher.batch,
        prompt_cache=teacher.prompt_cache,
        on_model_mismatch=teacher.on_model_mismatch,
        endpoints=None if teacher.endpoints is None else root / teacher.endpoints,
        allow_http=teacher.allow_http,
    )
    refused = unsupported(target)
    if refused and not teacher.drop_unsupported:
        raise UsageError(
            f"teacher.sampling: {teacher.name} is known to refuse {', '.join(refused)}",
            "Remove it, or set [teacher] drop_unsupported = true to leave out what a model refuses.",
        )
    return without(target, refused) if refused else target


def fitting(teacher: Teacher) -> None:
    """Raise `UsageError` for settings that exclude each other."""
    if several := sorted({"n", "stream"} & teacher.extra.keys()):
        raise UsageError(f"teacher.extra.{several[0]}: one call brings one whole reply", "Remove it; sampling has n.")
    for name in TOKEN_LIMITS:
        if name in teacher.extra and not isinstance(teacher.extra[name], int):
            raise UsageError(f"teacher.extra.{name}: a call without a limit may cost anything", "Give a whole number.")
    if teacher.endpoints and teacher.base_url:
        raise UsageError("teacher.endpoints and teacher.base_url exclude each other", "Name them in one place.")
    if teacher.batch and teacher.stream:
        raise UsageError("teacher.batch and teacher.stream exclude each other", "A batch comes back whole: keep one.")
    if teacher.batch and teacher.endpoints:
        raise UsageError(
            "teacher.batch and teacher.endpoints exclude each other", "Batches are for a provider's API, or base_url."
        )
    if teacher.api == "responses" and teacher.provider == "anthropic":
        raise UsageError('teacher.api = "responses": anthropic/ has one API', "Remove it.")


def addresses_of(teacher: Teacher, root: Path) -> tuple[str, ...]:
    """Where a teacher is asked, none for a simulated one; raises `UsageError` or `InputError` for what is unsafe."""
    if teacher.provider == "simulated" and teacher.base_url is None and teacher.endpoints is None:
        return ()
    if teacher.endpoints is not None:
        path = root / teacher.endpoints
        try:
            return parse_endpoints(path.read_text(encoding="utf-8-sig"), str(path), teacher.allow_http)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"teacher.endpoints: {path}: cannot be read: {error}", "One base URL a line.") from None
    address = teacher.base_url or OFFICIAL[teacher.provider]
    check_address(address, teacher.allow_http)
    return (address,)


def price_in_force(teacher: Teacher, root: Path) -> Price | None:
    """The price of bbkd.toml, else of a prices.toml beside it, else the list price; None if it is not known.

    The list does not know what another service tier costs.
    """
    official = is_official(teacher)
    listed = official and not any(name in teacher.extra for name in TIERS)
    return in_force(teacher.price or price_of(teacher.model, listed, own_prices(root)), official)


def terms_of(teacher: Teacher, root: Path) -> tuple[Notice, ...]:
    """What the terms say that apply to a teacher; raises `ProviderRefused` if they were not acknowledged."""
    hosts = [urlsplit(address).hostname or "" for address in addresses_of(teacher, root)]
    return check_terms(teacher.name, hosts, teacher.terms)


def notices_by_teacher(config: Config) -> dict[str, tuple[Notice, ...]]:
    """What applies to each teacher, by its label; of own endpoints the model's licence alone."""
    found: dict[str, tuple[Notice, ...]] = {}
    for one in config.teacher:
        address = one.base_url or (OFFICIAL.get(one.provider) if is_official(one) else None)
        found[one.model] = notices_of(one.name, [urlsplit(address).hostname or ""] if address else [])
    return found


def terms_said(teacher: Teacher, root: Path) -> str:
    """The state of the terms in a few words: none, acknowledged on which ground, or still to be."""
    try:
        notices = terms_of(teacher, root)
    except ProviderRefused as error:
        return f"NOT acknowledged: {error.fix}"
    acked = [f"{one.ack} acknowledged: {teacher.terms.basis}" for one in notices if one.needs_ack and teacher.terms]
    return "; ".join([*acked, *(one.text for one in notices if not one.needs_ack)]) or "none known"


def show(notices: Iterable[Notice], run: RunDir, folder: Path | None) -> None:
    """Say each notice that was not shown before in this folder."""
    path = None if folder is None else folder / SHOWN
    before = read_json(path, list[str]) if path is not None and path.exists() else []
    new = {notice.ack: notice for notice in notices if notice.ack not in before}
    for notice in new.values():
        run.progress.note(f"terms: {notice.text}")
    if path is not None and new:
        write_json(path, [*before, *new])


def identity_of(teacher: Teacher, official: bool) -> str:
    """What makes an equal request the same request: the provider, the name of an own server, or its address.

    Several equal servers go by the model's name unless they have one of their own.
    """
    if teacher.provider == "simulated":
        settings = msgspec.json.encode(teacher.simulated).decode()
        return f"simulated:{teacher.name}:{text_digest(settings)}"
    if official:
        return teacher.provider
    if teacher.endpoints is not None:
        return teacher.identity or f"endpoints:{teacher.name}"
    return teacher.identity or (teacher.base_url or "").rstrip("/")


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
