"""Scores of predictions: metrics by their label, the checkers of our own tasks among them."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from blackbox_kd.errors import UsageError
from blackbox_kd.metrics import Metric, metric
from blackbox_kd.records import Prediction
from blackbox_kd.tasks import named

TASK = "task:"


class Scorer(NamedTuple):
    """Scores an answer against a reference, from 0 to 1; some look at the answer alone."""

    score: Callable[[str, str], float]
    needs_reference: bool = True
    reference_is_answer: bool = True  # so that the teacher's answer can stand in for one

    @property
    def compares_answers(self) -> bool:
        """Whether it tells how far two answers agree: two that are valid alike need not."""
        return self.needs_reference and self.reference_is_answer


def scorers(specs: Iterable[str | Metric], root: Path) -> dict[str, Scorer]:
    """Metrics by label, in order: `task:NAME` is a task's checker. Raises `UsageError` for one that cannot work."""
    found: dict[str, Scorer] = {}
    for spec in specs:
        label, one = scorer(spec, root)
        if label in found:
            raise UsageError(f"evaluate.metrics: {label} stands there twice", "Once is enough.")
        found[label] = one
    return found


def scorer(spec: str | Metric, root: Path) -> tuple[str, Scorer]:
    """One metric's label and scorer; raises `UsageError`."""
    if isinstance(spec, str) and spec.startswith(TASK):
        return spec, Scorer(named(spec.removeprefix(TASK)).check)
    ready = metric(spec, root)
    return ready.label, Scorer(ready.score, ready.needs_reference, ready.reference_is_answer)


def scored(
    predictions: Iterable[Prediction],
    references: Mapping[str, str | None],
    teacher: Mapping[str, str],
    metrics: Mapping[str, Scorer],
) -> list[Prediction]:
    """The predictions with their scores, and with their agreement with the teacher's answer by the same metrics.

    Without a reference there is no score but of a metric that needs none, and agreement by those that compare answers.
    """
    done = []
    for one in predictions:
        reference, answer = references[one.prompt_id], teacher.get(one.prompt_id)
        scores = {
            name: how.score(one.text, reference or "")
            for name, how in metrics.items()
            if reference is not None or not how.needs_reference
        }
        agreements = {
            name: how.score(one.text, answer)
            for name, how in metrics.items()
            if answer is not None and how.compares_answers
        }
        done.append(msgspec.structs.replace(one, scores=scores, agreements=agreements))
    return done
