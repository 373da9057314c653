"""LLM-as-a-judge: pairs of answers in both orders, through the ledger, and what a judge made of each."""

import asyncio
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from blackbox_kd.config.judge import Judge
from blackbox_kd.config.whole import Config
from blackbox_kd.jsonl import read_rows, text_digest, write_rows
from blackbox_kd.records import Message, Prompt, Record
from blackbox_kd.run import JUDGEMENTS, RunDir
from blackbox_kd.stages.estimating import Estimate
from blackbox_kd.stages.evaluating.opinions import Opinion, forecast, judge_of, opinions_on
from blackbox_kd.stages.evaluating.rubrics import PAIRWISE, Verdict, filled, template, transcript, verdict_of
from blackbox_kd.stages.query import deciding, fewer_collections

Winner = Literal["student", "other", "tie"]
ORDERS = ("first", "second")  # the student is answer A, then answer B
AS_SEEN: tuple[dict[Verdict, Winner], ...] = (
    {"A": "student", "B": "other", "tie": "tie"},
    {"A": "other", "B": "student", "tie": "tie"},
)
NOT_DECIDING = ("rubric", "count", "labels")  # the rubric's text does, its path does not


class Pair(NamedTuple):
    """Two answers to one prompt; `reference` is the gold answer, where there is one."""

    id: str
    messages: tuple[Message, ...]
    student: str
    other: str
    reference: str | None = None


class Judgement(Record, frozen=True, kw_only=True):
    """What the judge made of a pair: in each order, and in all; None where a reply holds no verdict.

    `digest` is of prompt, texts, judge and rubric. The cost is None where the judge's price is unknown.
    """

    id: str  # the prompt's
    digest: str
    first: Winner | None = None  # the student's answer was A
    second: Winner | None = None  # it was B
    winner: Winner | None = None  # tie where the orders disagree
    student_chars: int
    other_chars: int
    cost_usd: float | None = None


def judge_pairs(run: RunDir, config: Config, pairs: Sequence[Pair]) -> list[Judgement]:
    """Judge `[judge] count` of the pairs and write eval/judgements.jsonl, sorted by id; nothing is bought twice.

    Raises `BudgetReached`, `ProviderRefused`, `ProviderUnavailable` or `Interrupted` as query does, `InputError` for a
    rubric that cannot serve; then nothing is written, and what was paid is in the ledger.
    """
    with fewer_collections():
        return asyncio.run(judge_in_loop(run, config, pairs))


async def judge_in_loop(run: RunDir, config: Config, pairs: Sequence[Pair]) -> list[Judgement]:
    """`judge_pairs`, inside a running loop."""
    judge = judge_of(config)
    picked, rubric = chosen(pairs, judge.count), rubric_of(judge, run)
    if not picked:
        run.progress.note(f"judge: no prompt has an answer of both student and {judge.against}")
        return []
    if any(one.name == judge.name for one in config.teacher):
        run.progress.note(
            f"judge: {judge.model} is the teacher's own model: models favour answers like their own "
            "(Panickssery et al. 2024, arXiv 2404.13076)"
        )
    opinions = await opinions_on(run, config, prompts_of(picked, rubric))
    made = [judgement(pair, digest_of(judge, rubric, pair), opinions) for pair in picked]
    cut = sum(one.cut for one in opinions.values())
    if lost := sum((one.first is None) + (one.second is None) for one in made):
        why = f", {cut} of them cut: raise [judge] sampling.max_tokens; only those are asked again" if cut else ""
        run.progress.note(f"judge: {lost} of {len(opinions)} replies hold no verdict{why}")
    write_rows(run / JUDGEMENTS, made)
    return made


