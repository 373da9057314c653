"""report: report.html, report.md and the student's card, from the files of the other stages."""

from pathlib import Path

from blackbox_kd.config.whole import Config
from blackbox_kd.jsonl import atomic, read_json
from blackbox_kd.records import Json
from blackbox_kd.report.card import card
from blackbox_kd.report.data import ReportData
from blackbox_kd.report.render import html, markdown
from blackbox_kd.report.verdict import verdict
from blackbox_kd.run import (
    CARD,
    COMPLETIONS,
    METRICS,
    PREDICTIONS,
    PROMPTS,
    REJECTED,
    REPORT_HTML,
    REPORT_MD,
    TRAIN_ROWS,
    TRAINING_LOG,
    TRAINING_RESULT,
    Counts,
    RunDir,
    require,
)
from blackbox_kd.stages import gathering as gather
from blackbox_kd.stages.made import BEFORE, made
from blackbox_kd.stages.scoring import Metrics
from blackbox_kd.stages.stage import Stage
from blackbox_kd.stats import Pgr


def main(run: RunDir, config: Config) -> Counts:
    """Gather and render; writes report.html, report.md and student-card.md.

    Raises `InputError` naming the stage that has not finished.
    """
    data = gathered(run, config)
    for name, text in ((REPORT_HTML, html(data)), (REPORT_MD, markdown(data)), (CARD, card(data))):
        with atomic(run / name) as out:  # for the owner alone: it quotes private prompts
            out.write(text.encode("utf-8", "replace"))
    run.progress.note(f"report: {verdict(data)}")
    return {"examples": len(data.examples), "warnings": len(data.warnings)}


def gathered(run: RunDir, config: Config) -> ReportData:
    """All that the report shows: of bbkd.toml as it is now, no more than `[report]`."""
    metrics = read_json(require(run / METRICS, "evaluate"), Metrics)
    was = made(run)
    trained = read_json(require(run / TRAINING_RESULT, "train"), dict[str, Json])
    gap = metrics.pgr
    return ReportData(
        run=config.report.title or run.path.absolute().name,
        date=was.date,
        seed=was.seed,
        simulated=was.simulated,
        task=was.task,
        version=was.version,
        student=was.student,
        teachers=was.teachers,
        metric=metrics.metric,
        student_system=was.system,
        dataset_sha256=was.dataset_sha256,
        terms=was.terms,
        notices=was.notices,
        licence=config.report.licence,
        funnel=gather.funnel(was.manifests),
        noise=gather.noise(run),
        usage=gather.usage(was.manifests),
        loss=gather.losses(run),
        validation_nll=gather.number(trained.get("validation_nll")),
        scores=gather.scores(metrics),
        pgr=Pgr(value=gap.value, low=gap.low, high=gap.high, undefined=gap.undefined),
        pgr_of_agreement=gap.reference == "teacher",
        mcnemar_p=metrics.mcnemar_p,
        minimum_detectable=metrics.minimum_detectable,
        examples=gather.examples(run, metrics.metric, config.report.examples),
        rejected=gather.rejected(run, config.report.rejections),
        training=gather.training(trained),
        provenance=gather.provenance(was.manifests),
        warnings=(*was.warnings, *gather.warnings(metrics)),
    )


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
