"""A student behind the OpenAI Chat Completions wire, for trying it out: small batches, one process.

Follows https://platform.openai.com/docs/api-reference/chat; what it does not know it refuses.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from aiohttp import web

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Message
from blackbox_kd.student.generate import Generation, Sampling, generate
from blackbox_kd.student.load import Student

MAX_BATCH = 8
GATHER_S = 0.02  # how long a request waits for others to share its batch
DEFAULT_MAX_TOKENS = 512


class Part(msgspec.Struct, frozen=True):
    """A piece of a message's content; only text is known."""

    type: str
    text: str = ""


class Turn(msgspec.Struct, frozen=True):
    """A message of a request."""

    role: str
    content: str | list[Part]


class Body(msgspec.Struct, frozen=True):
    """What is read of a request; other fields are the client's business."""

    messages: list[Turn]
    model: str = ""
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    stream: bool | None = None


class Job(msgspec.Struct, frozen=True):
    """A request under way."""

    messages: tuple[Message, ...]
    sampling: Sampling
    done: asyncio.Future[Generation]


class Batcher:
    """Gathers concurrent requests and generates for them in one worker thread, so that the loop stays responsive."""

    def __init__(self, student: Student) -> None:
        self.student = student
        self.queue: asyncio.Queue[Job] = asyncio.Queue()
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="generate")

    async def ask(self, messages: tuple[Message, ...], sampling: Sampling) -> Generation:
        """The answer to one request; raises `UsageError` if it does not fit the model."""
        job = Job(messages, sampling, asyncio.get_running_loop().create_future())
        await self.queue.put(job)
        return await job.done

    async def run(self) -> None:
        """Serve batches until cancelled."""
        while True:
            jobs = [await self.queue.get()]
            await asyncio.sleep(GATHER_S)
            while len(jobs) < MAX_BATCH and not self.queue.empty():
                jobs.append(self.queue.get_nowait())
            for sampling in dict.fromkeys(job.sampling for job in jobs):
                await self.answer([job for job in jobs if job.sampling == sampling and not job.done.cancelled()])

    async def answer(self, jobs: Sequence[Job]) -> None:
        """Generate for jobs of like sampling; a batch that fails is tried one by one, to fail only who must."""
        if not jobs:
            return
        call = asyncio.get_running_loop().run_in_executor
        messages = [job.messages for job in jobs]
        try:
            found = await call(self.worker, generate, self.student, messages, jobs[0].sampling)
        except UsageError as error:
            if len(jobs) > 1:
                for job in jobs:
                    await self.answer([job])
            elif not jobs[0].done.cancelled():
                jobs[0].done.set_exception(error)
            return
        for job, generation in zip(jobs, found, strict=True):
            if not job.done.cancelled():
                job.done.set_result(generation)


async def serve(student: Student, name: str, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until cancelled; `on_ready` hears the base URL once requests are taken (port 0: any free one).

    Raises `UsageError` if the address is taken.
    """
    batcher = Batcher(student)
    runner = web.AppRunner(application(batcher, name))
    await runner.setup()
    task = asyncio.create_task(batcher.run())
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise UsageError(f"{host}:{port}: {error.strerror or error}", "Choose another --port, or 0.") from error
        on_ready(f"http://{host}:{runner.addresses[0][1]}")
        await task
    finally:
        task.cancel()
        await runner.cleanup()
        batcher.worker.shutdown(wait=False, cancel_futures=True)


def application(batcher: Batcher, name: str) -> web.Application:
    """The routes."""

    async def completions(request: web.Request) -> web.Response:
        try:
            body = msgspec.json.decode(await request.read(), type=Body)
            messages, sampling = understood(body)
            generation = await batcher.ask(messages, sampling)
        except (msgspec.DecodeError, UnicodeDecodeError, UsageError) as error:
            return failure(400, str(error))
        return web.json_response(completion(name, generation))

    async def models(request: web.Request) -> web.Response:
        known = {"id": name, "object": "model", "created": 0, "owned_by": "bbkd"}
        return web.json_response({"object": "list", "data": [known]})

    app = web.Application(client_max_size=16 * 1024**2, middlewares=[plain_errors])
    app.router.add_post("/v1/chat/completions", completions)
    app.router.add_get("/v1/models", models)
    return app


@web.middleware
async def plain_errors(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    """Unknown paths and methods as OpenAI's error JSON."""
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPException as error:
        return failure(error.status, error.reason)
    return response


def understood(body: Body) -> tuple[tuple[Message, ...], Sampling]:
    """Messages and sampling of a request; raises `UsageError` for what this server cannot do."""
    if body.n not in (None, 1):
        raise UsageError("n must be 1", "Send one request per sample, each with its own seed.")
    if body.stream:
        raise UsageError("streaming is not supported", "Send stream: false.")
    if not body.messages:
        raise UsageError("messages is empty")
    limit = body.max_completion_tokens or body.max_tokens or DEFAULT_MAX_TOKENS
    temperature = 0.0 if body.temperature is None else body.temperature
    if limit < 1 or not 0 <= temperature <= 2:
        raise UsageError("max_tokens must be at least 1 and temperature between 0 and 2")
    stop = [body.stop] if isinstance(body.stop, str) else body.stop or []
    sampling = Sampling(
        max_new_tokens=limit,
        temperature=temperature,
        seed=body.seed if body.seed is not None else time.monotonic_ns() if temperature else 0,
        stop=tuple(word for word in stop if word),
    )
    return tuple(message(turn) for turn in body.messages), sampling


def message(turn: Turn) -> Message:
    """A message of ours from one on the wire; raises `UsageError` for roles and parts that a student cannot take."""
    role = "system" if turn.role == "developer" else turn.role
    parts = [Part("text", turn.content)] if isinstance(turn.content, str) else turn.content
    unknown = next((part.type for part in parts if part.type != "text"), None)
    if unknown is not None:
        raise UsageError(f"content of type {unknown!r} is not supported: text only")
    try:
        return msgspec.convert({"role": role, "content": "".join(part.text for part in parts)}, Message)
    except msgspec.ValidationError as error:
        raise UsageError(f"role {turn.role!r} is not supported: system, user and assistant are") from error


def completion(name: str, generation: Generation) -> dict[str, Any]:
    """A chat.completion object."""
    used, made = generation.prompt_tokens, generation.completion_tokens
    reply = {"role": "assistant", "content": generation.text, "refusal": None}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": name,
        "choices": [{"index": 0, "message": reply, "logprobs": None, "finish_reason": generation.finish_reason}],
        "usage": {"prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made},
    }


def failure(status: int, text: str) -> web.Response:
    """OpenAI's error JSON."""
    error = {"message": text, "type": "invalid_request_error", "param": None, "code": None}
    return web.json_response({"error": error}, status=status)
