"""Demonstration tasks that need no network: a prompt generator, an oracle and a checker each."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from blackbox_kd.errors import UsageError
from blackbox_kd.tasks.base import Task, TaskRow
from blackbox_kd.tasks.tickets import TICKETS
from blackbox_kd.tasks.units import UNITS
from blackbox_kd.tasks.word_problems import WORD_PROBLEMS

TASKS: dict[str, Task] = {task.name: task for task in (TICKETS, UNITS, WORD_PROBLEMS)}


def named(name: str) -> Task:
    """The task of that name; raises `UsageError` naming those there are."""
    if name not in TASKS:
        raise UsageError(f"there is no task {name!r}", f"The tasks are: {', '.join(TASKS)}.")
    return TASKS[name]


class TaskPrompts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="task", tag_field="kind"):
    """Prompts with gold answers from one of our own tasks."""

    task: str
    count: Annotated[int, msgspec.Meta(ge=1)]

    def rows(self, seed: int, held_out: int) -> Iterator[TaskRow]:
        """Draw the rows, distinct; about half of `held_out` are pinned to that split. Raises `UsageError`."""
        return named(self.task).generate(self.count, seed, held_out)
