"""query: asks the teacher for every prompt, train and held-out alike; every paid reply is in the ledger first."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import ProviderUnavailable
from blackbox_kd.jsonl import lines, read_rows
from blackbox_kd.records import Failure, Json, Prompt
from blackbox_kd.run import COMPLETIONS, FAILURES, PLANTED, PROMPTS, Counts, RunDir, require
from blackbox_kd.stages.answering import Answers, MissingError
from blackbox_kd.stages.batching import buy_batches
from blackbox_kd.stages.buying import Row, asking, buy, rows_of
from blackbox_kd.stages.stage import Stage
from blackbox_kd.stages.targets import notices_by_teacher
from blackbox_kd.teachers.client import TeacherClient
from blackbox_kd.teachers.prices import OWN_TABLE

NOT_STALE = (
    "budget_usd",
    "terms",
    "api_key_env",
    "api_key_file",
    "allow_http",
    "endpoints",
    "stream",
    "batch",
    "prompt_cache",
)


def main(run: RunDir, config: Config) -> Counts:
    """Ask for what the ledger does not hold, then write completions.jsonl and failures.jsonl, sorted by id.

    Raises `ProviderUnavailable` if retryable rows are left, and what `TeacherClient.ask` raises for the whole run.
    """
    require(run / PROMPTS, "prompts")
    with fewer_collections():
        return asyncio.run(ask_all(run, config))


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Look for unreachable cycles less often: the many small objects of a call form none, and looking is 9 % of it."""
    before = gc.get_threshold()
    gc.set_threshold(20_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def ask_all(run: RunDir, config: Config) -> Counts:
    """Write the files from the ledger if it holds all, else buy first: what was asked when plays no part in them."""

    def prompts() -> Iterator[Prompt]:
        return read_rows(run / PROMPTS, Prompt)

    def rows() -> Iterator[Row]:
        return rows_of(prompts(), client.targets)

    async with asking(run, config, prompts) as client:
        total = await asyncio.to_thread(count, run, client)
        answers = Answers(client, run, total)
        example: Failure | None = None
        try:
            counts = await halting(client, answers, rows(), True)
        except MissingError:
            batched = await buy_batches(rows, total, client, run, client.patience.poll_s)
            bought = await buy(rows(), total, client, run)
            example = batched.example or bought.example
            counts = await halting(client, answers, rows(), False)
    if cut := counts.get("cut"):
        run.progress.note(
            f"query: {cut} of {counts['completions']} completions ended by length: raise [teacher] sampling.max_tokens;"
            " only those rows are asked again"
        )
    if left := counts.pop("left"):
        raise unfinished(int(left), total, example, int(counts["completions"]), config.query.offline)
    return counts


async def halting(client: TeacherClient, answers: Answers, rows: Iterator[Row], whole: bool) -> Counts:
    """Write in a thread that ends soon when this task is cancelled."""
    try:
        return await asyncio.to_thread(answers.write, rows, whole)
    except asyncio.CancelledError:
        client.stopping.set()
        raise


def count(run: RunDir, client: TeacherClient) -> int:
    """How many rows there are, without reading what one line each tells."""
    if all(target.sampling.n == 1 for target in client.targets):
        return sum(1 for _ in lines(run / PROMPTS))
    return sum(1 for _ in rows_of(read_rows(run / PROMPTS, Prompt), client.targets))


def unfinished(left: int, total: int, example: Failure | None, kept: int, offline: bool) -> ProviderUnavailable:
    """The error for rows that a later run may still get."""
    why = f": {example.message} ({example.code})" if example else ""
    fix = "Run it without --offline" if offline else "Run the same command later"
    return ProviderUnavailable(f"{left} of {total} rows are left{why}", f"{fix}: the {kept} replies are kept.")


def settings(config: Config) -> dict[str, object]:
    """What of the teachers decides on the completions."""
    if len(config.teacher) == 1:
        return {"teacher": deciding(config.teacher[0])}
    return {f"teacher[{number}]": deciding(teacher) for number, teacher in enumerate(config.teacher)}


def deciding(teacher: Teacher) -> dict[str, Json]:
    """A teacher's settings but for money, keys, terms and the way in which it is asked."""
    plain: dict[str, Json] = msgspec.to_builtins(teacher)
    unused = NOT_STALE if teacher.provider == "simulated" else (*NOT_STALE, "simulated")
    return {name: value for name, value in plain.items() if name not in unused}


def recorded(config: Config) -> dict[str, Json]:
    """What the manifest keeps for people: patience, budgets, terms."""
    terms = {one.model: msgspec.to_builtins(one.terms) for one in config.teacher if one.terms}
    budgets: dict[str, Json] = {one.model: one.budget_usd for one in config.teacher}
    notices: Json = msgspec.to_builtins(notices_by_teacher(config))
    return {"query": msgspec.to_builtins(config.query), "budget_usd": budgets, "terms": terms, "notices": notices}


def reads(run: RunDir, config: Config) -> list[Path]:
    """The prompts, and the files that the teachers' settings name."""
    named = [one.shots.file for one in config.teacher if one.shots] + [
        one.schema for one in config.teacher if one.schema
    ]
    prices = run.root / OWN_TABLE
    return [run / PROMPTS, *(run.root / name for name in named), *([prices] if prices.exists() else [])]


def wanted(run: RunDir, config: Config) -> tuple[str, ...]:
    """A reason to run that no file tells: rows that failed for good are to be asked again."""
    path = run / FAILURES
    failed = sum(1 for _ in lines(path)) if config.query.retry_failed and path.exists() else 0
    return (f"--retry-failed: {failed} rows failed",) if failed else ()


STAGE = Stage(
    name="query",
    settings=settings,
    reads=reads,
    writes=(COMPLETIONS, FAILURES, PLANTED),
    main=main,
    recorded=recorded,
    wanted=wanted,
)
