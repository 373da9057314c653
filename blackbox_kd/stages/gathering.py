"""What the files of a run say, as a report shows it."""

import itertools
import json
import platform
from collections import Counter

from blackbox_kd import __version__
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_json, read_rows
from blackbox_kd.measures import Measured, arm_of
from blackbox_kd.records import Completion, Item, Json, Prediction, Prompt, Rejection
from blackbox_kd.report.data import (
    CLEAN,
    Answers,
    Count,
    Fact,
    LossPoint,
    NoiseRecall,
    RejectedRow,
    StageUsage,
)
from blackbox_kd.report.words import percent
from blackbox_kd.run import (
    COMPLETIONS,
    FACTS,
    ITEMS,
    PLANTED,
    PREDICTIONS,
    PROMPTS,
    REJECTED,
    TRAINING_LOG,
    Manifest,
    RunDir,
    flatten,
    require,
)
from blackbox_kd.stages.answering import Planted
from blackbox_kd.stages.evaluating import measuring
from blackbox_kd.stages.evaluating.evidence import Facts

EVIDENCE_CHARS = 160
AGAIN = "Run `bbkd evaluate` again; it writes this file."


def measured(run: RunDir) -> Measured:
    """What the evaluation found, made again of items, predictions and facts, so that nothing else can be told.

    Raises `InputError` for a file that an older bbkd wrote, or that was damaged.
    """
    items, predictions, facts = (require(run / name, "evaluate") for name in (ITEMS, PREDICTIONS, FACTS))
    try:
        rows = list(read_rows(items, Item)), read_rows(predictions, Prediction)
        return measuring.measured(*rows, read_json(facts, Facts))
    except InputError as error:
        raise InputError(error.message, AGAIN) from None


def funnel(manifests: dict[str, Manifest]) -> tuple[Count, ...]:
    """From prompts to rows, with what was lost on the way; empty where another student was evaluated without."""
    imported = manifests.get("import")
    if "filter" not in manifests or not (imported or {"prompts", "query"} <= manifests.keys()):
        return ()
    first, kept = (imported or manifests["query"]).counts, manifests["filter"].counts
    prompts = int((imported or manifests["prompts"]).counts["prompts"])
    steps = [Count(name="prompts", count=prompts)]
    if "rows" in first:
        asked = int(first["rows"])
        several = f" ({asked / prompts:.3g} samples a prompt)" if asked > prompts > 0 else ""
        steps.append(Count(name=f"asked{several}", count=asked))
        steps.append(Count(name="failed", count=int(first["failed"]), lost=True))
    steps.append(Count(name="replied", count=int(first["completions"])))
    steps.append(Count(name="held out", count=int(kept["held_out"])))
    steps.append(Count(name="train completions", count=int(kept["completions"])))
    reasons = Counter({key.removeprefix("rejected."): int(n) for key, n in kept.items() if key.startswith("rejected.")})
    steps += [Count(name=f"rejected {reason}", count=count, lost=True) for reason, count in reasons.most_common()]
    steps.append(Count(name="dataset validation", count=int(kept["validation_rows"])))
    steps.append(Count(name="dataset train", count=int(kept["train_rows"])))
    return tuple(step for step in steps if step.count or not step.lost)


def noise(run: RunDir) -> tuple[NoiseRecall, ...]:
    """How much of what a simulated teacher planted in the train completions was rejected; the filter never saw this."""
    if not (run / PLANTED).exists():
        return ()
    kinds = {one.id: CLEAN if one.kind == "ok" else one.kind for one in read_rows(run / PLANTED, Planted)}
    train = {one.id for one in read_rows(run / COMPLETIONS, Completion) if one.split == "train"}
    rejections = {one.id for one in read_rows(run / REJECTED, Rejection)}
    planted = Counter(kind for name, kind in kinds.items() if name in train)
    caught = Counter(kind for name, kind in kinds.items() if name in rejections)
    return tuple(NoiseRecall(kind=kind, planted=planted[kind], rejected=caught[kind]) for kind in sorted(planted))


def usage(manifests: dict[str, Manifest]) -> tuple[StageUsage, ...]:
    """Tokens and money of the paid stage; the cost is None where a reply has no price."""
    query = manifests.get("query")
    if query is None:
        return ()
    counts = query.counts
    return (
        StageUsage(
            stage="query",
            requests=int(counts["completions"]),
            prompt_tokens=int(counts["prompt_tokens"]),
            completion_tokens=int(counts["completion_tokens"]),
            cost_usd=counts.get("cost_usd"),
            failed=int(counts.get("failed", 0)),
            ambiguous=int(counts.get("ambiguous", 0)),
            bought_usd=counts.get("bought_usd"),
        ),
    )


def losses(run: RunDir) -> tuple[LossPoint, ...]:
    """The training loss by step."""
    if not (run / TRAINING_LOG).exists():
        return ()
    rows = read_rows(run / TRAINING_LOG, dict[str, float])
    return tuple(LossPoint(step=int(row["step"]), loss=row["loss"]) for row in rows)


def number(value: Json) -> float | None:
    """The value if it is a number."""
    return float(value) if isinstance(value, int | float) else None


