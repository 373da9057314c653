"""report: report.html, report.md and the student's card, from the files of the other stages."""

import itertools
import platform
from collections import Counter
from pathlib import Path

import msgspec

from blackbox_kd import __version__
from blackbox_kd.config.whole import Config
from blackbox_kd.jsonl import atomic, digest, read_json, read_rows
from blackbox_kd.records import Completion, Json, Prediction, Prompt, Rejection
from blackbox_kd.report.card import card
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
from blackbox_kd.report.render import html, markdown
from blackbox_kd.report.verdict import verdict
from blackbox_kd.run import (
    CARD,
    COMPLETIONS,
    METRICS,
    PLANTED,
    PREDICTIONS,
    PROMPTS,
    REJECTED,
    REPORT_HTML,
    REPORT_MD,
    TRAIN_ROWS,
    TRAINING_LOG,
    TRAINING_RESULT,
    Counts,
    Manifest,
    RunDir,
    flatten,
    require,
    show,
)
from blackbox_kd.stages.query import Planted
from blackbox_kd.stages.scoring import Metrics, ModelScore
from blackbox_kd.stages.stage import Stage
from blackbox_kd.stats import Interval, Pgr

BEFORE = ("prompts", "import", "query", "filter", "train", "evaluate")
EVIDENCE_CHARS = 160


def main(run: RunDir, config: Config) -> Counts:
    """Gather and render; writes report.html, report.md and student-card.md."""
    data = gathered(run, config)
    for name, text in ((REPORT_HTML, html(data)), (REPORT_MD, markdown(data)), (CARD, card(data))):
        with atomic(run / name, mode=0o644) as out:
            out.write(text.encode("utf-8", "replace"))
    run.progress.note(f"report: {verdict(data)}")
    return {"examples": len(data.examples), "warnings": len(data.warnings)}


def gathered(run: RunDir, config: Config) -> ReportData:
    """All that the report shows."""
    metrics = read_json(require(run / METRICS, "evaluate"), Metrics)
    manifests = {name: one for name in BEFORE if (one := run.manifest(name)) is not None}
    trained = read_json(run / TRAINING_RESULT, dict[str, Json])
    simulated = [one for one in config.teacher if one.provider == "simulated"]
    gap = metrics.pgr
    return ReportData(
        run=config.report.title or run.path.absolute().name,
        date=max(one.finished for one in manifests.values())[:10],
        seed=config.seed,
        simulated=bool(simulated),
        task=simulated[0].name if simulated else "",
        version=__version__,
        student=config.train.student,
        teachers=served(run, config),
        metric=metrics.metric,
        student_system=config.train.system,
        dataset_sha256=digest(run / TRAIN_ROWS),
        terms="; ".join(f"{one.model}: {one.terms.ack} ({one.terms.basis})" for one in config.teacher if one.terms),
        funnel=funnel(manifests),
        noise=noise(run),
        usage=usage(manifests),
        loss=losses(run),
        validation_nll=number(trained.get("validation_nll")),
        scores=scores(metrics),
        pgr=Pgr(value=gap.value, low=gap.low, high=gap.high, undefined=gap.undefined),
        mcnemar_p=metrics.mcnemar_p,
        minimum_detectable=metrics.minimum_detectable,
        examples=examples(run, metrics.metric, config.report.examples),
        rejected=rejected(run, config.report.rejections),
        training=tuple(Fact(key=key, value=show(value)) for key, value in trained.items()),
        provenance=provenance(run, config, manifests),
        warnings=warnings(config, metrics),
    )


def served(run: RunDir, config: Config) -> tuple[str, ...]:
    """Each teacher with the model names that its replies gave."""
    names = {(one.teacher, one.served_model) for one in read_rows(run / COMPLETIONS, Completion)}
    return tuple(f"{label} (served as {model or 'unnamed'})" for label, model in sorted(names))


def funnel(manifests: dict[str, Manifest]) -> tuple[Count, ...]:
    """From prompts to rows, with what was lost on the way."""
    asked = manifests.get("query") or manifests.get("import")
    first, kept = (asked.counts if asked else {}), manifests["filter"].counts
    steps = [Count(name="prompts", count=int((manifests.get("prompts") or manifests["import"]).counts["prompts"]))]
    if "rows" in first:
        steps.append(Count(name="asked", count=int(first["rows"])))
        steps.append(Count(name="failed", count=int(first["failed"]), lost=True))
    steps.append(Count(name="replied", count=int(first["completions"])))
    steps.append(Count(name="held out", count=int(kept["held_out"])))
    steps.append(Count(name="train completions", count=int(kept["completions"])))
    reasons = Counter({key.removeprefix("rejected."): int(n) for key, n in kept.items() if key.startswith("rejected.")})
    steps += [Count(name=f"rejected {reason}", count=count, lost=True) for reason, count in reasons.most_common()]
    steps.append(Count(name="dataset validation", count=int(kept["validation_rows"])))
    return (*steps, Count(name="dataset train", count=int(kept["train_rows"])))


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


