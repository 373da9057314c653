from typing import Any

import pytest

from blackbox_kd.measures import (
    Arm,
    Comparison,
    Copied,
    CoveragePoint,
    CurvePoint,
    Economics,
    Estimate,
    Gap,
    Judged,
    Likelihood,
    Measured,
    Part,
    Retention,
    Trained,
)
from blackbox_kd.report.data import (
    CLEAN,
    Answers,
    Count,
    Fact,
    LossPoint,
    NoiseRecall,
    RejectedRow,
    ReportData,
    StageUsage,
)


def share(value: float, low: float, high: float, n: int = 120, families: int = 40) -> Estimate:
    """An estimate over the 120 held-out prompts."""
    return Estimate(value=value, low=low, high=high, n=n, families=families)


def arm(name: str, accuracy: Estimate, agreement: Estimate | None = None, by_slice: float = 0.0, **more: Any) -> Arm:
    """An arm with a score in each of two slices, so far apart."""
    whole = Part(accuracy=accuracy, agreement=agreement, metrics=more.pop("metrics", {}))
    slices = {
        part: Part(accuracy=share(value, max(0.0, value - 0.05), min(1.0, value + 0.05), n=60, families=20))
        for part, value in (("far from training", accuracy.value - by_slice), ("near training", accuracy.value))
    }
    return Arm(name=name, whole=whole, slices=slices, **more)


def minus(arm: str, against: str, difference: float, half: float, p: float | None = 1e-9, **more: Any) -> Comparison:
    """One arm less another, give or take half an interval."""
    low, high = difference - half, difference + half
    return Comparison(arm=arm, against=against, difference=difference, low=low, high=high, p=p, **{"n": 120, **more})


ARMS = (
    arm(
        "base", share(0.0167, 0.0046, 0.0587), share(0.0167, 0.0046, 0.0587), stopped=0.4, looped=0.31, length_ratio=3.1
    ),
    arm("base_full_prompt", share(0.1167, 0.0708, 0.1862), share(0.1167, 0.0708, 0.1862)),
    arm("base_few_shot", share(0.15, 0.1, 0.22), share(0.14, 0.09, 0.21)),
    arm("shuffled", share(0.025, 0.008, 0.07), share(0.025, 0.008, 0.07)),
    arm(
        "gold", share(0.8, 0.72, 0.86), share(0.77, 0.69, 0.84), trained=Trained(rows=300, tokens=24_000, train_s=71.0)
    ),
    arm("1/4", share(0.6, 0.51, 0.68), share(0.59, 0.5, 0.67), trained=Trained(rows=95, tokens=7_760, train_s=24.0)),
    arm(
        "1/2", share(0.76, 0.68, 0.83), share(0.74, 0.66, 0.81), trained=Trained(rows=190, tokens=15_520, train_s=48.0)
    ),
    arm("seed:2", share(0.76, 0.68, 0.83), share(0.75, 0.67, 0.82)),
    arm(
        "student",
        share(0.7833, 0.7015, 0.8476),
        share(0.7667, 0.6833, 0.8334),
        by_slice=0.1,
        metrics={"json_fields": share(0.91, 0.88, 0.94)},
        stopped=0.9917,
        looped=0.0,
        length_ratio=1.01,
        completion_tokens=31.25,
        likelihood=Likelihood(nats_per_token=0.4321, bits_per_byte=0.2109, tokens=3720),
        trained=Trained(rows=380, tokens=31_040, train_s=95.2, flops=2.51e13),
    ),
    arm("teacher", share(0.9583, 0.9058, 0.982), stopped=1.0, metrics={"json_fields": share(0.98, 0.95, 0.99)}),
)
COMPARISONS = (
    minus("student", "base", 0.7667, 0.07),
    minus("student", "base_full_prompt", 0.6667, 0.09),
    minus("student", "base_few_shot", 0.6333, 0.09),
    minus("student", "shuffled", 0.7583, 0.07),
    minus("student", "gold", -0.0167, 0.05, p=0.7),
    minus("student", "1/4", 0.1833, 0.08),
    minus("student", "1/2", 0.0233, 0.05, p=0.6),
    minus("student", "teacher", -0.175, 0.07),
    minus("shuffled", "base", 0.0083, 0.02, p=1.0),
    minus("1/2", "base", 0.7433, 0.07),
    *(
        minus("student", against, difference, 0.1, p=0.01, p_holm=0.02, slice=part, n=60)
        for against, difference in (("base", 0.7), ("teacher", -0.17))
        for part in ("far from training", "near training")
    ),
)


