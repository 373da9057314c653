from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiohttp import web

from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Prompt
from blackbox_kd.run import PROMPTS, Manifest, RunDir
from blackbox_kd.tasks import TASKS

MakePrompt = Callable[..., Prompt]
Says = Callable[[bytes], tuple[int, str]]  # a request's body -> status and text


@pytest.fixture
def prompts(run: RunDir, prompt: MakePrompt) -> list[Prompt]:
    """Ten prompts, sorted by id, two of them held out, written where the stage reads them."""
    rows = list(TASKS["tickets"].generate(10, 1, 0))
    made = [prompt(rows[n].prompt, id=f"p{n}", split="held_out" if n > 7 else "train") for n in range(10)]
    write_rows(run / PROMPTS, made)
    run.finish(Manifest(stage="prompts", settings={}, reads={}, writes={}, counts={}))
    return made


@pytest.fixture
def answering() -> Callable[[Says], AbstractAsyncContextManager[str]]:
    """Serves the OpenAI wire on a free port and answers as a test says: `async with answering(says) as base_url`."""

    @asynccontextmanager
    async def serving(says: Says) -> AsyncIterator[str]:
        async def handle(request: web.Request) -> web.Response:
            status, text = says(await request.read())
            choice = {"message": {"content": text}, "finish_reason": "stop"}
            return web.json_response({"choices": [choice]}, status=status)

        app = web.Application()
        app.router.add_post("/v1/chat/completions", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        finally:
            await runner.cleanup()

    return serving
