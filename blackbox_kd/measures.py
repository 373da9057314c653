"""What an evaluation found: the records of eval/metrics.json, which the report and the gate read.

Shares and scores go from 0 to 1, intervals are at 95 %, None is what is not known or does not apply.
"""

from typing import Literal

import msgspec

from blackbox_kd.records import Record

Reference = Literal["gold", "teacher", "none"]  # what the headline holds answers to; a format needs none


class Estimate(Record, frozen=True, kw_only=True):
    """A mean over n items that come from so many families; low and high are None where no interval can be given."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int
    families: int


class Part(Record, frozen=True, kw_only=True):
    """One arm over all items or over one slice: the headline metric against gold and against the teacher's answer.

    Of a metric that looks at an answer alone `accuracy` is the mean score, and there is no agreement.
    """

    accuracy: Estimate | None = None
    agreement: Estimate | None = None
    metrics: dict[str, Estimate] = msgspec.field(default_factory=dict)  # the further metrics, by label


class Likelihood(Record, frozen=True, kw_only=True):
    """How likely a model finds text, token-weighted over all of it: nats a token, and bits a UTF-8 byte."""

    nats_per_token: float
    bits_per_byte: float
    tokens: int


class Trained(Record, frozen=True, kw_only=True):
    """What it took to train an arm; FLOPs are 6 x parameters x tokens (Kaplan et al. 2020, arXiv 2001.08361)."""

    rows: int
    tokens: int
    train_s: float
    flops: float | None = None


class Arm(Record, frozen=True, kw_only=True):
    """One model that was measured."""

    name: str
    whole: Part
    slices: dict[str, Part] = msgspec.field(default_factory=dict)
    stopped: float | None = None  # share of the answers that ended by themselves
    looped: float | None = None  # share that ended in a loop
    length_ratio: float | None = None  # median of characters over the teacher's
    completion_tokens: float | None = None  # mean
    likelihood: Likelihood | None = None  # of the teacher's held-out answers
    trained: Trained | None = None


class Comparison(Record, frozen=True, kw_only=True):
    """Arm minus other arm on the same items; p is exact McNemar's, None where scores are not 0 or 1.

    `p_holm` is adjusted over the slices of one pair (Holm 1979); the whole has no slice and is not adjusted.
    """

    arm: str
    against: str
    slice: str = ""
    difference: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    n: int


class Gap(Record, frozen=True, kw_only=True):
    """Performance gap recovered by an arm, not clipped; `reference` says by what measure."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    undefined: str = ""
    reference: Reference


class Copied(Record, frozen=True, kw_only=True):
    """Items whose gold the teacher missed: how many of its mistakes the student copied, and how many it got right."""

    teacher_wrong: int
    copied: int
    student_right: int


class CurvePoint(Record, frozen=True, kw_only=True):
    """How an arm trained on so many rows scored on the headline metric."""

    arm: str
    rows: int
    score: Estimate


class Retention(Record, frozen=True, kw_only=True):
    """What was forgotten, on prompts that the training data does not cover.

    Likelihoods are of the untuned student's own answers to them, before and after; `kept` is how often the student
    still gives that very answer; base and student are accuracies where the set has references.
    """

    n: int
    before: Likelihood
    after: Likelihood
    kept: Estimate
    base: Estimate | None = None
    student: Estimate | None = None
    p: float | None = None  # exact McNemar's of those two


class CoveragePoint(Record, frozen=True, kw_only=True):
    """Accuracy when the student answers only the share of items that it is surest of, and the teacher the rest."""

    coverage: float
    accuracy: float
    student_accuracy: float | None = None  # on the items that it answers; None at coverage 0
    request_usd: float | None = None  # what a request then costs on average


class Economics(Record, frozen=True, kw_only=True):
    """Money and speed; times were taken on the machine that evaluated."""

    teacher_usd: float | None = None  # all that the run's completions cost
    teacher_request_usd: float | None = None  # of one request to the teacher, mean over the held-out prompts
    student_request_usd: float | None = None  # as the user states it
    points: float | None = None  # student minus untuned student, in percentage points
    usd_per_point: float | None = None
    break_even_requests: float | None = None  # after so many requests teacher_usd is saved; None: never, or not known
    latency_s: float | None = None  # median of single requests to the student
    tokens_per_second: float | None = None  # of the student, batched
    prompts_per_second: float | None = None


class Judged(Record, frozen=True, kw_only=True):
    """LLM-as-a-judge: the student's win rate against another arm, a tie being half a win.

    Each pair is judged in both orders, and is a tie where these disagree. `controlled` is the win rate at equal length
    (Dubois et al. 2024, arXiv 2404.04475); kappa is Cohen's, against human labels.
    """

    judge: str
    against: str
    n: int
    win_rate: float
    low: float | None = None
    high: float | None = None
    controlled: float | None = None
    controlled_low: float | None = None
    controlled_high: float | None = None
    ties: int
    order_disagreements: int
    unusable: int = 0  # replies without a verdict
    kappa: float | None = None
    kappa_low: float | None = None
    kappa_high: float | None = None
    labels: int = 0
    human_agreement: float | None = None  # share of equal labels
    base_rate: float | None = None  # share of the commonest human label
    cost_usd: float | None = None


class Measured(Record, frozen=True, kw_only=True):
    """eval/metrics.json: made of eval/items.jsonl, eval/predictions.jsonl and eval/facts.json alone, byte for byte."""

    schema: int  # 3
    metric: str  # label of the headline metric
    reference: Reference  # without gold, agreement with the teacher stands in for accuracy, unless neither is needed
    agreements: tuple[str, ...] = ()  # further metrics that, for want of gold, are of agreement with the teacher
    items: int = 0  # held-out prompts that were measured
    with_reference: int = 0  # of them
    student: str  # what was evaluated as "student"
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...] = ()
    gaps: dict[str, Gap] = msgspec.field(default_factory=dict)  # by arm; `student` is the one that the verdict is about
    self_agreement: Estimate | None = None  # of the teacher with its own second sample
    copied: Copied | None = None
    curve: tuple[CurvePoint, ...] = ()
    seeds: Estimate | None = None  # over trainings with several seeds: mean and t interval; n is their number
    retention: Retention | None = None
    coverage: tuple[CoveragePoint, ...] = ()
    economics: Economics | None = None
    judged: Judged | None = None
    minimum_detectable: float
    power: str = ""  # what so many items can show, in words
    max_new_tokens: int | None = None
    notes: tuple[str, ...] = ()


def arm_of(measured: Measured, name: str) -> Arm | None:
    """The arm of that name, or None where it was not measured."""
    return next((arm for arm in measured.arms if arm.name == name), None)


def headline(part: Part) -> Estimate | None:
    """Accuracy, or the rate by a metric that needs no gold; agreement with the teacher where there is neither."""
    return part.accuracy or part.agreement