@pytest.fixture(scope="session")
def measured() -> Measured:
    """Everything that an evaluation can find."""
    student = ARMS[-2]
    assert student.trained
    return Measured(
        schema=3,
        metric="exact_match",
        reference="gold",
        items=120,
        with_reference=120,
        student="run's own",
        arms=ARMS,
        comparisons=COMPARISONS,
        gaps={"student": Gap(value=0.8142, low=0.7232, high=0.8842, reference="gold")},
        self_agreement=share(0.93, 0.87, 0.97),
        copied=Copied(teacher_wrong=5, copied=3, student_right=1),
        curve=(
            CurvePoint(arm="1/4", rows=95, score=share(0.6, 0.51, 0.68)),
            CurvePoint(arm="1/2", rows=190, score=share(0.76, 0.68, 0.83)),
            CurvePoint(arm="student", rows=380, score=share(0.7833, 0.7015, 0.8476)),
        ),
        seeds=share(0.7717, 0.623, 0.9204, n=2),
        retention=Retention(
            n=40,
            before=Likelihood(nats_per_token=0.31, bits_per_byte=0.11, tokens=2400),
            after=Likelihood(nats_per_token=1.42, bits_per_byte=0.52, tokens=2400),
            kept=share(0.05, 0.01, 0.17, n=40),
            base=share(0.55, 0.39, 0.7, n=40),
            student=share(0.4, 0.26, 0.56, n=40),
            p=0.07,
        ),
        coverage=(
            CoveragePoint(coverage=0.0, accuracy=0.9583, request_usd=0.0028),
            CoveragePoint(coverage=0.5, accuracy=0.95, student_accuracy=0.94, request_usd=0.0015),
            CoveragePoint(coverage=1.0, accuracy=0.7833, student_accuracy=0.7833, request_usd=0.0001),
        ),
        economics=Economics(
            teacher_usd=1.7024,
            teacher_request_usd=0.0028,
            student_request_usd=0.0001,
            points=76.67,
            usd_per_point=0.0222,
            break_even_requests=630.5,
            latency_s=0.41,
            tokens_per_second=121.5,
            prompts_per_second=4.2,
        ),
        judged=Judged(
            judge="openai/judge-1",
            against="teacher",
            n=100,
            win_rate=0.42,
            low=0.34,
            high=0.5,
            controlled=0.45,
            controlled_low=0.36,
            controlled_high=0.54,
            ties=30,
            order_disagreements=12,
            unusable=1,
            kappa=0.61,
            kappa_low=0.44,
            kappa_high=0.78,
            labels=50,
            human_agreement=0.78,
            base_rate=0.56,
            cost_usd=0.42,
        ),
        minimum_detectable=0.0742,
        power="120 prompts can show a difference of 8 points, not of 4",
        max_new_tokens=64,
    )


@pytest.fixture(scope="session")
def data(measured: Measured) -> ReportData:
    """A whole run of the ticket task with a simulated teacher."""
    return ReportData(
        run="tickets-1",
        date="2026-11-30",
        seed=17,
        simulated=True,
        task="tickets",
        version="0.1.0",
        student="HuggingFaceTB/SmolLM2-135M-Instruct",
        teachers=("openai/sim-large",),
        student_system="Extract the ticket as JSON.",
        dataset_sha256="9f2c" * 16,
        terms="simulated-2026-11-30, basis: no provider is involved",
        funnel=(
            Count(name="prompts", count=620),
            Count(name="asked", count=620),
            Count(name="replied", count=612),
            Count(name="failed", count=8, lost=True),
            Count(name="train completions", count=492),
            Count(name="rejected: truncated", count=21, lost=True),
            Count(name="rejected: refusal", count=14, lost=True),
            Count(name="rejected: schema", count=37, lost=True),
            Count(name="dataset train", count=380),
            Count(name="dataset validation", count=40),
        ),
        noise=(
            NoiseRecall(kind="truncated", planted=21, rejected=21),
            NoiseRecall(kind="wrong value", planted=19, rejected=3),
            NoiseRecall(kind="prompt echoed", planted=0, rejected=0),
            NoiseRecall(kind=CLEAN, planted=400, rejected=2),
        ),
        usage=(
            StageUsage(
                stage="query",
                requests=620,
                prompt_tokens=412_300,
                completion_tokens=31_040,
                cost_usd=1.7024,
                failed=8,
                ambiguous=1,
                bought_usd=0.25,
            ),
            StageUsage(stage="judge", requests=40, prompt_tokens=9_210, completion_tokens=400, cost_usd=0.00412),
        ),
        loss=tuple(LossPoint(step=5 * i, loss=round(0.2 + 2.1 / (1 + i), 4)) for i in range(1, 30)),
        validation_nll=0.49321,
        measured=measured,
        examples=(
            Answers(
                prompt_id="t-0007",
                slice="several items",
                prompt="From: Ana\nTwo printers on floor 3 are down since Monday, please hurry.",
                reference='{"queue": "hardware", "items": 2, "urgent": true}',
                teacher='{"queue": "hardware", "items": 2, "urgent": true}',
                base="Sure! Here is the ticket: The printers are down.",
                student='{"queue":"hardware","items":2,"urgent":true}',
                student_score=1.0,
                base_score=0.0,
                teacher_score=1.0,
            ),
            Answers(
                prompt_id="t-0011",
                prompt="My password expired.",
                reference='{"queue": "accounts", "items": 1, "urgent": false}',
                base="I am sorry to hear that.",
                student='{"queue": "hardware", "items": 1, "urgent": false}',
                student_score=0.0,
                base_score=0.0,
            ),
        ),
        rejected=(
            RejectedRow(
                id="t-0100#0", reason="refusal: starts with a refusal", evidence="I'm sorry, but I can't help."
            ),
        ),
        training=(Fact(key="Method", value="full fine-tuning, 3 epochs"), Fact(key="Learning rate", value="0.0005")),
        provenance=(
            Fact(key="bbkd", value="0.1.0"),
            Fact(key="prompts.jsonl sha256", value="ab" * 32),
            Fact(key="[train]", value='student = "HuggingFaceTB/SmolLM2-135M-Instruct"\nepochs = 3\n'),
        ),
        warnings=("The teacher answered 5 of 120 held-out prompts wrongly.",),
    )


@pytest.fixture(scope="session")
def bare() -> ReportData:
    """A run of which nothing is known but its name."""
    return ReportData(
        run="empty",
        date="2026-11-30",
        seed=0,
        simulated=False,
        task="own",
        version="0.1.0",
        student="./here",
        teachers=(),
        measured=Measured(
            schema=3, metric="exact_match", reference="gold", student="", arms=(), minimum_detectable=1.0
        ),
    )
