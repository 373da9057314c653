import pytest

from blackbox_kd.report.data import (
    CLEAN,
    Answers,
    Count,
    Fact,
    LossPoint,
    NoiseRecall,
    RejectedRow,
    ReportData,
    Score,
    StageUsage,
)
from blackbox_kd.stats import Interval, Pgr


@pytest.fixture(scope="session")
def data() -> ReportData:
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
        scores=(
            Score(model="teacher", n=120, value=115 / 120, interval=Interval(0.9058, 0.982)),
            Score(
                model="base",
                n=120,
                value=2 / 120,
                interval=Interval(0.0046, 0.0587),
                agreement=2 / 120,
                agreement_interval=Interval(0.0046, 0.0587),
            ),
            Score(
                model="base_full_prompt",
                n=120,
                value=14 / 120,
                interval=Interval(0.0708, 0.1862),
                agreement=14 / 120,
                agreement_interval=Interval(0.0708, 0.1862),
            ),
            Score(
                model="student",
                n=120,
                families=40,
                value=94 / 120,
                interval=Interval(0.7015, 0.8476),
                agreement=92 / 120,
                agreement_interval=Interval(0.6833, 0.8334),
            ),
            *(
                Score(model=m, n=60, slice=s, value=v, interval=Interval(v - 0.1, min(1.0, v + 0.05)))
                for s, shift in (("one item", 0.02), ("several items", -0.02))
                for m, v in (("base", 0.12), ("student", 0.78 + shift), ("teacher", 0.94 + shift))
            ),
        ),
        pgr=Pgr(value=0.8142, low=0.7232, high=0.8842),
        mcnemar_p=3e-24,
        minimum_detectable=0.0742,
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
    )
