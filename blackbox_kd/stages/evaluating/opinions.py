"""Asks a judge as a teacher is asked: through the ledger, within its budget, under its terms; and nothing twice."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from blackbox_kd.config.judge import Judge
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import BbkdError, UsageError
from blackbox_kd.records import Prompt
from blackbox_kd.run import Progress, RunDir
from blackbox_kd.stages.batching import buy_batches
from blackbox_kd.stages.buying import asked_of, asking, buy, ledger_path, rows_of
from blackbox_kd.stages.estimating import Estimate, count, estimate
from blackbox_kd.stages.query import unfinished
from blackbox_kd.stages.tallying import Tally, recent
from blackbox_kd.stages.targets import target_of
from blackbox_kd.teachers.budget import taken
from blackbox_kd.teachers.client import TeacherClient
from blackbox_kd.teachers.ledger import open_ledger
from blackbox_kd.teachers.request import Asked, usable
from blackbox_kd.teachers.served import swapped
from blackbox_kd.teachers.wire import Malformed

WORDS = (  # what is said of a teacher, said of the judge
    (re.compile(r", or --ack-terms .*"), ""),
    (re.compile(r"\[teacher\]"), "[judge]"),
    (re.compile(r"(?<![\w/.-])teacher\.(?=[a-z])"), "judge."),
    (re.compile(r"^query\b"), "judge"),
    (re.compile(r"\bthe teacher is\b"), "the judge is"),
)


class Opinion(NamedTuple):
    """The judge's reply to one prompt: None where it can't be read or was cut at the token limit; and its cost."""

    text: str | None
    cost_usd: float | None
    cut: bool = False


def judge_of(config: Config) -> Judge:
    """The judge; raises `UsageError` if there is none."""
    if config.judge is None:
        raise UsageError("bbkd.toml has no [judge]", 'Add one: [judge] model = "openai/..."')
    return config.judge


async def opinions_on(run: RunDir, config: Config, prompts: Sequence[Prompt]) -> dict[str, Opinion]:
    """The judge's reply to each prompt by its id, asked once; raises as query does for the whole run.

    Rows that a later run may get end it with `ProviderUnavailable`; what was paid is in the ledger.
    """
    if not prompts:
        return {}
    judging = RunDir(run.path, run.root, Judging(run.progress))
    with worded():
        async with asking(judging, as_teacher(config), lambda: prompts) as client:
            rows = list(rows_of(prompts, client.targets))
            batched = await buy_batches(lambda: rows, len(rows), client, judging, client.patience.poll_s)
            bought = await buy(rows, len(rows), client, judging)
            counted: set[str] = set()
            opinions = {row.prompt.id: opinion(asked_of(row, client.targets), client, counted) for row in rows}
    found = {name: one for name, one in opinions.items() if one is not None}
    if left := len(opinions) - len(found):
        raise unfinished(left, len(opinions), batched.example or bought.example, len(found), config.query.offline)
    return found


def opinion(asked: Asked, client: TeacherClient, counted: set[str]) -> Opinion | None:
    """What the ledger holds on a request; None where a later run may get it. `counted`: those whose cost was told."""
    history, price, reply = client.ledger.history(asked.key), asked.target.price, None
    cost_usd = None
    if price is not None and price.by_token:
        paid = [] if asked.key in counted else history.paid
        cost_usd = sum(taken(asked, one).usd for one in paid)
    counted.add(asked.key)
    try:
        reply = usable(history.stored, asked)
    except Malformed:
        return Opinion(None, cost_usd)
    if reply is None:
        gone = client.ledger.gave_up(asked.key, asked.max_tokens) is not None
        return Opinion(None, cost_usd) if gone else None
    cut = reply.finish_reason == "length"  # its last line may be any line
    return Opinion(None if cut or swapped(asked.target, reply) else reply.text, cost_usd, cut)


def forecast(run: RunDir, config: Config, prompts: Sequence[Prompt]) -> Estimate:
    """What `opinions_on` would ask and cost, from the ledger as it is. No network, no key, no change."""
    judge, settings = judge_of(config), as_teacher(config)
    with worded():
        tally = Tally(target_of(judge, run.root))
        with open_ledger(ledger_path(run.root), read_only=True, warn=run.progress.note) as ledger:
            count({judge.model: tally}, prompts, ledger, settings)
            recent(tally, ledger)
        return msgspec.structs.replace(estimate(tally, judge, run, settings), stage="judge")


def as_teacher(config: Config) -> Config:
    """The settings with the judge as the only one to ask."""
    return msgspec.structs.replace(config, teacher=(judge_of(config),))


class Judging:
    """Progress of asking, said of the judge."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def start(self, label: str, total: int) -> None:
        """Begin counting towards `total`."""
        self._progress.start(said(label), total)

    def advance(self, status: str = "", steps: int = 1) -> None:
        """Count `steps` more."""
        self._progress.advance(status, steps)

    def finish(self) -> None:
        """End the count."""
        self._progress.finish()

    def note(self, text: str) -> None:
        """Say one line."""
        self._progress.note(said(text))


@contextmanager
def worded() -> Iterator[None]:
    """Errors about a teacher's settings name the judge's instead."""
    try:
        yield
    except BbkdError as error:
        error.message, error.fix = said(error.message), said(error.fix)
        raise


def said(text: str) -> str:
    """What is said of a teacher, said of the judge."""
    for pattern, words in WORDS:
        text = pattern.sub(words, text)
    return text
