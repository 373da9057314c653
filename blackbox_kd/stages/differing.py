"""`bbkd teacher-diff OLD NEW`: the same prompts to two models, before one replaces the other."""

import asyncio
from collections.abc import Sequence

import msgspec

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.jsonl import read_rows, text_digest
from blackbox_kd.records import Completion, Prompt
from blackbox_kd.run import PROMPTS, RunDir, require
from blackbox_kd.stages.buying import Row, asking, budget_usd, buy, held
from blackbox_kd.stages.evaluating.scoring import Scorer, scorers
from blackbox_kd.stages.keys import key_of
from blackbox_kd.stages.targets import target_of, terms_of
from blackbox_kd.stats import Interval, mcnemar_exact, minimum_detectable, paired_difference, rate_interval
from blackbox_kd.teachers.budget import Budget

REFUSED = ("refusal", "content_filter")
# What belongs to one provider: another one gets neither its address nor its key.
BOUND = ("base_url", "endpoints", "allow_http", "identity", "api_key_env", "api_key_file", "api", "extra", "terms")


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One model's answers; shares from 0 to 1, None where nothing is known."""

    model: str
    served: tuple[str, ...]  # names that the replies gave
    accuracy: float | None  # on the prompts that have a reference
    refused: float
    cut: float  # ended by length
    completion_tokens: float  # mean
    cost_usd: float | None  # of these answers


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Two models on the same prompts. `change` is new minus old accuracy, `agreement` new against old."""

    n: int
    unanswered: int
    old: Side
    new: Side
    agreement: float
    agreement_interval: Interval
    change: float | None
    change_interval: Interval | None
    mcnemar_p: float | None
    detectable: float | None  # the smallest difference in accuracy that so many prompts show with 80 % power
    differ: tuple[str, ...]  # ids of the first prompts that the two answer differently


def compare(run: RunDir, config: Config, old: str, new: str, count: int) -> Difference:
    """Ask both (through the ledger: what is held is free) for `count` prompts, always the same ones; then compare.

    Raises `UsageError` for models and settings that cannot be used, before anything is paid, and as the query stage
    does.
    """
    if old == new:
        raise UsageError(f"teacher-diff: both models are {old}", "Name two.")
    prompts = list(read_rows(require(run / PROMPTS, "prompts"), Prompt))
    chosen = sorted(prompts, key=lambda one: text_digest("diff", one.id))[:count]
    label, scorer = next(iter(scorers(config.evaluate.metrics, run.root).items()))
    if not scorer.compares_answers:
        raise UsageError(f"teacher-diff: {label} compares no two answers", "Put another first: [evaluate] metrics.")
    teachers = teacher_of(config, old), teacher_of(config, new)
    ready(run, msgspec.structs.replace(config, teacher=teachers))
    answers = [asyncio.run(asked(run, config, teacher, chosen)) for teacher in teachers]
    both = [prompt for prompt in chosen if all(prompt.id in side for side in answers)]
    if not both:
        raise InputError("teacher-diff: no prompt was answered by both", "See the notes above.")
    pairs = [(prompt, answers[0][prompt.id], answers[1][prompt.id]) for prompt in both]
    return difference(pairs, len(chosen) - len(both), scorer)


def ready(run: RunDir, config: Config) -> None:
    """Raise what would stop the second model before the first one is paid: no key, no terms, no price to a budget."""
    for teacher in config.teacher:
        if not config.query.offline:
            key_of(teacher, run)
        terms_of(teacher, run.root)
    Budget(budget_usd(config), tuple(target_of(teacher, run.root) for teacher in config.teacher))


async def asked(run: RunDir, config: Config, teacher: Teacher, prompts: list[Prompt]) -> dict[str, Completion]:
    """The answers of one model by prompt id, bought where the ledger does not hold them."""
    alone = msgspec.structs.replace(config, teacher=(teacher,))
    rows = [Row(prompt, 0) for prompt in prompts]
    async with asking(run, alone, lambda: prompts) as client:
        bought = await buy(rows, len(rows), client, run)
        found = [held(row, client.targets, client.ledger) for row in rows]
    if (one := bought.example) is not None:
        missing = bought.failed + bought.left
        run.progress.note(f"teacher-diff: {teacher.model}: {missing} not answered, such as {one.message} ({one.code})")
    return {one.prompt_id: one for one in found if one is not None}


def teacher_of(config: Config, model: str) -> Teacher:
    """The [teacher] of that model; else the first one, asked for that model at once. Raises `UsageError`.

    Where the provider is another one, it gets none of the settings that belong to the first one's.
    """
    if not config.teacher:
        raise UsageError("bbkd.toml has no [teacher]", "teacher-diff takes prompt and sampling from it.")
    for teacher in config.teacher:
        if teacher.model == model:
            return msgspec.structs.replace(teacher, batch=False)
    first = config.teacher[0]
    other = (*BOUND, "price") if model.partition("/")[0] != first.provider else ("price",)
    kept = {name: value for name, value in msgspec.to_builtins(first).items() if name not in other}
    try:
        return msgspec.convert({**kept, "model": model, "batch": False}, Teacher)
    except msgspec.ValidationError as error:
        raise UsageError(f"teacher-diff: {model}: {error}", "Write provider/model, as in [teacher] model.") from None


def difference(pairs: Sequence[tuple[Prompt, Completion, Completion]], unanswered: int, scorer: Scorer) -> Difference:
    """Two models' answers to the same prompts, compared with intervals that respect families."""
    families = [prompt.family for prompt, _, _ in pairs]
    agreement = [scorer.score(new.text, old.text) for _, old, new in pairs]
    gold = [(prompt, old, new) for prompt, old, new in pairs if prompt.reference is not None]
    scores = [
        (scorer.score(old.text, prompt.reference or ""), scorer.score(new.text, prompt.reference or ""))
        for prompt, old, new in gold
    ]
    changes = [new - old for old, new in scores]
    of_gold = [prompt.family for prompt, _, _ in gold]
    change = paired_difference([old for old, _ in scores], [new for _, new in scores], of_gold)
    bounds = None if change.low is None or change.high is None else Interval(change.low, change.high)
    old_right = sum(old for old, _ in scores) / len(scores) if scores else None
    return Difference(
        n=len(pairs),
        unanswered=unanswered,
        old=side([old for _, old, _ in pairs], [old for old, _ in scores]),
        new=side([new for _, _, new in pairs], [new for _, new in scores]),
        agreement=sum(agreement) / len(agreement),
        agreement_interval=rate_interval(agreement, families),
        change=sum(changes) / len(changes) if changes else None,
        change_interval=bounds,
        mcnemar_p=mcnemar_exact(sum(one < 0 for one in changes), sum(one > 0 for one in changes)) if changes else None,
        detectable=None if old_right is None else minimum_detectable(len(scores), old_right),
        differ=tuple(prompt.id for (prompt, _, _), same in zip(pairs, agreement, strict=True) if same < 1)[:10],
    )


def side(answers: Sequence[Completion], scores: Sequence[float]) -> Side:
    """What one model's answers add up to."""
    costs = [one.cost_usd for one in answers]
    known = [cost for cost in costs if cost is not None]
    return Side(
        model=answers[0].teacher,
        served=tuple(sorted({one.served_model for one in answers})),
        accuracy=sum(scores) / len(scores) if scores else None,
        refused=sum(one.finish_reason in REFUSED for one in answers) / len(answers),
        cut=sum(one.finish_reason == "length" for one in answers) / len(answers),
        completion_tokens=sum(one.usage.completion_tokens for one in answers) / len(answers),
        cost_usd=sum(known) if len(known) == len(costs) else None,
    )
