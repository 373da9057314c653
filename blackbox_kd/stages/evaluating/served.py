"""The answers of a student that is served: an OpenAI-compatible server, such as the quantised model of production.

Nothing is paid and nothing is kept, for another model may stand behind the same name tomorrow. Addresses, keys, limits
and retries are those of teachers.
"""

import asyncio
import math
import os
import statistics
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
import httpx2
import msgspec

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import ProviderRefused, ProviderUnavailable, RowFailures, UsageError
from blackbox_kd.records import Message, Prediction
from blackbox_kd.run import RunDir
from blackbox_kd.stages.keys import key_of, said
from blackbox_kd.stages.targets import target_of
from blackbox_kd.teachers.address import check_address, proxy_secrets, shown
from blackbox_kd.teachers.body import TooBigError
from blackbox_kd.teachers.budget import Budget
from blackbox_kd.teachers.client import STOPPED, RowFailedError, TeacherClient
from blackbox_kd.teachers.ledger import Ledger, open_ledger
from blackbox_kd.teachers.redact import Redactor
from blackbox_kd.teachers.request import Asked, build, read
from blackbox_kd.teachers.retry import AMBIGUOUS
from blackbox_kd.teachers.sender import USER_AGENT, Answer, connect, unconnected
from blackbox_kd.teachers.target import Patience, Sampling, Target
from blackbox_kd.teachers.terms import LOOPBACK
from blackbox_kd.teachers.wire import Malformed, clean, decode, table, tables

SETTING = "evaluate.student"
KEY = "BBKD_STUDENT_KEY"
SINGLES = 10  # prompts that are asked one at a time, for the latency
MODELS_S = 30.0  # longest wait for the list of models
MOST_NAMES = 10
LATER = "Run the same command when the server is well: of a served student nothing is kept."
ROW = "Correct or remove this prompt, or serve the student so that it takes it (its longest context, for one)."
ACCESS = f"Check [evaluate] student, its address and its #model, and {KEY} where the server wants a key."
Conversations = Mapping[str, Sequence[Message]]  # by prompt id


class ServedAnswers(NamedTuple):
    """A served student's answers in the order of the prompts, and how fast they came; None is what is not known.

    `latency_s` is the median of up to 10 requests, one at a time; the rates are those of all prompts together.
    """

    predictions: list[Prediction]
    model: str  # as the replies name it
    latency_s: float | None
    prompts_per_second: float | None
    tokens_per_second: float | None


class _Row(NamedTuple):
    prompt_id: str
    asked: Asked


def is_served(spec: str) -> bool:
    """Whether a student is a server's URL, not a folder, a file or a name."""
    return spec.lower().startswith(("http://", "https://"))


def served_answers(
    spec: str, conversations: Conversations, max_new_tokens: int, config: Config, run: RunDir
) -> ServedAnswers:
    """Ask the student at `http://host/v1#model` for the greedy answer to each conversation, by prompt id.

    Raises `UsageError` for an address or model that cannot be asked, `ProviderRefused` or `ProviderUnavailable` for the
    server, `RowFailures` for a prompt that it never takes.
    """
    return asyncio.run(ask_served(spec, conversations, max_new_tokens, config, run))


async def ask_served(
    spec: str, conversations: Conversations, max_new_tokens: int, config: Config, run: RunDir
) -> ServedAnswers:
    """As `served_answers`, inside a running loop."""
    base_url, name = address_of(spec)
    if not conversations:
        return ServedAnswers([], name, None, None, None)
    if config.query.offline:
        raise UsageError(
            f"{SETTING}: a served student is asked over the network", "Run it without --offline, or name a folder."
        )
    patience = msgspec.structs.replace(config.query, retry_failed=False)
    teacher = Teacher(
        model=f"openai/{name}",
        base_url=base_url,
        api_key_env=KEY if os.environ.get(KEY) else None,
        sampling=Sampling(max_tokens=max_new_tokens, temperature=0.0),
        on_model_mismatch="warn",
    )
    key = key_of(teacher, run)
    with Redactor([key, *proxy_secrets()]), tempfile.TemporaryDirectory(prefix="bbkd-served-") as folder:
        name = name or await only_model(target_of(teacher, run.root), key, patience)
        teacher = msgspec.structs.replace(teacher, model=f"openai/{name}")
        run.progress.note(f"evaluate: {said(teacher, [base_url])}")
        target = target_of(teacher, run.root)
        with open_ledger(Path(folder) / "ledger.sqlite3") as ledger, told_of(base_url):
            target = await able(target, conversations, key, ledger, patience)
            rows = rows_of(conversations, target)
            async with client_of(target, key, ledger, patience) as client:
                return await measured(client, rows, run)