def examples(run: RunDir, metric: str, count: int) -> tuple[Answers, ...]:
    """Held-out prompts with all answers: right and wrong ones of the student in turn, to hide neither.

    Where the metric lacks a reference, a score is that of agreement with the teacher, which then has none itself.
    """
    items = {one.id: one for one in read_rows(require(run / ITEMS, "evaluate"), Item) if not one.retention}
    by_item: dict[str, dict[str, Prediction]] = {}
    for one in read_rows(require(run / PREDICTIONS, "evaluate"), Prediction):
        if one.prompt_id in items:
            by_item.setdefault(one.prompt_id, {})[one.model] = one
    answered = {name: found for name, found in by_item.items() if "student" in found}
    right = [name for name, found in answered.items() if value(found["student"], metric) == 1.0]
    wrong = [name for name in answered if name not in set(right)]
    mixed = [name for pair in itertools.zip_longest(right, wrong) for name in pair if name is not None][:count]
    prompts = asked(run, set(mixed))
    return tuple(example(items[name], prompts.get(name), answered[name], metric) for name in mixed)


def asked(run: RunDir, names: set[str]) -> dict[str, Prompt]:
    """The prompts of these names, as far as the run has them: logged answers bring their own."""
    if not (run / PROMPTS).exists():
        return {}
    return {one.id: one for one in read_rows(run / PROMPTS, Prompt) if one.id in names}


def example(item: Item, prompt: Prompt | None, found: dict[str, Prediction], metric: str) -> Answers:
    """One held-out prompt; an arm that did not answer it is left open."""
    base, teacher = found.get("base"), found.get("teacher")
    return Answers(
        prompt_id=item.id,
        prompt=prompt.messages[-1].content if prompt else None,
        reference=item.reference,
        slice=", ".join(item.slices),
        teacher=teacher.text if teacher else None,
        base=base.text if base else None,
        student=found["student"].text,
        teacher_score=teacher.scores.get(metric) if teacher else None,
        base_score=value(base, metric) if base else None,
        student_score=value(found["student"], metric),
    )


def value(one: Prediction, metric: str) -> float | None:
    """The score on the report's metric, else the agreement with the teacher."""
    return one.scores.get(metric, one.agreements.get(metric))


def rejected(run: RunDir, count: int) -> tuple[RejectedRow, ...]:
    """Rejections with their evidence, one of each reason before the second of any."""
    if not (run / REJECTED).exists():
        return ()
    by_reason: dict[str, list[Rejection]] = {}
    for one in read_rows(run / REJECTED, Rejection):
        by_reason.setdefault(one.reason, []).append(one)
    rounds = itertools.zip_longest(*by_reason.values())
    chosen = [one for group in rounds for one in group if one is not None][:count]
    return tuple(RejectedRow(id=one.id, reason=one.reason, evidence=evidence(one)) for one in chosen)


def evidence(one: Rejection) -> str:
    """The words that speak against a completion, else how it begins."""
    span, text = one.verdicts[0].span, one.completion.text
    return text[span[0] : span[1]] if span else text[:EVIDENCE_CHARS]


def training(trained: dict[str, Json]) -> tuple[Fact, ...]:
    """What training.json says, but for what it leaves open."""
    return tuple(Fact(key=key, value=plain(value)) for key, value in trained.items() if value not in (None, ""))


def provenance(manifests: dict[str, Manifest]) -> tuple[Fact, ...]:
    """Versions, hashes and settings as they were: what it takes to make the same student again."""
    facts = [Fact(key="bbkd (report)", value=__version__), Fact(key="python (report)", value=platform.python_version())]
    trained = manifests["train"].recorded if "train" in manifests else {}
    facts += [Fact(key=f"{key} (train)", value=plain(value)) for key, value in trained.items()]
    for name, one in manifests.items():
        facts.append(Fact(key=f"{name} finished", value=one.finished))
        facts += [Fact(key=f"sha256 {file}", value=sha256) for file, sha256 in one.writes.items()]
    for name, one in manifests.items():
        more = {} if name == "train" else flatten({key: value for key, value in one.recorded.items() if key != "bbkd"})
        lines = [f"{key} = {as_json(value)}" for key, value in {**one.settings, **more}.items()]
        if lines:
            facts.append(Fact(key=f"settings: {name}", value="\n".join(lines)))
    return tuple(facts)


def plain(value: Json) -> str:
    """A value for people, whole: a float to 4 significant digits."""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return value if isinstance(value, str) else as_json(value)


def as_json(value: Json) -> str:
    """A value on one line, exact and whole."""
    return json.dumps(value, ensure_ascii=False)


def warnings(found: Measured) -> tuple[str, ...]:
    """What a reader has to know of the numbers before believing them."""
    told = list(found.notes)
    if found.reference == "teacher":
        told.append("No prompt has a reference: what is measured is agreement with the teacher, not accuracy.")
    if found.reference == "none":
        told.append(f"{found.metric} looks at an answer alone: what is measured is whether it is valid, not accuracy.")
    student = arm_of(found, "student")
    if student is not None and student.stopped is not None and student.stopped < 0.95:
        told.append(f"The student did not end by itself on {percent(1 - student.stopped)} of the prompts.")
    return tuple(told)
