import asyncio
import json
import os
import signal

import msgspec
import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import Interrupted
from blackbox_kd.records import Prompt
from blackbox_kd.run import RunDir, Silent
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.script import Error, Play
from blackbox_kd.simulate.server import serving
from blackbox_kd.stages.buying import Row, asked_of, asking, buy, held, ledger_path, needed, rows_of
from blackbox_kd.stages.query import ask_all
from blackbox_kd.stages.targets import target_of
from blackbox_kd.teachers.ledger import Ledger, open_ledger
from blackbox_kd.teachers.target import Patience, Sampling, Target

PATIENCE = Patience(concurrency=4, timeout_s=5, attempts=1)


def slow(latency_s: float) -> Config:
    """A simulated teacher that takes its time."""
    return Config(
        teacher=(Teacher(model="simulated/tickets", simulated=Simulated(latency_s=latency_s)),), query=PATIENCE
    )


class Signalling(Silent):
    """Progress that sends signals to this process as soon as so many calls are on their way."""

    def __init__(self, calls: int, *numbers: int) -> None:
        self.calls = calls
        self.numbers = numbers

    def advance(self, status: str = "", steps: int = 1) -> None:
        """Send them once."""
        if status.startswith(f"{self.calls}/"):
            numbers, self.numbers = self.numbers, ()
            for number in numbers:
                os.kill(os.getpid(), number)


async def interrupted(run: RunDir, settings: Config, calls: int, *numbers: int) -> Interrupted:
    """How a run ends that gets these signals while so many calls are on their way."""
    with pytest.raises(Interrupted) as raised:
        await ask_all(RunDir(run.path, run.root, Signalling(calls, *numbers)), settings)
    return raised.value


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_waits_for_calls_in_flight_and_keeps_them(
    number: int, exit_code: int, run: RunDir, prompts: list[Prompt]
) -> None:
    error = await interrupted(run, slow(0.4), PATIENCE.concurrency, number)
    assert error.exit_code == exit_code
    with open_ledger(ledger_path(run.root)) as ledger:
        rows = ledger._reader.execute("SELECT state, count(*) FROM attempt GROUP BY state").fetchall()
    assert rows == [("stored", 1 + PATIENCE.concurrency)]  # the first call goes alone


async def test_a_second_signal_quits_now_and_says_what_was_perhaps_paid(run: RunDir, prompts: list[Prompt]) -> None:
    settings = slow(5)
    began = asyncio.get_running_loop().time()
    await interrupted(run, settings, 1, signal.SIGINT, signal.SIGINT)
    assert asyncio.get_running_loop().time() - began < 4
    with open_ledger(ledger_path(run.root)) as ledger:
        rows = ledger._reader.execute("SELECT state, count(*) FROM attempt GROUP BY state").fetchall()
    assert rows == [("ambiguous", 1)]  # the first call goes alone


def own(limit: int = 1024, n: int = 1) -> Teacher:
    """A teacher on a server of one's own."""
    sampling = Sampling(max_tokens=limit, n=n)
    return Teacher(model="openai/m", base_url="http://127.0.0.1:9/v1", identity="own", sampling=sampling)


async def kept(ledger: Ledger, row: Row, target: Target, raw: bytes) -> None:
    """Store a paid reply."""
    asked = asked_of(row, (target,))
    attempt = await ledger.claim(asked.key, target.label, asked.identity, asked.max_tokens)
    await ledger.store(attempt, 200, {}, raw)


def said(finish: str = "stop", model: str = "m") -> bytes:
    """A reply of the OpenAI wire."""
    choice = {"message": {"content": "Yes."}, "finish_reason": finish}
    return json.dumps({"model": model, "choices": [choice]}).encode()


@pytest.mark.parametrize(
    ("raw", "limit", "usual", "again"),
    [
        (None, 1024, True, True),
        (b"", 1024, False, True),  # given up
        (said(), 1024, False, False),
        (said("length"), 1024, False, False),
        (said("length"), 2048, True, True),
        (said("length"), 512, False, False),
        (b"The answer is 42.", 1024, False, True),
        (said(model="another"), 1024, False, True),
        (said(model="m-2026-11-20"), 1024, False, False),
    ],
    ids=["new", "given up", "whole", "cut", "raised", "lowered", "unreadable", "other model", "alias"],
)
async def test_a_row_is_asked_once_and_again_only_where_that_was_wanted(
    raw: bytes | None, limit: int, usual: bool, again: bool, run: RunDir, prompts: list[Prompt]
) -> None:
    row, first, target = Row(prompts[0], 0), target_of(own(), run.root), target_of(own(limit), run.root)
    with open_ledger(run.root / "ledger.sqlite3") as ledger:
        if raw:
            await kept(ledger, row, first, raw)
        elif raw is not None:
            await ledger.give_up(asked_of(row, (first,)).key, "http_400", "Not this one.")
        asked = asked_of(row, (target,))
        found = [needed(asked, ledger, Patience(retry_failed=wanted)) for wanted in (False, True)]
    assert found == [usual, again]


async def test_what_is_held_is_read_and_what_cannot_be_read_is_not_there(run: RunDir, prompts: list[Prompt]) -> None:
    target = target_of(own(), run.root)
    rows = [Row(one, 0) for one in prompts[:3]]
    with open_ledger(run.root / "ledger.sqlite3") as ledger:
        await kept(ledger, rows[0], target, said())
        await kept(ledger, rows[1], target, b"The answer is 42.")
        found = [held(row, (target,), ledger) for row in rows]
    assert [one and (one.prompt_id, one.text) for one in found] == [("p0", "Yes."), None, None]


def test_samples_are_rows_of_train_prompts_alone(run: RunDir, prompts: list[Prompt]) -> None:
    rows = list(rows_of(prompts, (target_of(own(n=3), run.root),)))
    assert [(row.prompt.id, row.sample) for row in rows[:4]] == [("p0", 0), ("p0", 1), ("p0", 2), ("p1", 0)]
    assert [(row.prompt.id, row.sample) for row in rows[-2:]] == [("p8", 0), ("p9", 0)]


def test_a_second_sample_of_a_held_out_prompt_is_a_row_where_the_prompt_says_so(
    run: RunDir, prompts: list[Prompt]
) -> None:
    marked = [msgspec.structs.replace(one, second_sample=one.id == "p9") for one in prompts]
    rows = list(rows_of(marked, (target_of(own(n=3), run.root),)))
    assert [(row.prompt.id, row.sample) for row in rows[-3:]] == [("p8", 0), ("p9", 0), ("p9", 1)]


async def test_what_was_not_bought_is_counted_by_whether_a_later_run_may_get_it(
    run: RunDir, prompts: list[Prompt]
) -> None:
    faults = {1: Error(400, "Not this one."), 4: Error(503, "Away."), 5: Error(503, "Away.")}
    plays = {prompts[number].messages[-1].content: fault for number, fault in faults.items()}

    def script(asked: Asked, attempt: int) -> Play | None:
        return plays.get(asked.prompt)

    async with serving(Simulated(task="tickets"), script=script) as url:
        teacher = Teacher(model="openai/simulated-tickets", base_url=f"{url}/v1")
        async with asking(run, Config(teacher=(teacher,), query=PATIENCE), lambda: prompts) as client:
            bought = await buy(rows_of(prompts, client.targets), 10, client, run)
    assert (bought.failed, bought.left) == (1, 2)
    assert bought.example is not None
    assert bought.example.prompt_id in ("p1", "p4", "p5")
    assert bought.example.retryable is (bought.example.prompt_id != "p1")
