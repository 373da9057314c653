from collections.abc import Callable, Sequence

import pytest

from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Completion, Prompt
from blackbox_kd.run import COMPLETIONS, PROMPTS, Manifest, RunDir

Bought = Callable[[Sequence[Completion], dict[str, str]], None]


@pytest.fixture
def bought(run: RunDir) -> Bought:
    """Leaves completions, and prompts with these references, as the stages before would have."""

    def leave(rows: Sequence[Completion], references: dict[str, str]) -> None:
        asked = {one.prompt_id: one for one in rows}
        prompts = [
            Prompt(id=name, messages=one.messages, split=one.split, family=name, reference=references.get(name))
            for name, one in sorted(asked.items())
        ]
        write_rows(run / PROMPTS, prompts)
        write_rows(run / COMPLETIONS, rows)
        for stage in ("prompts", "query"):
            run.finish(Manifest(stage=stage, settings={}, reads={}, writes={}, counts={}))

    return leave
