"""`--dry-run`: what the paid stages would ask and cost, from the files as they are. No network, no key, no change."""

from collections.abc import Iterable

import msgspec

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.jsonl import read_rows
from blackbox_kd.records import Prompt, Usage
from blackbox_kd.report.words import number, usd
from blackbox_kd.run import PROMPTS, RunDir
from blackbox_kd.stages import prompts as collecting
from blackbox_kd.stages.buying import Row, asked_of, ledger_path, rows_of
from blackbox_kd.stages.stage import stale
from blackbox_kd.stages.tallying import Basis, Tally, guess, recent
from blackbox_kd.stages.targets import target_of, teachers_of, terms_said
from blackbox_kd.teachers.budget import taken
from blackbox_kd.teachers.ledger import Ledger, open_ledger
from blackbox_kd.teachers.request import Asked, answers, read
from blackbox_kd.teachers.served import swapped
from blackbox_kd.teachers.target import Price
from blackbox_kd.teachers.wire import Malformed


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What one stage would ask of one teacher, and what that takes; None is what is not known.

    `calls` are to be made, `cached` rows lie in the ledger, `failed` ones failed for good. The answers' tokens are as
    likely those of earlier `replies`, of the `references`, or unknown within the `limits`; a range goes up to what the
    token limits allow unless replies say better. `spent_usd` is what these rows cost before.
    """

    stage: str
    teacher: str
    where: str
    terms: str
    prompts: int
    rows: int
    cached: int
    failed: int
    calls: int
    in_batches: int  # of the calls: on their way already
    prompt_tokens: int
    completion_tokens: int | None
    completion_tokens_low: int
    completion_tokens_high: int
    basis: Basis
    batch: bool
    cost_usd_low: float | None = None
    cost_usd_high: float | None = None
    batch_usd_low: float | None = None  # the same, through the batch API
    batch_usd_high: float | None = None
    cached_share: float | None = None  # of the prompts' tokens, read from the provider's cache in earlier replies
    wall_s: float | None = None
    spent_usd: float | None = None
    budget_usd: float | None = None
    budget: str = ""


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would ask, a line for each paid stage and teacher; nothing where the completions were imported."""

    imported: bool
    estimates: tuple[Estimate, ...]
    spent_tokens: int = 0
    max_tokens_total: int | None = None
    tokens: str = ""  # whether that limit would hold


def estimated(run: RunDir, config: Config, collect: bool = True) -> Forecast:
    """What a run would ask and cost; with `collect`, of the prompts that the prompts stage would collect first.

    Raises `UsageError` or `InputError` for settings and files that no run could use.
    """
    if run.manifest_path("import").exists():
        return Forecast(imported=True, estimates=())
    teachers = teachers_of(config)
    tallies = {one.model: Tally(target_of(one, run.root)) for one in teachers}
    with open_ledger(ledger_path(run.root), read_only=True, warn=run.progress.note) as ledger:
        count(tallies, prompts_of(run, config, collect), ledger, config)
        for tally in tallies.values():
            recent(tally, ledger)
    found = tuple(estimate(tallies[one.model], one, run, config) for one in teachers)
    limit, spent = config.query.max_tokens_total, sum(one.spent_tokens for one in tallies.values())
    low = spent + sum(one.prompt_tokens + one.completion_tokens_low for one in found)
    high = spent + sum(one.prompt_tokens + one.completion_tokens_high for one in found)
    margin = max(tally.worst_tokens for tally in tallies.values())
    return Forecast(
        imported=False,
        estimates=found,
        spent_tokens=spent,
        max_tokens_total=limit,
        tokens="" if limit is None else verdict(limit, low, high, margin),
    )


def prompts_of(run: RunDir, config: Config, collect: bool) -> Iterable[Prompt]:
    """The prompts as their stage left them, or would leave them now; raises `InputError`."""
    if (run / PROMPTS).exists() and not (collect and stale(collecting.STAGE, run, config)):
        return read_rows(run / PROMPTS, Prompt)
    return collecting.planned(run, config)


def count(tallies: dict[str, Tally], prompts: Iterable[Prompt], ledger: Ledger, config: Config) -> None:
    """Look every row up, equal requests once."""
    targets = tuple(tally.target for tally in tallies.values())
    limited = config.query.max_tokens_total is not None or any(one.budget_usd is not None for one in config.teacher)
    flying = {key for one in ledger.batches() for key in ledger.batch_attempts(one.fingerprint)}
    seen: set[str] = set()
    for row in rows_of(prompts, targets):
        asked = asked_of(row, targets)
        tally = tallies[asked.target.label]
        tally.rows += 1
        tally.prompts += row.sample == 0
        if asked.key in seen:
            tally.cached += 1
            continue
        seen.add(asked.key)
        for one in ledger.paid(asked.key) if limited else ():
            amount = taken(asked, one)
            tally.spent_usd += amount.usd
            tally.spent_tokens += amount.tokens
        calls = tally.calls
        sort_out(row, asked, tally, ledger, config.query.retry_failed)
        tally.in_batches += tally.calls > calls and asked.key in flying


def sort_out(row: Row, asked: Asked, tally: Tally, ledger: Ledger, retry_failed: bool) -> None:
    """Count a row as one that is held, that failed for good, or that is to be asked."""
    stored = ledger.lookup(asked.key)
    try:
        if stored is not None and answers(stored, asked):
            reply = read(stored.raw, asked)
            if retry_failed and swapped(tally.target, reply):
                tally.send(row, asked)
                return
            tally.cached += 1
            usage = reply.usage
            tally.calibrate(usage, guess(asked.messages, tally.target))
            tally.learn(usage, f"family {row.prompt.family}", f"slice {row.prompt.slice}")
            return
        gone = ledger.gave_up(asked.key, asked.max_tokens) is not None
    except Malformed:
        gone = True
    if gone and not retry_failed:
        tally.failed += 1
    else:
        tally.send(row, asked)


