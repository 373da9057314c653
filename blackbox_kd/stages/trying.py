"""`bbkd try N`: buys a few answers through the same ledger, to look at before the rest is paid for."""

import asyncio

import msgspec

from blackbox_kd.config.whole import Config
from blackbox_kd.jsonl import read_rows, text_digest
from blackbox_kd.records import Completion, Prompt
from blackbox_kd.run import PROMPTS, RunDir, require
from blackbox_kd.stages.buying import Row, asking, buy, held, rows_of
from blackbox_kd.teachers.client import TeacherClient


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Some answers, and what all rows would take at their average; `cost_usd` is None where a price is unknown."""

    completions: tuple[Completion, ...]
    failures: int
    rows: int
    held: int  # rows that the ledger answers already, these ones included
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


def attempt(run: RunDir, config: Config, count: int) -> Tried:
    """Buy the first sample of `count` prompts, always the same ones; raises as the query stage does."""
    prompts = list(read_rows(require(run / PROMPTS, "prompts"), Prompt))
    chosen = sorted(prompts, key=lambda one: text_digest("try", one.id))[:count]
    at_once = tuple(msgspec.structs.replace(one, batch=False) for one in config.teacher)
    return asyncio.run(tried(run, msgspec.structs.replace(config, teacher=at_once), prompts, chosen))


async def tried(run: RunDir, config: Config, prompts: list[Prompt], chosen: list[Prompt]) -> Tried:
    """Buy, read back from the ledger, and extrapolate to all rows."""
    async with asking(run, config, lambda: prompts) as client:
        rows = [Row(prompt, 0) for prompt in chosen]
        bought = await buy(rows, len(rows), client, run)
        found = [held(row, client.targets, client.ledger) for row in rows]
        return estimate([one for one in found if one is not None], bought.failed + bought.left, prompts, client)


def estimate(found: list[Completion], failures: int, prompts: list[Prompt], client: TeacherClient) -> Tried:
    """All rows at the average of those found."""
    rows = list(rows_of(prompts, client.targets))
    scale = len(rows) / len(found) if found else 0.0
    costs = [one.cost_usd for one in found]
    known = [cost for cost in costs if cost is not None]
    return Tried(
        completions=tuple(found),
        failures=failures,
        rows=len(rows),
        held=sum(held(row, client.targets, client.ledger) is not None for row in rows),
        prompt_tokens=round(scale * sum(one.usage.prompt_tokens for one in found)),
        completion_tokens=round(scale * sum(one.usage.completion_tokens for one in found)),
        cost_usd=scale * sum(known) if found and len(known) == len(costs) else None,
    )
