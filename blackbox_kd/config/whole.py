"""The whole of bbkd.toml."""

from typing import Annotated

import msgspec

from blackbox_kd.config.evaluate import Evaluate, Report
from blackbox_kd.config.filter import FilterSection
from blackbox_kd.config.gate import Gate
from blackbox_kd.config.judge import Judge
from blackbox_kd.config.prompts import Prompts
from blackbox_kd.config.scoring import Scoring
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.train import Train
from blackbox_kd.teachers.target import Patience


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings, defaults filled in, texts of `system` files read."""

    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    teacher: tuple[Teacher, ...] = ()  # none: the completions are imported
    prompts: Prompts = Prompts()
    query: Patience = Patience()
    scoring: Scoring = Scoring()
    filter: FilterSection = FilterSection()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    judge: Judge | None = None  # none: no answer is judged
    report: Report = Report()
    gate: Gate = Gate()
