"""What a report needs to know of a run; rates are shares from 0 to 1, and None is what is not known."""

import msgspec

from blackbox_kd.stats import Interval, Pgr

FEW_ITEMS = 100  # below this, a verdict says how little so few prompts can show


class ReportRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the report's records: immutable and strict."""


class Fact(ReportRecord, frozen=True, kw_only=True):
    """A line of a two-column list; a value of several lines is shown as a block."""

    key: str
    value: str


class Count(ReportRecord, frozen=True, kw_only=True):
    """One step of the funnel; `lost` marks rows that went no further (failed, rejected)."""

    name: str
    count: int
    lost: bool = False


CLEAN = "nothing (clean)"  # the kind of answers in which nothing was planted: to reject those is a false alarm


class NoiseRecall(ReportRecord, frozen=True, kw_only=True):
    """How many of the answers with one kind of planted fault, or of the `CLEAN` ones, were rejected."""

    kind: str
    planted: int
    rejected: int


class StageUsage(ReportRecord, frozen=True, kw_only=True):
    """Tokens and cost of one stage; `cost_usd` is None where a price is unknown.

    `failed` counts rows that failed for good, `ambiguous` requests whose reply was lost and that were sent again.
    """

    stage: str
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None = None
    failed: int = 0
    ambiguous: int = 0
    bought_usd: float | None = None  # of the cost, what the last run paid


class LossPoint(ReportRecord, frozen=True, kw_only=True):
    """Loss in nats a completion token, after `step` optimizer steps."""

    step: int
    loss: float


class Score(ReportRecord, frozen=True, kw_only=True):
    """One model (base, base_full_prompt, student, teacher) on one metric, over all prompts or over one slice.

    `value` needs references and `agreement` is with the teacher's answers; both with their 95 % intervals.
    """

    model: str
    n: int
    families: int = 0  # of the n prompts; 0 where it is not known
    metric: str = "exact_match"
    slice: str = ""
    value: float | None = None
    interval: Interval | None = None
    agreement: float | None = None
    agreement_interval: Interval | None = None


class Answers(ReportRecord, frozen=True, kw_only=True):
    """One held-out prompt with what each model answered; scores are those of the report's metric."""

    prompt_id: str
    prompt: str
    student: str
    base: str | None = None
    teacher: str | None = None
    reference: str | None = None
    slice: str = ""
    student_score: float | None = None
    base_score: float | None = None
    teacher_score: float | None = None


class RejectedRow(ReportRecord, frozen=True, kw_only=True):
    """A completion that was rejected, and the text that speaks against it."""

    id: str
    reason: str
    evidence: str


class ReportData(ReportRecord, frozen=True, kw_only=True):
    """All that report.html, report.md and the model card are made of: the same data, the same bytes."""

    run: str
    date: str  # as the card shows it: 2026-11-30
    seed: int
    simulated: bool
    task: str  # one of ours; empty for any other
    version: str  # of bbkd, as it trained
    student: str  # the base model, as it was trained
    teachers: tuple[str, ...]  # provider and model as served
    metric: str = "exact_match"  # the one that verdict, gap and examples are about
    student_system: str = ""
    dataset_sha256: str = ""
    terms: str = ""  # the acknowledgement, as written in bbkd.toml
    notices: tuple[str, ...] = ()  # what terms and licences of the teachers say
    licence: str = ""  # of the student, as the user states it
    funnel: tuple[Count, ...] = ()
    noise: tuple[NoiseRecall, ...] = ()
    usage: tuple[StageUsage, ...] = ()
    loss: tuple[LossPoint, ...] = ()
    validation_nll: float | None = None  # nats a completion token, of the finished student
    scores: tuple[Score, ...] = ()
    pgr: Pgr | None = None
    pgr_of_agreement: bool = False  # without references the gap is one of agreement with the teacher
    mcnemar_p: float | None = None  # student against base
    minimum_detectable: float | None = None
    examples: tuple[Answers, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    training: tuple[Fact, ...] = ()
    provenance: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()


def score_of(data: ReportData, model: str) -> Score | None:
    """A model's score on the report's metric over all held-out prompts, or None where it was not evaluated."""
    found = (s for s in data.scores if (s.model, s.metric, s.slice) == (model, data.metric, ""))
    return next((score for score in found if score.n), None)


def cost_usd(data: ReportData) -> float | None:
    """The cost of all stages; None as soon as the cost of one is unknown."""
    costs = [stage.cost_usd for stage in data.usage]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def rate_of(score: Score) -> tuple[float | None, Interval | None]:
    """What the score says of its model: accuracy where there are references, else agreement with the teacher."""
    if score.value is not None:
        return score.value, score.interval
    return score.agreement, score.agreement_interval