def estimate(tally: Tally, teacher: Teacher, run: RunDir, config: Config) -> Estimate:
    """What the query stage would take of one teacher."""
    target = tally.target
    basis, likely, low, high = tally.answers()
    share = tally.held_cached / tally.held_prompt if tally.held_prompt else None
    wall_s = None
    if tally.took_ms.n and not target.batch:
        wall_s = tally.took_ms.mean / 1000 * tally.calls / min(config.query.concurrency, max(1, tally.calls))
    known = teacher.budget_usd is not None or config.query.max_tokens_total is not None
    made = Estimate(
        stage="query",
        teacher=target.label,
        where=target.base_url or "simulated",
        terms=terms_said(teacher, run.root),
        prompts=tally.prompts,
        rows=tally.rows,
        cached=tally.cached,
        failed=tally.failed,
        calls=tally.calls,
        in_batches=tally.in_batches,
        prompt_tokens=tally.prompt_tokens,
        completion_tokens=likely,
        completion_tokens_low=low,
        completion_tokens_high=high,
        basis=basis,
        batch=target.batch,
        cached_share=share,
        wall_s=wall_s,
        spent_usd=tally.spent_usd if known and target.price is not None else None,
        budget_usd=teacher.budget_usd,
    )
    return made if target.price is None else priced(made, target.price, tally)


def priced(made: Estimate, price: Price, tally: Tally) -> Estimate:
    """The estimate with its cost: the least with the provider's cache as it was, the most without."""
    if not price.by_token:
        cost = None if made.wall_s is None else price.hours_usd(made.wall_s)
        return msgspec.structs.replace(made, cost_usd_low=cost, cost_usd_high=cost)
    flat, cached = (
        price.flat(made.prompt_tokens // max(1, made.calls)),
        round(made.prompt_tokens * (made.cached_share or 0)),
    )

    def ends(batch: bool) -> tuple[float, float]:
        least = Usage(
            prompt_tokens=made.prompt_tokens, completion_tokens=made.completion_tokens_low, cached_tokens=cached
        )
        most = Usage(prompt_tokens=made.prompt_tokens, completion_tokens=made.completion_tokens_high)
        found = flat.cost_usd(least, batch), flat.cost_usd(most, batch)
        return min(found), found[1]

    low, high = ends(made.batch)
    batch_low, batch_high = ends(True) if price.batch is not None else (None, None)
    limit, spent = made.budget_usd, tally.spent_usd
    return msgspec.structs.replace(
        made,
        cost_usd_low=low,
        cost_usd_high=high,
        batch_usd_low=batch_low,
        batch_usd_high=batch_high,
        budget="" if limit is None else verdict(limit, spent + low, spent + high, tally.worst_usd),
    )


def verdict(limit: float, low: float, high: float, last: float) -> str:
    """Whether a limit holds for what is spent in all; the worst case of the `last` call has to fit as well."""
    return "OK" if high + last <= limit else "may be reached" if low <= limit else "too low"


def told(found: Forecast) -> list[str]:
    """The forecast for people, a line each."""
    if found.imported:
        return ["nothing would be asked: the completions were imported"]
    lines = [line for one in found.estimates for line in lines_of(one)]
    if found.max_tokens_total is not None:
        lines.append(
            f"limit     {number(found.max_tokens_total)} tokens, {number(found.spent_tokens)} bought: {found.tokens}"
        )
    return lines


def lines_of(one: Estimate) -> list[str]:
    """One estimate for people."""
    likely = "" if one.completion_tokens is None else f" (about {number(one.completion_tokens)}, by {one.basis})"
    ways = " in batches" if one.batch else ""
    limit = (
        "" if one.budget_usd is None else f" ({usd(one.spent_usd)} spent, budget {usd(one.budget_usd)}: {one.budget})"
    )
    failed = f"   failed for good {number(one.failed)}" if one.failed else ""
    flying = f" ({number(one.in_batches)} of them in open batches)" if one.in_batches else ""
    lines = [
        f"{'judge  ' if one.stage == 'judge' else 'teacher'}   {one.teacher} @ {one.where}  (terms: {one.terms})",
        f"prompts   {number(one.prompts)}   rows {number(one.rows)}   cached {number(one.cached)}{failed}"
        f"   to send {number(one.calls)}{flying}",
        f"tokens    in {number(one.prompt_tokens)}   out {number(one.completion_tokens_low)} - "
        f"{number(one.completion_tokens_high)}{likely}",
        f"cost      {span(one.cost_usd_low, one.cost_usd_high)}{ways}{limit}",
    ]
    if one.batch_usd_low is not None and not one.batch:
        lines.append(f"          in batches {span(one.batch_usd_low, one.batch_usd_high)}")
    if one.cached_share:
        lines.append(f"          {one.cached_share:.0%} of the prompts' tokens came from the provider's cache so far")
    if one.calls and one.wall_s is not None and one.wall_s >= 1:
        lines.append(f"time      about {one.wall_s:,.0f} s, as fast as calls came back so far")
    return lines


def span(low: float | None, high: float | None) -> str:
    """A range of money; unknown if an end is."""
    if low is None or high is None:
        return "unknown"
    return usd(low) if low == high else f"{usd(low)} - {usd(high)}"
