import json
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.prompts import Prompts
from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.teacher import Shots, Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Prompt
from blackbox_kd.run import BOOKS, PROMPTS, Manifest, RunDir
from blackbox_kd.simulate.books import read_books
from blackbox_kd.stages import prompts as collecting
from blackbox_kd.stages import query
from blackbox_kd.stages.estimating import Estimate, estimated, told, verdict
from blackbox_kd.stages.stage import execute
from blackbox_kd.stages.trying import attempt
from blackbox_kd.tasks import TASKS, TaskPrompts
from blackbox_kd.teachers.target import Patience, Price, Sampling

PRICE = Price(input_usd=2.0, output_usd=10.0, batch=0.5)
NOISE = Simulated(wrong=0.02, refused=0.03, truncated=0.03, rambling=0.02, leaking=0.02, duplicated=0.02)


def demo(root: Path, task: str, count: int, **fields: Any) -> Config:
    """A demonstration as `bbkd init` writes it, with as many prompts."""
    one = TASKS[task]
    pairs = zip(one.shots[::2], one.shots[1::2], strict=True)
    rows = [json.dumps({"prompt": ask.content, "completion": answer.content}) for ask, answer in pairs]
    (root / "shots.jsonl").write_text("\n".join(rows))
    teacher = {
        "model": f"simulated/{task}",
        "system": one.teacher_system,
        "shots": Shots(file="shots.jsonl", k=3),
        "sampling": Sampling(temperature=0.2, max_tokens=200),
        "price": PRICE,
        "simulated": NOISE,
    }
    asked = fields.pop("query", Patience())
    prompts = Prompts(strategy=(TaskPrompts(task=task, count=count),), held_out=count // 5)
    return Config(teacher=(Teacher(**{**teacher, **fields}),), prompts=prompts, query=asked)


def only(run: RunDir, config: Config) -> Estimate:
    """The estimate of the one teacher."""
    (found,) = estimated(run, config).estimates
    return found


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file in a folder with its size and time of change, but for those of SQLite's that hold no data."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def bought(run: RunDir, config: Config, few: int | None = None) -> tuple[int, int]:
    """Run prompts and query, or try a few; returns the tokens of prompts and answers that the teacher billed for it."""
    before = len(list(read_books(run / BOOKS))) if (run / BOOKS).exists() else 0
    with run.locked():
        execute(collecting.STAGE, run, config)
        if few is None:
            execute(query.STAGE, run, config)
        else:
            attempt(run, config, few)
    new = list(read_books(run / BOOKS))[before:]
    return sum(one.prompt_tokens for one in new), sum(one.completion_tokens for one in new)


@pytest.mark.parametrize("task", list(TASKS))
def test_an_estimate_comes_close_to_what_is_billed(task: str, run: RunDir) -> None:
    """First with nothing to learn from, then with a third of the answers in the ledger."""
    config = demo(run.root, task, 300)
    first = only(run, config)
    some = bought(run, config, 100)
    then = only(run, config)
    rest = bought(run, config)
    assert (first.basis, first.cached, then.basis, then.cached) == ("references", 0, "replies", 100)
    assert first.completion_tokens is not None
    assert first.prompt_tokens == pytest.approx(some[0] + rest[0], rel=0.01)
    assert first.prompt_tokens + first.completion_tokens == pytest.approx(sum(some) + sum(rest), rel=0.15)
    assert then.prompt_tokens == pytest.approx(rest[0], rel=0.01)
    assert then.completion_tokens is not None
    assert then.prompt_tokens + then.completion_tokens == pytest.approx(sum(rest), rel=0.15)
    assert then.completion_tokens_low <= rest[1] <= then.completion_tokens_high


def test_without_a_ledger_nothing_is_written_and_no_key_is_needed(run: RunDir) -> None:
    config = demo(run.root, "units", 40, model="openai/gpt-6.1-terra", price=None, drop_unsupported=True)
    before = files(run.root)
    found = only(run, config)
    assert files(run.root) == before
    assert (found.rows, found.cached, found.calls) == (40, 0, 40)
    assert found.terms.startswith("NOT acknowledged")
    assert found.cost_usd_low is not None
    assert found.batch_usd_low == pytest.approx(found.cost_usd_low / 2)


def test_a_ledger_that_can_only_be_read_is_read(run: RunDir) -> None:
    config = demo(run.root, "units", 60)
    bought(run, config, 30)
    folder, before = run.root / ".bbkd", files(run.root)
    paths = [folder, *folder.iterdir()]
    for path in paths:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP))
    try:
        found = only(run, config)
    finally:
        for path in paths:
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
    assert files(run.root) == before
    assert (found.cached, found.calls) == (30, 30)
    assert found.wall_s is not None


