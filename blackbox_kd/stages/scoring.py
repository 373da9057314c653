"""Scores of predictions: metrics by name, the checkers of our own tasks among them, and what they add up to."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from blackbox_kd.metrics import metric
from blackbox_kd.records import Prediction, Prompt
from blackbox_kd.stats import Pgr, mcnemar_exact, minimum_detectable, paired_bootstrap_pgr, rate_interval
from blackbox_kd.tasks import named

Scorer = Callable[[str, str], float]
TASK = "task:"


class ModelScore(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model on the headline metric; `exact_match` is None without references. Shares from 0 to 1."""

    exact_match: float | None
    n: int
    families: int = 0  # that the n prompts come from; 0 in files of before it was counted
    low: float | None = None
    high: float | None = None
    agreement: float | None = None  # with the teacher's answers
    agreement_low: float | None = None
    agreement_high: float | None = None
    others: dict[str, float] = {}  # means of the further metrics
    slices: dict[str, "ModelScore"] = {}
    stopped: float | None = None  # share that ended by itself


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Performance gap recovered; `reference` says against what: gold answers, or only the teacher's own."""

    value: float | None
    low: float | None
    high: float | None
    undefined: str
    reference: str


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """eval/metrics.json."""

    metric: str
    base: ModelScore
    student: ModelScore
    teacher: ModelScore
    pgr: Gap
    mcnemar_p: float
    minimum_detectable: float
    max_new_tokens: int
    base_full_prompt: ModelScore | None = None
    notes: tuple[str, ...] = ()


def scorers(names: Iterable[str], root: Path) -> dict[str, Scorer]:
    """Metrics by name, in order: `task:NAME` is a task's checker. Raises `UsageError` for an unknown one."""
    found: dict[str, Scorer] = {}
    for name in names:
        found[name] = named(name.removeprefix(TASK)).check if name.startswith(TASK) else metric(name, root).score
    return found


def scored(
    predictions: Iterable[Prediction], prompts: dict[str, Prompt], teacher: dict[str, str], metrics: dict[str, Scorer]
) -> list[Prediction]:
    """The predictions with their scores, where there is a reference, and their agreement with the teacher."""
    headline = next(iter(metrics.values()))
    done = []
    for one in predictions:
        reference = prompts[one.prompt_id].reference
        scores = {} if reference is None else {name: score(one.text, reference) for name, score in metrics.items()}
        agrees = headline(one.text, teacher[one.prompt_id])
        done.append(msgspec.structs.replace(one, scores=scores, agreement=agrees))
    return done


def model_score(predictions: Sequence[Prediction], prompts: dict[str, Prompt], names: Sequence[str]) -> ModelScore:
    """What one model's predictions add up to, over all prompts and by slice."""
    whole = part_score(predictions, prompts, names)
    slices = sorted({name for one in predictions if (name := prompts[one.prompt_id].slice)})
    parts = {
        name: part_score([one for one in predictions if prompts[one.prompt_id].slice == name], prompts, names)
        for name in slices
    }
    return msgspec.structs.replace(whole, slices=parts)


def part_score(predictions: Sequence[Prediction], prompts: dict[str, Prompt], names: Sequence[str]) -> ModelScore:
    """Means and intervals over some of a model's predictions."""
    with_gold = [one for one in predictions if one.scores]
    gold, low, high = rate([one.scores[names[0]] for one in with_gold], families(with_gold, prompts))
    agreement, agreement_low, agreement_high = rate(
        [one.agreement or 0.0 for one in predictions], families(predictions, prompts)
    )
    return ModelScore(
        exact_match=gold,
        n=len(with_gold) or len(predictions),
        families=len(set(families(with_gold or predictions, prompts))),
        low=low,
        high=high,
        agreement=agreement,
        agreement_low=agreement_low,
        agreement_high=agreement_high,
        others={name: mean([one.scores[name] for one in with_gold]) for name in names[1:] if with_gold},
        stopped=mean([float(one.finish_reason == "stop") for one in predictions]),
    )


def rate(values: Sequence[float], clusters: Sequence[str]) -> tuple[float | None, float | None, float | None]:
    """(mean, low, high) with the 95 % interval; None without values."""
    if not values:
        return None, None, None
    interval = rate_interval(values, clusters)
    return mean(values), interval.low, interval.high


def mean(values: Sequence[float]) -> float:
    """The mean, 0.0 without values."""
    return sum(values) / len(values) if values else 0.0


def families(predictions: Iterable[Prediction], prompts: dict[str, Prompt]) -> list[str]:
    """The family of each prediction's prompt: items of a family vary together."""
    return [prompts[one.prompt_id].family for one in predictions]


def compared(
    by_model: dict[str, list[Prediction]], prompts: dict[str, Prompt], headline: str, draws: int, seed: int
) -> tuple[Gap, float, float]:
    """(gap recovered, McNemar's p of student against base, smallest difference that n can show).

    On gold where there is any, else on agreement, where the teacher is right by definition.
    """
    gold = any(one.scores for one in by_model["student"])

    def values(model: str) -> list[float]:
        chosen = [one for one in by_model[model] if one.scores or not gold]
        return [one.scores[headline] if gold else one.agreement or 0.0 for one in chosen]

    base, student, teacher = values("base"), values("student"), values("teacher")
    clusters = families([one for one in by_model["student"] if one.scores or not gold], prompts)
    gap: Pgr = paired_bootstrap_pgr(base, student, teacher, clusters, draws=draws, seed=seed)
    better = sum(one > other for one, other in zip(student, base, strict=True))
    worse = sum(one < other for one, other in zip(student, base, strict=True))
    found = Gap(
        value=gap.value, low=gap.low, high=gap.high, undefined=gap.undefined, reference="gold" if gold else "teacher"
    )
    return found, mcnemar_exact(better, worse), minimum_detectable(len(student), mean(student))
