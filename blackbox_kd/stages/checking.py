"""Looks over the settings and the files they name, without network and without writing anything."""

from collections.abc import Callable
from functools import partial

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import BbkdError, InputError
from blackbox_kd.run import RunDir
from blackbox_kd.stages.buying import budget_usd
from blackbox_kd.stages.prompts import collected, family_of, held_out_of, identified, split_of
from blackbox_kd.stages.scoring import scorers
from blackbox_kd.stages.targets import is_official, key_of, target_of
from blackbox_kd.stages.train import student_spec
from blackbox_kd.student.source import local
from blackbox_kd.teachers.budget import Budget
from blackbox_kd.teachers.terms import check_terms


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
            attempt(partial(key_of, teacher))
            attempt(partial(check_terms, teacher.provider, is_official(teacher), teacher.terms))
        attempt(lambda: Budget(budget_usd(config), tuple(target_of(one, run.root) for one in config.teacher)))
        attempt(lambda: divided(config, run) if prompts else measurable(config))
        if not config.teacher:
            found.append('bbkd.toml has no [teacher] -> Add [teacher] model = "openai/..." (`bbkd init` shows how).')
    attempt(lambda: local(student_spec(config, run)))
    attempt(lambda: scorers(config.evaluate.metrics, run.root))
    return found


def divided(config: Config, run: RunDir) -> None:
    """Collect the prompts and try the split; raises `InputError`."""
    named = identified(collected(config, run.root))
    wanted = held_out_of(config.prompts.held_out, len(named))
    if not named:
        raise InputError("no prompts", "Set [prompts] files, or add a [[prompts.strategy]].")
    measurable(config)
    split_of(named, family_of(named, config.prompts.near_duplicate), wanted, config.seed)


def measurable(config: Config) -> None:
    """Raise `InputError` if nothing is to be held out."""
    if config.prompts.held_out == 0:
        raise InputError("prompts.held_out is 0: there would be nothing to measure on", "Set it above 0.")