def address_of(spec: str) -> tuple[str, str]:
    """(base URL, model) of `http://host/v1#model`; raises `UsageError` for an address that would leak key or prompts.

    The model is "" where none is named.
    """
    base_url, _, name = spec.partition("#")
    base_url = base_url.rstrip("/")
    check_address(base_url, allow_http=True, setting=SETTING)
    parts = urlsplit(base_url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise UsageError(
            f"{SETTING}: plain http to {parts.hostname}: key and prompts would cross the network unencrypted",
            "Use https, or a tunnel: ssh -L 8000:127.0.0.1:8000 HOST, and http://127.0.0.1:8000/v1",
        )
    return base_url, name.strip()


async def only_model(target: Target, key: str, patience: Patience) -> str:
    """The one model that the server has; raises `UsageError` with their names where it has none or several.

    `ProviderUnavailable` where it cannot be reached.
    """
    at = shown(target.base_url or "")
    fix = f'Name the model: student = "{at}#NAME".'
    sdk, client = connect(target, key, patience)
    options = {"headers": {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}}
    try:
        async with asyncio.timeout(min(MODELS_S, patience.timeout_s)):
            response = await client.get(f"{target.base_url}/models", cast_to=httpx2.Response, options=options)
            body = decode(response.content)
    except (Malformed, TooBigError) as error:
        raise UsageError(f"{SETTING}: {at}/models tells no models: {error}", fix) from None
    except sdk.APIStatusError as error:
        status = error.response.status_code
        if status >= 500:
            raise ProviderUnavailable(f"{SETTING}: {at}/models answered {status}", LATER) from None
        raise UsageError(f"{SETTING}: {at}/models answered {status}", f"{fix} {ACCESS}") from None
    except (sdk.APIConnectionError, aiohttp.ClientError, httpx2.HTTPError, zlib.error, OSError) as lost:
        why = "no answer in time" if isinstance(lost, TimeoutError) else unconnected(lost).error.message
        raise ProviderUnavailable(f"the student at {at} cannot be reached: {why}", LATER) from None
    finally:
        await client.close()
    names = [name for one in tables(body.get("data")) if (name := clean(one.get("id")).strip())]
    if len(names) != 1:
        listed = ", ".join([*names[:MOST_NAMES], *(["..."] if len(names) > MOST_NAMES else [])])
        raise UsageError(f"{SETTING}: {at}/models has {len(names)} models{f': {listed}' if listed else ''}", fix)
    return names[0]


@contextmanager
def told_of(base_url: str) -> Iterator[None]:
    """Tell what goes wrong while teachers' code asks the student as its own errors, with their fix."""
    who = f"the student at {shown(base_url)}"
    try:
        yield
    except RowFailedError as error:
        failed = error.failure
        why = f"{failed.message} ({failed.code.removesuffix('_paid')})"
        kind, fix = (ProviderUnavailable, LATER) if failed.retryable else (RowFailures, ROW)
        raise kind(f"{who} gave no answer to prompt {failed.prompt_id!r}: {why}", fix) from None
    except (ProviderRefused, ProviderUnavailable) as error:
        fix = ACCESS if isinstance(error, ProviderRefused) else LATER
        raise type(error)(error.message.replace("the teacher", who, 1), fix) from None


def client_of(target: Target, key: str, ledger: Ledger, patience: Patience) -> TeacherClient:
    """A client for one target, without a budget."""
    return TeacherClient((target,), {target.label: key}, ledger, patience, Budget({}, (target,)))


async def able(target: Target, asked: Conversations, key: str, ledger: Ledger, patience: Patience) -> Target:
    """The target as the server takes it: with log-probabilities, unless a first request fails that wants them.

    That request also spares those that are timed what only the first one takes.
    """
    prompt_id, messages = next(iter(asked.items()))
    wishing = msgspec.structs.replace(target, extra={"logprobs": True})
    async with client_of(wishing, key, ledger, patience) as client:
        try:
            await client.reply(build(tuple(messages), 0, wishing), prompt_id, 0)
        except ProviderRefused:
            return target  # asked without, a server that refuses anything else says so again
        except RowFailedError as error:
            if error.failure.code in AMBIGUOUS:
                raise
            return target
    return wishing


def rows_of(conversations: Conversations, target: Target) -> list[_Row]:
    """The requests, each of its own even where two prompts are equal."""
    return [
        _Row(prompt_id, build(tuple(messages), number, target))
        for number, (prompt_id, messages) in enumerate(conversations.items(), 1)
    ]


async def measured(client: TeacherClient, rows: Sequence[_Row], run: RunDir) -> ServedAnswers:
    """Ask a few rows one at a time, spread over all, for the latency, then all together for the answers."""
    run.progress.start("evaluate student", len(rows))
    latency_s = await median_s(client, rows[:: math.ceil(len(rows) / SINGLES)])
    took_s = await asked_in(client, rows, run)
    run.progress.finish()
    client.ledger.release()
    answers = [answer(client.ledger, row) for row in rows]
    counts = [prediction.completion_tokens for prediction, _ in answers]
    return ServedAnswers(
        predictions=[prediction for prediction, _ in answers],
        model=", ".join(sorted({name for _, name in answers if name})) or client.targets[0].model,
        latency_s=latency_s,
        prompts_per_second=len(rows) / took_s,
        tokens_per_second=sum(counts) / took_s if all(counts) else None,
    )


async def median_s(client: TeacherClient, rows: Sequence[_Row]) -> float | None:
    """Median seconds of single requests, whose answers are not used: nothing else is done meanwhile."""
    target = client.targets[0]
    sender, took_s = client.line(target).sender, []
    for row in rows:
        begun = time.perf_counter()
        if not isinstance(await sender.send(row.asked, target.base_url or ""), Answer):
            break  # whoever asks for the answers says what is wrong
        took_s.append(time.perf_counter() - begun)
    return statistics.median(took_s) if took_s else None


async def asked_in(client: TeacherClient, rows: Sequence[_Row], run: RunDir) -> float:
    """Ask the rows, as many at a time as the client lets; returns the seconds. The first failure ends it."""
    left, begun = iter(rows), time.perf_counter()

    async def work() -> None:
        for prompt_id, asked in left:
            try:
                await client.reply(asked, prompt_id, 0)
            except RowFailedError as error:
                if error.failure.code == STOPPED:  # whoever stopped the others says why
                    return
                raise
            run.progress.advance()

    workers = min(len(rows), client.patience.concurrency)
    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return time.perf_counter() - begun


def answer(ledger: Ledger, row: _Row) -> tuple[Prediction, str]:
    """(a stored reply as a prediction, the model that it names); tokens that the server did not count are 0."""
    stored = ledger.lookup(row.asked.key)
    if stored is None:
        raise AssertionError("a row that was asked for without an error has its reply")
    reply = read(stored.raw, row.asked)
    prediction = Prediction(
        prompt_id=row.prompt_id,
        model="student",
        text=reply.text,
        finish_reason=reply.finish_reason,
        completion_tokens=reply.usage.completion_tokens if reply.usage.source == "provider" else 0,
        logprob=mean_logprob(stored.raw),
    )
    return prediction, reply.served_model


def mean_logprob(raw: bytes) -> float | None:
    """Mean log-probability (nats) of the tokens of a reply; None where it does not tell that of each.

    As https://platform.openai.com/docs/api-reference/chat/object has it, in choices[0].logprobs.content.
    """
    choice = next(iter(tables(decode(raw).get("choices"))), {})
    values = [one.get("logprob") for one in tables(table(choice.get("logprobs")).get("content"))]
    numbers = [float(one) for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    if not numbers or len(numbers) < len(values) or not all(math.isfinite(one) for one in numbers):
        return None
    return min(0.0, statistics.fmean(numbers))
