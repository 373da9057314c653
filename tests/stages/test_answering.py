import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import ProviderUnavailable
from blackbox_kd.jsonl import read_rows, write_rows
from blackbox_kd.records import Completion, Failure, Prompt
from blackbox_kd.run import COMPLETIONS, FAILURES, PROMPTS, RunDir
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.script import Body, Error, Play
from blackbox_kd.simulate.server import serving
from blackbox_kd.stages.answering import Answers, HaltedError, MissingError
from blackbox_kd.stages.buying import asking, rows_of
from blackbox_kd.stages.query import STAGE, ask_all
from blackbox_kd.stages.stage import execute
from blackbox_kd.teachers.target import Patience, Price

PATIENCE = Patience(concurrency=4, timeout_s=5, attempts=1)
BAD = Error(400, "Not this one.")
BROKEN = Body(b"The answer is 42.")
OTHER = Body(lambda reply: {**reply, "model": "gpt-tiny"})


class Asking:
    """A simulated teacher with faults by prompt, and who asked it for what."""

    def __init__(self) -> None:
        self.url = ""
        self.faults: dict[str, Play] = {}
        self.asked: list[str] = []

    def play(self, asked: Asked, attempt: int) -> Play | None:
        """Note the prompt, and do what is set for it."""
        self.asked.append(asked.prompt)
        return self.faults.get(asked.prompt)

    def config(self, **changes: Any) -> Config:
        """Settings that ask it; `changes` are those of the patience, but for `teacher`."""
        fields = {"identity": "own", **changes.pop("teacher", {})}
        teacher = Teacher(model="openai/simulated-tickets", base_url=self.url, **fields)
        return Config(teacher=(teacher,), query=msgspec.structs.replace(PATIENCE, **changes))


@pytest.fixture
async def server() -> AsyncIterator[Asking]:
    """The teacher."""
    one = Asking()
    async with serving(Simulated(task="tickets"), script=one.play) as url:
        one.url = f"{url}/v1"
        yield one


def ids(run: RunDir) -> list[str]:
    """The prompts that were answered."""
    return [one.prompt_id for one in read_rows(run / COMPLETIONS, Completion)]


def failures(run: RunDir) -> list[tuple[str, str]]:
    """The prompts that failed, and how."""
    return [(one.prompt_id, one.code) for one in read_rows(run / FAILURES, Failure)]


def text(prompt: Prompt) -> str:
    """What a prompt says."""
    return prompt.messages[-1].content


async def test_failures_come_from_the_ledger_as_they_were(run: RunDir, prompts: list[Prompt], server: Asking) -> None:
    server.faults = {text(prompts[2]): BAD, text(prompts[4]): BROKEN, text(prompts[6]): OTHER}
    first = await ask_all(run, server.config())
    written = (run / COMPLETIONS).read_bytes(), (run / FAILURES).read_bytes()
    assert failures(run) == [("p2", "invalid_request_error"), ("p4", "malformed_paid"), ("p6", "model_mismatch")]
    assert (first["rows"], first["completions"], first["failed"], first["attempts"]) == (10, 7, 3, 10)
    assert await ask_all(run, server.config()) == first
    assert ((run / COMPLETIONS).read_bytes(), (run / FAILURES).read_bytes()) == written
    assert len(server.asked) == 10


@pytest.mark.parametrize("fault", [BAD, BROKEN, OTHER], ids=["refused", "malformed", "other model"])
async def test_failed_rows_and_no_others_are_asked_again_on_demand(
    fault: Play, run: RunDir, prompts: list[Prompt], server: Asking
) -> None:
    chosen = sorted(text(prompts[n]) for n in (3, 7))
    server.faults = dict.fromkeys(chosen, fault)
    await ask_all(run, server.config())
    server.asked.clear()
    await ask_all(run, server.config(retry_failed=True))
    assert (sorted(server.asked), len(failures(run))) == (chosen, 2)
    server.asked.clear()
    server.faults = {}
    counts = await ask_all(run, server.config(retry_failed=True))
    assert (sorted(server.asked), counts["completions"], counts["failed"]) == (chosen, 10, 0)
    server.asked.clear()
    assert (await ask_all(run, server.config(retry_failed=True)))["completions"] == 10
    assert server.asked == []


async def test_the_stage_runs_again_for_failed_rows_and_only_on_demand(
    run: RunDir, prompts: list[Prompt], server: Asking
) -> None:
    server.faults = {text(prompts[3]): BAD}

    def stage(**changes: Any) -> tuple[bool, tuple[str, ...]]:
        with run.locked():
            found = execute(threadless(STAGE), run, server.config(**changes))
        return found.ran, found.reasons

    def threadless(stage: Any) -> Any:
        return msgspec.structs.replace(stage, main=lambda run, config: counts)

    counts = await ask_all(run, server.config())
    assert stage()[0]
    assert stage() == (False, ())
    assert stage(retry_failed=True) == (True, ("--retry-failed: 1 rows failed",))