def still_valid(run: RunDir, config: Config, pairs: Sequence[Pair]) -> list[Judgement]:
    """The judgements on file, if they are of exactly these texts by this judge and rubric; nothing is asked.

    All or none: the items on which a new student answers as the old one did are no fair sample.
    """
    path = run / JUDGEMENTS
    if config.judge is None or not path.exists():
        return []
    judge, rubric = config.judge, rubric_of(config.judge, run)
    digests = {pair.id: digest_of(judge, rubric, pair) for pair in chosen(pairs, judge.count)}
    found = list(read_rows(path, Judgement))
    if {one.id: one.digest for one in found} == digests:
        return found
    run.progress.note("judge: the judgements on file are of other answers, or by another judge: `--judge` asks anew")
    return []


def judge_estimate(run: RunDir, config: Config, pairs: Sequence[Pair]) -> Estimate:
    """What `judge_pairs` would ask and cost, from the ledger as it is. No network, no key, no change."""
    judge = judge_of(config)
    return forecast(run, config, prompts_of(chosen(pairs, judge.count), rubric_of(judge, run)))


def rubric_of(judge: Judge, run: RunDir) -> str:
    """The pairwise rubric's template; raises `InputError`."""
    return template(judge.rubric, run.root, PAIRWISE, ("prompt", "answer_a", "answer_b"), ("reference",))


def chosen(pairs: Sequence[Pair], most: int) -> list[Pair]:
    """At most so many pairs, chosen by the digest of their ids, sorted by id."""
    found = sorted(pairs, key=lambda pair: text_digest("judge", pair.id))[:most]
    return sorted(found, key=lambda pair: pair.id)


def prompts_of(pairs: Sequence[Pair], rubric: str) -> list[Prompt]:
    """The rubric filled in for each pair in both orders; none for a pair of equal texts."""
    found = []
    for pair in pairs:
        answers = (pair.student, pair.other)
        for order, (a, b) in zip(ORDERS, (answers, answers[::-1]), strict=True) if differs(pair) else ():
            texts = {"prompt": transcript(pair.messages), "answer_a": a, "answer_b": b, "reference": pair.reference}
            turn = Message(role="user", content=filled(rubric, texts))
            made = Prompt(id=named(pair, order), messages=(turn,), split="held_out", family="judge")
            found.append(made)  # held out: one sample, whatever [judge] sampling says
    return found


def named(pair: Pair, order: str) -> str:
    """The id of a pair's prompt to the judge."""
    return f"{pair.id}:{order}"


def differs(pair: Pair) -> bool:
    """Whether there is anything to judge."""
    return pair.student.strip() != pair.other.strip()


def digest_of(judge: Judge, rubric: str, pair: Pair) -> str:
    """Names prompt, texts, rubric and what of the judge decides on a verdict."""
    settings = {name: value for name, value in deciding(judge).items() if name not in NOT_DECIDING}
    gold = () if pair.reference is None else (pair.reference,)
    return text_digest(
        msgspec.json.encode(settings, order="sorted").decode(),
        *(rubric, transcript(pair.messages), pair.student, pair.other, *gold),
    )


def judgement(pair: Pair, digest: str, opinions: dict[str, Opinion]) -> Judgement:
    """A pair's two opinions as one: a tie where they disagree, none where one is missing."""
    first: Winner | None = "tie"
    second: Winner | None = "tie"
    cost_usd: float | None = 0.0
    if differs(pair):
        both = [opinions[named(pair, order)] for order in ORDERS]
        first, second = (seen(one.text, names) for one, names in zip(both, AS_SEEN, strict=True))
        costs = [one.cost_usd for one in both if one.cost_usd is not None]
        cost_usd = sum(costs) if len(costs) == len(both) else None
    usable_both = first is not None and second is not None
    return Judgement(
        id=pair.id,
        digest=digest,
        first=first,
        second=second,
        winner=None if not usable_both else first if first == second else "tie",
        student_chars=len(pair.student),
        other_chars=len(pair.other),
        cost_usd=cost_usd,
    )


def seen(reply: str | None, names: dict[Verdict, Winner]) -> Winner | None:
    """Whom a reply prefers, by who was A and who was B."""
    verdict = None if reply is None else verdict_of(reply)
    return None if verdict is None else names[verdict]
