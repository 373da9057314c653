import asyncio
import os
import signal
from collections.abc import Sequence

import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import Interrupted
from blackbox_kd.records import Prompt
from blackbox_kd.run import RunDir, Silent
from blackbox_kd.stages.buying import ledger_path
from blackbox_kd.stages.query import ask_all
from blackbox_kd.teachers.ledger import open_ledger
from blackbox_kd.teachers.target import Patience

PATIENCE = Patience(concurrency=4, timeout_s=5, attempts=1)


def slow(latency_s: float) -> Config:
    """A simulated teacher that takes its time."""
    return Config(
        teacher=(Teacher(model="simulated/tickets", simulated=Simulated(latency_s=latency_s)),), query=PATIENCE
    )


class Signalling(Silent):
    """Progress that sends signals to this process once its first calls are on their way."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = numbers

    def start(self, label: str, total: int) -> None:
        """Send them a moment later."""
        asyncio.get_running_loop().call_later(0.25, self.send)

    def send(self) -> None:
        """Send them now."""
        for number in self.numbers:
            os.kill(os.getpid(), number)


async def interrupted(run: RunDir, settings: Config, prompts: Sequence[Prompt], *numbers: int) -> Interrupted:
    """How a run ends that gets these signals."""
    with pytest.raises(Interrupted) as raised:
        await ask_all(RunDir(run.path, run.root, Signalling(*numbers)), settings, list(prompts))
    return raised.value


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_waits_for_calls_in_flight_and_keeps_them(
    number: int, exit_code: int, run: RunDir, prompts: list[Prompt]
) -> None:
    error = await interrupted(run, slow(0.4), prompts, number)
    assert error.exit_code == exit_code
    with open_ledger(ledger_path(run.root)) as ledger:
        rows = ledger._reader.execute("SELECT state, count(*) FROM attempt GROUP BY state").fetchall()
    assert rows == [("stored", PATIENCE.concurrency)]


async def test_a_second_signal_quits_now_and_says_what_was_perhaps_paid(run: RunDir, prompts: list[Prompt]) -> None:
    settings = slow(5)
    began = asyncio.get_running_loop().time()
    await interrupted(run, settings, prompts, signal.SIGINT, signal.SIGINT)
    assert asyncio.get_running_loop().time() - began < 3
    with open_ledger(ledger_path(run.root)) as ledger:
        rows = ledger._reader.execute("SELECT state, count(*) FROM attempt GROUP BY state").fetchall()
    assert rows == [("ambiguous", PATIENCE.concurrency)]
