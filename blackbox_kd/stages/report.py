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
    FACTS,
    ITEMS,
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
from blackbox_kd.stages.made import BEFORE, is_foreign, made
from blackbox_kd.stages.stage import Stage

MADE = (PROMPTS, COMPLETIONS, REJECTED, TRAIN_ROWS, TRAINING_LOG, TRAINING_RESULT)  # up to the student
FOUND = (ITEMS, PREDICTIONS, FACTS)  # of it


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
    found, was = gather.measured(run), made(run)
    trained = {} if was.foreign else read_json(require(run / TRAINING_RESULT, "train"), dict[str, Json])
    foreign = (f"What was evaluated is not this run's own student, but {found.student}.",) if was.foreign else ()
    return ReportData(
        run=config.report.title or run.path.absolute().name,
        date=was.date,
        seed=was.seed,
        simulated=was.simulated,
        task=was.task,
        version=was.version,
        student=found.student if was.foreign else was.student,
        teachers=was.teachers,
        measured=found,
        foreign=was.foreign,
        student_system=was.system,
        dataset_sha256=was.dataset_sha256,
        terms=was.terms,
        notices=was.notices,
        licence=config.report.licence,
        funnel=gather.funnel(was.manifests),
        noise=gather.noise(run),
        usage=gather.usage(was.manifests),
        loss=() if was.foreign else gather.losses(run),
        validation_nll=gather.number(trained.get("validation_nll")),
        examples=gather.examples(run, found.metric, config.report.examples),
        rejected=gather.rejected(run, config.report.rejections),
        training=gather.training(trained),
        provenance=gather.provenance(was.manifests),
        warnings=(*foreign, *was.warnings, *gather.warnings(found)),
    )


def reads(run: RunDir, config: Config) -> list[Path]:
    """What the other stages wrote, and their manifests; of a student from elsewhere, as much of it as there is."""
    evaluated = run.manifest("evaluate")
    files = [run / name for name in MADE]
    if evaluated is not None and is_foreign(evaluated):
        files = [path for path in files if path.exists()]
    return [*files, *(run / name for name in FOUND), *(run.manifest_path(name) for name in BEFORE)]


STAGE = Stage(
    name="report",
    settings=lambda config: {"report": config.report},
    reads=reads,
    writes=(REPORT_HTML, REPORT_MD, CARD),
    main=main,
)
