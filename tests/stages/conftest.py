from collections.abc import Callable

import pytest

from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Prompt
from blackbox_kd.run import PROMPTS, Manifest, RunDir
from blackbox_kd.tasks import TASKS

MakePrompt = Callable[..., Prompt]


@pytest.fixture
def prompts(run: RunDir, prompt: MakePrompt) -> list[Prompt]:
    """Ten prompts, sorted by id, two of them held out, written where the stage reads them."""
    rows = list(TASKS["tickets"].generate(10, 1, 0))
    made = [prompt(rows[n].prompt, id=f"p{n}", split="held_out" if n > 7 else "train") for n in range(10)]
    write_rows(run / PROMPTS, made)
    run.finish(Manifest(stage="prompts", settings={}, reads={}, writes={}, counts={}))
    return made