def scores(metrics: Metrics) -> tuple[Score, ...]:
    """Every model, over all prompts and by slice."""
    models = {"base": metrics.base, "base_full_prompt": metrics.base_full_prompt}
    models |= {"student": metrics.student, "teacher": metrics.teacher}
    found = []
    for model, whole in models.items():
        if whole is not None:
            found.append(score(model, "", metrics.metric, whole))
            found += [score(model, name, metrics.metric, part) for name, part in whole.slices.items()]
    return tuple(found)


def score(model: str, part: str, metric: str, of: ModelScore) -> Score:
    """One line of the table of scores."""
    return Score(
        model=model,
        n=of.n,
        metric=metric,
        slice=part,
        value=of.exact_match,
        interval=interval(of.low, of.high),
        agreement=of.agreement,
        agreement_interval=interval(of.agreement_low, of.agreement_high),
    )


def interval(low: float | None, high: float | None) -> Interval | None:
    """An interval, if both of its ends are known."""
    return None if low is None or high is None else Interval(low, high)


def examples(run: RunDir, metric: str, count: int) -> tuple[Answers, ...]:
    """Held-out prompts with all answers: right and wrong ones of the student in turn, to hide neither."""
    prompts = {one.id: one for one in read_rows(run / PROMPTS, Prompt)}
    by_prompt: dict[str, dict[str, Prediction]] = {}
    for one in read_rows(run / PREDICTIONS, Prediction):
        by_prompt.setdefault(one.prompt_id, {})[one.model] = one

    def value(found: dict[str, Prediction], model: str) -> float | None:
        one = found[model]
        return one.scores.get(metric, one.agreement)

    right = [name for name, found in by_prompt.items() if value(found, "student") == 1.0]
    wrong = [name for name in by_prompt if name not in set(right)]
    mixed = [name for pair in itertools.zip_longest(right, wrong) for name in pair if name is not None]
    return tuple(
        Answers(
            prompt_id=name,
            prompt=prompts[name].messages[-1].content,
            reference=prompts[name].reference,
            slice=prompts[name].slice or "",
            teacher=found["teacher"].text,
            base=found["base"].text,
            student=found["student"].text,
            teacher_score=value(found, "teacher"),
            base_score=value(found, "base"),
            student_score=value(found, "student"),
        )
        for name in mixed[:count]
        for found in (by_prompt[name],)
    )


def rejected(run: RunDir, count: int) -> tuple[RejectedRow, ...]:
    """Rejections with their evidence, one of each reason before the second of any."""
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


def provenance(run: RunDir, config: Config, manifests: dict[str, Manifest]) -> tuple[Fact, ...]:
    """Versions, hashes and settings: what it takes to make the same student again."""
    facts = [Fact(key="bbkd", value=__version__), Fact(key="python", value=platform.python_version())]
    for name, one in manifests.items():
        facts.append(Fact(key=f"{name} finished", value=one.finished))
        facts += [Fact(key=f"sha256 {file}", value=sha256) for file, sha256 in one.writes.items()]
    versions = manifests["train"].recorded if "train" in manifests else {}
    facts += [Fact(key=key, value=str(value)) for key, value in versions.items() if key != "bbkd"]
    plain: dict[str, Json] = msgspec.to_builtins(config)
    for section, values in plain.items():
        lines = [f"{key} = {show(value)}" for key, value in flatten(values, section).items()]
        facts.append(Fact(key=f"settings: {section}", value="\n".join(lines)))
    return tuple(facts)


def warnings(config: Config, metrics: Metrics) -> tuple[str, ...]:
    """What a reader has to know before believing the numbers."""
    found = list(metrics.notes)
    if metrics.pgr.reference == "teacher":
        found.append("No prompt has a reference: what is measured is agreement with the teacher, not accuracy.")
    if metrics.student.stopped is not None and metrics.student.stopped < 0.95:
        found.append(f"The student ran into the token limit on {1 - metrics.student.stopped:.0%} of the prompts.")
    families = {one.provider for one in config.teacher if one.provider != "simulated"}
    if families and not any(one.terms for one in config.teacher):
        found.append("No acknowledgement of the teacher's terms is recorded.")
    return tuple(found)


def reads(run: RunDir, config: Config) -> list[Path]:
    """What the other stages wrote, and their manifests."""
    files = (PROMPTS, COMPLETIONS, REJECTED, TRAIN_ROWS, TRAINING_LOG, TRAINING_RESULT, PREDICTIONS, METRICS)
    return [*(run / name for name in files), *(run.manifest_path(name) for name in BEFORE)]


STAGE = Stage(
    name="report",
    settings=lambda config: {"report": config.report},
    reads=reads,
    writes=(REPORT_HTML, REPORT_MD, CARD),
    main=main,
)
