"""Looks over the settings and the files they name, without network and without writing anything."""

from collections.abc import Callable
from functools import partial

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import BbkdError
from blackbox_kd.run import RunDir
from blackbox_kd.stages.buying import budget_usd
from blackbox_kd.stages.prompts import collected, identified
from blackbox_kd.stages.scoring import scorers
from blackbox_kd.stages.targets import is_official, key_of, target_of
from blackbox_kd.stages.train import student_spec
from blackbox_kd.student.source import local
from blackbox_kd.teachers.budget import Budget
from blackbox_kd.teachers.terms import check_terms


def problems(config: Config, run: RunDir) -> list[str]:
    """Everything that would stop a run, a line each; empty if it can begin."""
    found: list[str] = []

    def attempt(what: Callable[[], object]) -> None:
        try:
            what()
        except BbkdError as error:
            found.append(f"{error.message} {error.fix}".strip())

    for teacher in config.teacher:
        attempt(partial(key_of, teacher))
        attempt(partial(check_terms, teacher.provider, is_official(teacher), teacher.terms))
    attempt(lambda: Budget(budget_usd(config), tuple(target_of(one, run.root) for one in config.teacher)))
    attempt(lambda: identified(collected(config, run.root)))
    attempt(lambda: local(student_spec(config, run)))
    attempt(lambda: scorers(config.evaluate.metrics, run.root))
    return found
