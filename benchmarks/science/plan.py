"""What is to be run: tasks, arms and training seeds, from one TOML file, as cells in the order of their use."""

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from blackbox_kd.config.evaluate import share_of
from blackbox_kd.errors import InputError
from blackbox_kd.records import Json
from blackbox_kd.run import flatten

NAME = re.compile(r"[a-z][a-z0-9_]*")
UNTUNED = 3  # models that the first cell of a task answers with besides its own: short, whole and few-shot prompt
Count = Annotated[int, msgspec.Meta(ge=1)]
Minutes = Annotated[float, msgspec.Meta(gt=0)]


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of our own tasks. The minutes are guesses for one training and for one model's answers to all its items."""

    name: str
    task: str = ""  # "": as its name
    count: Count
    held_out: Count
    epochs: float
    max_words: Count
    max_new_tokens: Count
    noise: dict[str, float] = {}  # of the simulated teacher: shares of its replies
    train_minutes: Minutes
    answer_minutes: Minutes

    @property
    def kind(self) -> str:
        """The task's name in `bbkd init --task`."""
        return self.task or self.name

    def settings(self) -> dict[str, Json]:
        """The task as settings of bbkd.toml."""
        return {
            "prompts.strategy": [{"kind": "task", "task": self.kind, "count": self.count}],
            "prompts.held_out": self.held_out,
            "filter.length.max_words": self.max_words,
            "train.epochs": self.epochs,
            "evaluate.max_new_tokens": self.max_new_tokens,
            **{f"teacher.simulated.{name}": share for name, share in self.noise.items()},
        }


class Arm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings that differ. `controls` are further students of the run, as in `[evaluate] arms`.

    With `like` a run begins as a copy of that arm's, so that what is equal is not done twice; if it has controls, these
    alone are told, for its own student is the other arm's.
    """

    name: str
    settings: dict[str, Json] = {}
    controls: tuple[str, ...] = ()
    like: str = ""
    seeds: tuple[int, ...] = ()  # of the plan's; none named: all

    def models(self) -> tuple[str, ...]:
        """The students that a run of this arm is about."""
        return self.controls if self.like and self.controls else ("student", *self.controls)


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole plan. `seed` is of prompts, split and noise, `seeds` are of the trainings."""

    name: str
    seed: int
    seeds: Annotated[tuple[int, ...], msgspec.Meta(min_length=1)]
    reference: str
    settings: dict[str, Json] = {}
    tasks: Annotated[tuple[Task, ...], msgspec.Meta(min_length=1)]
    arms: Annotated[tuple[Arm, ...], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        # ValueError: msgspec adds the path.
        arms = [one.name for one in self.arms]
        for names in (arms, [one.name for one in self.tasks]):
            if bad := [name for name in names if not NAME.fullmatch(name) or names.count(name) > 1]:
                raise ValueError(f"{bad[0]!r}: a name stands once, and is of a to z, 0 to 9 and _")
        if self.reference not in arms:
            raise ValueError(f"reference: there is no arm {self.reference!r}")
        for index, one in enumerate(self.arms):
            if one.like and one.like not in arms[:index]:
                raise ValueError(f"{one.name}: like: no arm before it is called {one.like!r}")
            if set(one.seeds) - set(self.seeds):
                raise ValueError(f"{one.name}: seeds: not all of them are the plan's")


class Cell(NamedTuple):
    """One `bbkd run`: a task, an arm and a training seed."""

    task: Task
    arm: Arm
    seed: int

    @property
    def name(self) -> str:
        """TASK/ARM/SEED."""
        return f"{self.task.name}/{self.arm.name}/{self.seed}"

    def folder(self, home: Path) -> Path:
        """The run directory, in the folder of the task's bbkd.toml."""
        return home / self.task.name / f"{self.arm.name}-{self.seed}"


def read_plan(path: Path) -> Plan:
    """Read a plan; raises `InputError` naming the file and what is wrong."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "Name a plan with --plan.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}", "README.md beside it says what a plan holds.") from None


def cells(plan: Plan, only: str = "") -> Iterator[Cell]:
    """All cells that match a pattern TASK/ARM/SEED, its parts optional, `*` anything.

    The first seed of every arm comes before the second of any, and an arm on all tasks before the next arm.
    """
    patterns = only.strip("/").split("/") if only else []
    for seed in plan.seeds:
        for arm in plan.arms:
            for task in plan.tasks:
                parts = zip((task.name, arm.name, str(seed)), patterns, strict=False)
                if seed in (arm.seeds or plan.seeds) and all(fnmatch.fnmatch(*pair) for pair in parts):
                    yield Cell(task, arm, seed)


def settings_of(plan: Plan, cell: Cell) -> dict[str, Json]:
    """The settings of a cell by dotted key: the plan's, the task's, the arm's and the seed."""
    found = {**flatten(plan.settings), **cell.task.settings(), **flatten(cell.arm.settings)}
    if cell.arm.controls:
        found["evaluate.arms"] = list(cell.arm.controls)
    return found | {"train.seed": cell.seed}


def flags(settings: Mapping[str, Json]) -> list[str]:
    """Settings as the flags of `bbkd`."""
    return [word for key, value in settings.items() for word in ("--set", f"{key}={toml(value)}")]


def toml(value: Json) -> str:
    """A value in TOML, on one line; raises `InputError` for None, which TOML does not have."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if value is None:
        raise InputError("a setting is null", "Leave it out.")
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one character that JSON lets stand


def guess_minutes(plan: Plan, cell: Cell) -> float:
    """What a cell takes by the plan's guesses; a task's first one has the untuned models' answers to make too."""
    models = cell.arm.models()
    first = cell.arm == plan.arms[0] and cell.seed == plan.seeds[0]
    shares = sum(share_of(name) or 1.0 for name in models)
    return cell.task.train_minutes * shares + cell.task.answer_minutes * (len(models) + UNTUNED * first)


def expected_minutes(plan: Plan, cell: Cell, took: Mapping[str, float]) -> float:
    """What a cell may take: the guess, scaled by the minutes that finished cells of its task took, by their names."""
    known = [one for one in cells(plan, cell.task.name) if one.name in took]
    guessed = sum(guess_minutes(plan, one) for one in known)
    scale = sum(took[one.name] for one in known) / guessed if known else 1.0
    return scale * guess_minutes(plan, cell)
