"""Looks over the settings and the files they name, without network and without writing anything."""

from collections.abc import Callable, Mapping
from functools import partial

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import BbkdError, InputError, UsageError
from blackbox_kd.run import RunDir
from blackbox_kd.stages.buying import budget_usd
from blackbox_kd.stages.evaluating.arms import enough_gold
from blackbox_kd.stages.evaluating.retention import retention_prompts
from blackbox_kd.stages.evaluating.scoring import Scorer, scorers
from blackbox_kd.stages.evaluating.served import is_served
from blackbox_kd.stages.filter import named_files
from blackbox_kd.stages.judge import ready as scoring_ready
from blackbox_kd.stages.keys import key_of
from blackbox_kd.stages.masking import sent_along
from blackbox_kd.stages.prompts import named_drafts, planned_of
from blackbox_kd.stages.targets import target_of, terms_of
from blackbox_kd.stages.train import student_spec
from blackbox_kd.student.source import local
from blackbox_kd.teachers.budget import Budget
from blackbox_kd.teachers.target import Target


def problems(config: Config, run: RunDir, prompts: bool = True) -> list[str]:
    """Everything that would stop a run, a line each; without reading the `prompts` where their stage comes first."""
    found: list[str] = []

    def attempt(what: Callable[[], object]) -> None:
        try:
            what()
        except BbkdError as error:
            found.append(f"{error.message} -> {error.fix}" if error.fix else error.message)

    if not run.manifest_path("import").exists():
        for teacher in config.teacher:
            if not config.query.offline:
                attempt(partial(key_of, teacher, run))
            attempt(partial(terms_of, teacher, run.root))
        attempt(lambda: Budget(budget_usd(config), tuple(sendable(one, config, run) for one in config.teacher)))
        attempt(lambda: divided(config, run) if prompts else measurable(config))
        if not config.teacher:
            found.append('bbkd.toml has no [teacher] -> Add [teacher] model = "openai/..." (`bbkd init` shows how).')
    attempt(lambda: local(student_spec(config, run)))
    attempt(lambda: gated_by(config, scorers(config.evaluate.metrics, run.root)))
    attempt(lambda: named_files(run, config))
    attempt(lambda: scoring_ready(run, config))
    attempt(lambda: retention_prompts(run, config))
    attempt(lambda: measured_student(config, run))
    named = {"evaluate.completions": config.evaluate.completions}
    if config.judge:
        named |= {"judge.rubric": config.judge.rubric, "judge.labels": config.judge.labels}
    for setting, name in named.items():
        attempt(partial(there, name, setting, run))
    return found


def gated_by(config: Config, known: Mapping[str, Scorer]) -> None:
    """Raise `UsageError` for a metric to gate by that is not measured."""
    if config.gate.metric and config.gate.metric not in known:
        raise UsageError(
            f"gate.metric: {config.gate.metric} is none of [evaluate] metrics", f"Known: {', '.join(known)}."
        )


def measured_student(config: Config, run: RunDir) -> None:
    """Raise `UsageError` for a student to measure that is nowhere on this machine, and no hub id or address either."""
    spec = config.evaluate.student
    if spec and not is_served(spec):
        local(str(run.root / spec) if (run.root / spec).exists() else spec)


def there(name: str, setting: str, run: RunDir) -> None:
    """Raise `InputError` for a file that is named and not there."""
    if name and not (run.root / name).is_file():
        raise InputError(f"{setting}: {run.root / name}: no such file", "Paths start at the folder of bbkd.toml.")


def sendable(teacher: Teacher, config: Config, run: RunDir) -> Target:
    """The teacher with its files read, without a key in what is sent with every prompt; raises `UsageError`."""
    target = target_of(teacher, run.root)
    sent_along(target, config.prompts, run.progress.note)
    return target


def divided(config: Config, run: RunDir) -> None:
    """Collect the prompts and try the split; raises `InputError`."""
    named = named_drafts(run, config)
    measurable(config)
    plan = planned_of(named, run, config, config.prompts.gold)
    if "gold" in config.evaluate.arms:
        enough_gold(sum(one.split == "train" and bool((one.reference or "").strip()) for one in plan.prompts))


def measurable(config: Config) -> None:
    """Raise `InputError` if nothing is to be held out."""
    if config.prompts.held_out == 0:
        raise InputError("prompts.held_out is 0: there would be nothing to measure on", "Set it above 0.")
