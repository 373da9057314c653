"""What finished cells found, one row for each model of each cell, from the files of their evaluations."""

import datetime
import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from benchmarks.science.plan import Cell, Plan, cells, settings_of
from blackbox_kd import __version__
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_json, read_rows
from blackbox_kd.measures import Estimate, Measured, Reference, arm_of, headline
from blackbox_kd.records import Item, Json, Prediction, Record
from blackbox_kd.run import FACTS, ITEMS, METRICS, PREDICTIONS
from blackbox_kd.stages.evaluating.evidence import Evidence, Facts

TOLD = "cell.json"
FINISHED = (0, 3)  # exit codes of `bbkd run`: all well, or some rows failed for good
BASELINES = ("base", "base_full_prompt", "base_few_shot", "teacher")
STAGES = ("prompts", "query", "filter", "train", "evaluate", "report")


class Told(Record, frozen=True, kw_only=True):
    """`cell.json` in a run directory: how the cell was last run. `seconds` are of all attempts with these settings."""

    settings: dict[str, Json]
    code: int | None = None  # exit code; None: never ended by itself
    seconds: float = 0.0
    when: str = ""  # date
    machine: str = ""
    bbkd: str = ""


class Score(msgspec.Struct, frozen=True, array_like=True):
    """One item: the digest of its content, its family, and the headline metric, 0 to 1."""

    key: str
    family: str
    value: float


class Result(Record, frozen=True, kw_only=True):
    """One model of one cell."""

    task: str
    arm: str
    model: str  # student, a control, or a model that no arm changes
    seed: int
    metric: str
    reference: Reference
    estimate: Estimate  # of the headline metric, interval over items
    agreement: Estimate | None = None  # with the teacher
    rows: int | None = None  # trained on
    train_s: float | None = None
    settings: dict[str, Json]
    when: str
    machine: str
    bbkd: str
    scores: tuple[Score, ...]


def told_of(folder: Path, settings: Mapping[str, Json]) -> Told:
    """How a cell was last run; an empty record if it never was, or with other settings."""
    try:
        told = read_json(folder / TOLD, Told)
    except InputError:
        return Told(settings=dict(settings))
    return told if told.settings == settings else Told(settings=dict(settings))


def is_finished(folder: Path, told: Told) -> bool:
    """Whether a cell ended well and every stage's manifest is still there: a stage that runs again takes its away."""
    whole = all((folder / "manifest" / f"{stage}.json").exists() for stage in STAGES)
    return told.code in FINISHED and whole


def finished_minutes(plan: Plan, home: Path) -> dict[str, float]:
    """The finished cells, with the minutes that each took."""
    found = {}
    for cell in cells(plan):
        told = told_of(cell.folder(home), settings_of(plan, cell))
        if is_finished(cell.folder(home), told):
            found[cell.name] = told.seconds / 60
    return found


def collected(plan: Plan, home: Path) -> Iterator[Result]:
    """The rows of all finished cells, in the order of the plan."""
    for cell in cells(plan):
        folder = cell.folder(home)
        told = told_of(folder, settings_of(plan, cell))
        if is_finished(folder, told):
            yield from rows_of(cell, folder, told)


def rows_of(cell: Cell, folder: Path, told: Told) -> Iterator[Result]:
    """The rows of one cell; raises `InputError` for files that are not an evaluation's."""
    measured = read_json(folder / METRICS, Measured)
    facts = read_json(folder / FACTS, Facts)
    items = list(read_rows(folder / ITEMS, Item))
    seen = Evidence(items, read_rows(folder / PREDICTIONS, Prediction), facts)
    for model in (*cell.arm.models(), *BASELINES):
        arm, values = arm_of(measured, model), seen.values(model)
        if arm is None or (estimate := headline(arm.whole)) is None or not values:
            continue
        scores = sorted((seen.items[name].key, seen.items[name].family, value) for name, value in values.items())
        yield Result(
            task=cell.task.name,
            arm=cell.arm.name,
            model=model,
            seed=cell.seed,
            metric=measured.metric,
            reference=measured.reference,
            estimate=estimate,
            agreement=arm.whole.agreement,
            rows=arm.trained.rows if arm.trained else None,
            train_s=arm.trained.train_s if arm.trained else None,
            settings=cell.arm.settings,
            when=told.when,
            machine=told.machine,
            bbkd=told.bbkd,
            scores=tuple(Score(*one) for one in scores),
        )


def attempt(told: Told, code: int | None, seconds: float) -> Told:
    """The record of a cell after one more attempt on this machine."""
    return msgspec.structs.replace(
        told,
        code=code,
        seconds=told.seconds + seconds,
        when=datetime.datetime.now(datetime.UTC).date().isoformat(),
        machine=machine(),
        bbkd=__version__,
    )


def machine() -> str:
    """What this runs on, in words."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}"