async def test_with_all_in_the_ledger_offline_is_one_pass_without_a_connection(
    run: RunDir, prompts: list[Prompt], server: Asking
) -> None:
    server.faults = {text(prompts[2]): BAD}
    first = await ask_all(run, server.config())
    written = (run / COMPLETIONS).read_bytes()
    async with listening() as (url, connections):
        server.url = url
        assert await ask_all(run, server.config(offline=True)) == first
    assert ((run / COMPLETIONS).read_bytes(), connections) == (written, [])


async def test_offline_a_needed_call_is_an_error_and_no_connection(
    run: RunDir, prompts: list[Prompt], server: Asking
) -> None:
    write_rows(run / PROMPTS, [one for one in prompts if one.id != "p5"])
    await ask_all(run, server.config())
    write_rows(run / PROMPTS, prompts)
    async with listening() as (url, connections):
        server.url = url
        with pytest.raises(ProviderUnavailable, match="1 of 10 rows are left") as raised:
            await ask_all(run, server.config(offline=True))
    assert connections == []
    assert raised.value.exit_code == 6
    assert "(offline)" in raised.value.message
    assert raised.value.fix.startswith("Run it without --offline")
    assert ids(run) == [one.id for one in prompts if one.id != "p5"]


async def test_offline_failed_rows_stay_failed(run: RunDir, prompts: list[Prompt], server: Asking) -> None:
    server.faults = {text(prompts[2]): BAD, text(prompts[4]): BROKEN, text(prompts[6]): OTHER}
    first = await ask_all(run, server.config())
    async with listening() as (url, connections):
        server.url = url
        assert await ask_all(run, server.config(offline=True, retry_failed=True)) == first
    assert connections == []


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, list[object]]]:
    """(base_url, connections) of a server that only notes who connects."""
    connections: list[object] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", connections


SCRIPT = """
import asyncio, sys
from pathlib import Path
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.run import RunDir
from blackbox_kd.stages.query import ask_all
teacher = Teacher(model="openai/simulated-tickets", base_url="http://127.0.0.1:9/v1", identity="own")
counts = asyncio.run(ask_all(RunDir(Path(sys.argv[1]), Path(sys.argv[2])), Config(teacher=(teacher,))))
print(counts["completions"], *sorted({"openai", "anthropic", "torch"} & set(sys.modules)))
"""


async def test_with_all_in_the_ledger_no_sdk_is_loaded(run: RunDir, prompts: list[Prompt], server: Asking) -> None:
    await ask_all(run, server.config())
    words = [sys.executable, "-c", SCRIPT, str(run.path), str(run.root)]
    done = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("10\n", "")


async def test_the_first_pass_writes_nothing_where_a_row_has_to_be_asked(
    run: RunDir, prompts: list[Prompt], server: Asking
) -> None:
    await ask_all(run, server.config())
    written = (run / COMPLETIONS).read_bytes()
    more = [*prompts, msgspec.structs.replace(prompts[0], id="p99", messages=prompts[0].messages * 2)]
    async with asking(run, server.config(), lambda: more) as client:
        answers = Answers(client, run, 11)
        with pytest.raises(MissingError):
            answers.write(rows_of(more, client.targets), True)
        assert (run / COMPLETIONS).read_bytes() == written
        counts = answers.write(rows_of(more, client.targets), False)
    assert (counts["completions"], counts["left"], failures(run)) == (10, 1, [("p99", "not_asked")])


async def test_a_run_that_is_stopped_writes_nothing(run: RunDir, prompts: list[Prompt], server: Asking) -> None:
    async with asking(run, server.config(), lambda: prompts) as client:
        client.stopping.set()
        with pytest.raises(HaltedError):
            Answers(client, run, 10).write(rows_of(prompts, client.targets), False)
    assert {path.name for path in run.path.iterdir()} == {"prompts.jsonl", "manifest"}


async def test_equal_prompts_under_several_ids_are_counted_and_paid_once(
    run: RunDir, prompts: list[Prompt], server: Asking
) -> None:
    write_rows(run / PROMPTS, [msgspec.structs.replace(prompts[n // 4], id=f"q{n}", split="train") for n in range(8)])
    counts = await ask_all(run, server.config(teacher={"price": Price(input_usd=1, output_usd=2)}))
    made = list(read_rows(run / COMPLETIONS, Completion))
    assert (len(server.asked), counts["rows"], counts["completions"], counts["attempts"]) == (2, 8, 8, 2)
    assert counts["completion_tokens"] == sum(made[n].usage.completion_tokens for n in (0, 4))
    assert counts["cost_usd"] == pytest.approx(sum(made[n].cost_usd or 0 for n in (0, 4)), abs=1e-6)
    assert counts["bought_usd"] == counts["cost_usd"]
