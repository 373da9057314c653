"""What a report needs to know of a run; rates are shares from 0 to 1, and None is what is not known."""

import msgspec

from blackbox_kd.measures import Comparison, Estimate, Measured, arm_of, headline

SIGNIFICANT = 0.05
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


class Answers(ReportRecord, frozen=True, kw_only=True):
    """One held-out prompt with what each model answered; scores are those of the report's metric."""

    prompt_id: str
    student: str
    prompt: str | None = None
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
    student: str  # the base model, as it was trained; of a foreign one, what was evaluated
    teachers: tuple[str, ...]  # provider and model as served
    measured: Measured  # all that the evaluation found
    foreign: bool = False  # what was evaluated is not the run's own student
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
    examples: tuple[Answers, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    training: tuple[Fact, ...] = ()
    provenance: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()


def score_of(measured: Measured, arm: str) -> Estimate | None:
    """An arm's headline score over all held-out prompts: accuracy or validity, or agreement without any gold."""
    found = arm_of(measured, arm)
    if found is None:
        return None
    return headline(found.whole) if measured.reference == "teacher" else found.whole.accuracy


def compared(measured: Measured, arm: str, against: str, part: str = "") -> Comparison | None:
    """Arm minus other arm, over all prompts or in one slice, whichever way round it was measured."""
    for one in measured.comparisons:
        if (one.arm, one.against, one.slice) == (arm, against, part):
            return one
        if (one.against, one.arm, one.slice) == (arm, against, part):
            low, high = (None if end is None else 0.0 - end for end in (one.high, one.low))
            turned = {"arm": arm, "against": against, "difference": 0.0 - one.difference, "low": low, "high": high}
            return msgspec.structs.replace(one, **turned)
    return None


def told_apart(one: Comparison | None) -> int:
    """1 if the arm is measurably better, -1 if measurably worse, else 0; without an interval nothing is measurable.

    Both have to say so: the interval, which allows for families, and where there is one the exact test.
    """
    if one is None or one.low is None or one.high is None or (one.p is not None and one.p >= SIGNIFICANT):
        return 0
    return 1 if one.low > 0 else -1 if one.high < 0 else 0


def measure(measured: Measured) -> str:
    """What the headline is called."""
    return {"gold": "accuracy", "teacher": "agreement with the teacher", "none": "validity"}[measured.reference]


def cost_usd(data: ReportData) -> float | None:
    """The cost of all stages; None as soon as the cost of one is unknown."""
    costs = [stage.cost_usd for stage in data.usage]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