def test_prompts_are_those_of_their_stage_or_those_it_would_collect(run: RunDir, prompts: list[Prompt]) -> None:
    config = demo(run.root, "units", 40)
    (as_they_are,) = estimated(run, config, collect=False).estimates
    assert (as_they_are.prompts, only(run, config).prompts) == (len(prompts), 40)


def test_every_sample_of_a_train_prompt_is_a_call(run: RunDir, prompts: list[Prompt]) -> None:
    config = demo(run.root, "tickets", 1, sampling=Sampling(n=3, max_tokens=10))
    (found,) = estimated(run, config, collect=False).estimates
    assert (found.prompts, found.rows, found.calls) == (10, 8 * 3 + 2, 26)
    assert (found.basis, found.completion_tokens) == ("limits", None)
    assert (found.completion_tokens_low, found.completion_tokens_high) == (26, 260)


def test_equal_requests_are_asked_once(run: RunDir, prompts: list[Prompt]) -> None:
    twin = msgspec.structs.replace(prompts[0], id="twin")
    write_rows(run / PROMPTS, [*prompts, twin])
    (found,) = estimated(run, demo(run.root, "tickets", 1), collect=False).estimates
    assert (found.rows, found.cached, found.calls) == (11, 1, 10)


@pytest.mark.parametrize(
    ("price", "low", "batch"),
    [(None, None, None), (Price(input_usd=1, output_usd=1), True, None), (Price(gpu_hour_usd=2), None, None)],
)
def test_what_is_not_known_is_none(price: Price | None, low: bool | None, batch: bool | None, run: RunDir) -> None:
    found = only(run, demo(run.root, "units", 20, price=price))
    assert (found.cost_usd_low and True, found.batch_usd_low and True) == (low, batch)
    assert (found.wall_s, found.cached_share, found.spent_usd) == (None, None, None)
    assert ("cost      unknown" in told(estimated(run, demo(run.root, "units", 20, price=price)))) == (low is None)


@pytest.mark.parametrize(
    ("limit", "said"), [(100.0, "OK"), (10.0, "OK"), (9.5, "may be reached"), (5.0, "may be reached"), (4.9, "too low")]
)
def test_a_budget_is_good_if_the_most_and_the_last_worst_case_fit(limit: float, said: str) -> None:
    assert verdict(limit, 5.0, 9.0, 1.0) == said


def test_money_and_tokens_that_were_spent_before_count(run: RunDir) -> None:
    config = demo(run.root, "units", 60)
    tokens = sum(bought(run, config, 30))
    limits = {"budget_usd": 0.20, "query": Patience(max_tokens_total=tokens + 10)}
    forecast = estimated(run, demo(run.root, "units", 60, **limits))
    (found,) = forecast.estimates
    assert found.spent_usd is not None
    assert 0.01 < found.spent_usd < 0.02
    assert (forecast.spent_tokens, forecast.tokens, found.budget) == (tokens, "too low", "OK")


def test_where_the_completions_were_imported_nothing_is_asked(run: RunDir) -> None:
    run.finish(Manifest(stage="import", settings={}, reads={}, writes={}, counts={}))
    assert told(estimated(run, Config())) == ["nothing would be asked: the completions were imported"]


def test_without_a_teacher_or_prompts_there_is_nothing_to_estimate(run: RunDir) -> None:
    with pytest.raises(UsageError, match="no \\[teacher\\]"):
        estimated(run, Config())
    with pytest.raises(InputError, match="no prompts"):
        estimated(run, Config(teacher=(Teacher(model="simulated/units"),)))
