"""query: asks the teacher for every prompt, train and held-out alike; every paid reply is in the ledger first."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import ProviderUnavailable
from blackbox_kd.jsonl import read_rows, write_rows
from blackbox_kd.records import Completion, Failure, Json, Prompt, Record
from blackbox_kd.run import BOOKS, COMPLETIONS, FAILURES, PLANTED, PROMPTS, Counts, RunDir, require
from blackbox_kd.stages.buying import Row, asking, buy, rows_of, stored_reply
from blackbox_kd.stages.stage import Stage
from blackbox_kd.teachers.budget import paid_usd
from blackbox_kd.teachers.client import TeacherClient
from blackbox_kd.teachers.ledger import Ledger
from blackbox_kd.teachers.request import Asked, build, completion
from blackbox_kd.teachers.target import choose
from blackbox_kd.teachers.wire import Reply

NOT_STALE = ("budget_usd", "terms", "api_key_env", "allow_http")


class Planted(Record, frozen=True, kw_only=True):
    """What a simulated teacher did to one completion on purpose, from its own books."""

    id: str
    kind: str


def main(run: RunDir, config: Config) -> Counts:
    """Ask for what the ledger does not hold, then write completions.jsonl and failures.jsonl, sorted by id.

    Raises `ProviderUnavailable` if retryable rows are left, and what `TeacherClient.ask` raises for the whole run.
    """
    prompts = list(read_rows(require(run / PROMPTS, "prompts"), Prompt))
    return asyncio.run(ask_all(run, config, prompts))


async def ask_all(run: RunDir, config: Config, prompts: list[Prompt]) -> Counts:
    """Buy, then write the files from the ledger alone: what was asked when plays no part in them."""
    async with asking(run, config, prompts) as client:
        rows = list(rows_of(prompts, client.targets))
        failures = await buy(rows, client, run, config.query.grace_s)
        counts = await asyncio.to_thread(written, rows, failures, client, run)
    left = [one for one in failures if one.retryable]
    if left:
        raise ProviderUnavailable(
            f"{len(left)} of {len(rows)} rows are left: {left[0].message} ({left[0].code})",
            f"Run the same command later: the {counts['completions']} replies are kept.",
        )
    return counts


def written(rows: list[Row], failures: list[Failure], client: TeacherClient, run: RunDir) -> Counts:
    """Write completions.jsonl, failures.jsonl and, of a simulated teacher, what it planted; returns the counts."""
    counts: Counts = {"rows": len(rows), "completions": 0, "failed": sum(not one.retryable for one in failures)}
    counts |= {"ambiguous": 0, "prompt_tokens": 0, "completion_tokens": 0, "unpriced": 0}
    counts |= {"cost_usd": 0.0, "bought_usd": round(client.budget.bought_usd, 6)}
    kinds = planted_kinds(run / BOOKS)
    planted: list[Planted] = []
    seen: set[str] = set()

    def completions() -> Iterator[Completion]:
        for row in rows:
            target = choose(client.targets, row.prompt.id)
            asked = build(row.prompt.messages, row.sample, target)
            reply = stored_reply(row, target, client.ledger)
            if asked.key not in seen:  # equal prompts under different ids share one request
                seen.add(asked.key)
                paid(counts, asked, reply, client.ledger)
            if reply is None:
                continue
            made = completion(row.prompt, row.sample, target, reply)
            counts["completions"] += 1
            if kind := kinds.get(reply.response_id):
                planted.append(Planted(id=made.id, kind=kind))
            yield made

    write_rows(run / COMPLETIONS, completions())
    write_rows(run / FAILURES, failures)
    if kinds:
        write_rows(run / PLANTED, planted)
    counts["cost_usd"] = round(counts["cost_usd"], 6)
    if counts["unpriced"]:
        del counts["cost_usd"], counts["bought_usd"]  # unknown is not 0
    return counts


def paid(counts: Counts, asked: Asked, reply: Reply | None, ledger: Ledger) -> None:
    """Count the tokens of one usable reply, and the money of every attempt at it: superseded, malformed, never seen."""
    if reply is not None:
        counts["prompt_tokens"] += reply.usage.prompt_tokens
        counts["completion_tokens"] += reply.usage.completion_tokens
    attempts = ledger.paid(asked.key)
    counts["ambiguous"] += attempts.count(None)
    counts["cost_usd"] += sum(paid_usd(asked, raw) for raw in attempts)
    counts["unpriced"] += bool(attempts) and asked.target.price is None


def planted_kinds(books: Path) -> dict[str, str]:
    """Response id -> kind of noise, from a simulated teacher's books; empty without them."""
    if not books.exists():
        return {}
    from blackbox_kd.simulate.books import read_books  # only where a simulated teacher was asked

    return {entry.response_id: entry.kind for entry in read_books(books)}


def settings(config: Config) -> dict[str, object]:
    """What of the teachers decides on the completions."""
    return {f"teacher.{teacher.model}": deciding(teacher) for teacher in config.teacher}


def deciding(teacher: Teacher) -> dict[str, Json]:
    """A teacher's settings but for money, keys and terms."""
    plain: dict[str, Json] = msgspec.to_builtins(teacher)
    return {name: value for name, value in plain.items() if name not in NOT_STALE}


def recorded(config: Config) -> dict[str, Json]:
    """What the manifest keeps for people: patience, budgets, terms."""
    terms = {one.model: msgspec.to_builtins(one.terms) for one in config.teacher if one.terms}
    budgets: dict[str, Json] = {one.model: one.budget_usd for one in config.teacher}
    return {"query": msgspec.to_builtins(config.query), "budget_usd": budgets, "terms": terms}


def reads(run: RunDir, config: Config) -> list[Path]:
    """The prompts, and the files that the teachers' settings name."""
    named = [one.shots.file for one in config.teacher if one.shots] + [
        one.schema for one in config.teacher if one.schema
    ]
    return [run / PROMPTS, *(run.root / name for name in named)]


STAGE = Stage(
    name="query",
    settings=settings,
    reads=reads,
    writes=(COMPLETIONS, FAILURES, PLANTED),
    main=main,
    recorded=recorded,
)
