"""Items, predictions and facts of an evaluation, side by side."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import msgspec

from blackbox_kd.measures import Estimate, Judged, Likelihood, Reference, Trained
from blackbox_kd.metrics.likelihood import bits_per_byte, nats_per_token
from blackbox_kd.records import Item, Prediction, Record
from blackbox_kd.stages.evaluating.modelling import Timing
from blackbox_kd.stats import rate_interval

AGAIN = "teacher_again"  # the teacher's second sample
Found = Mapping[str, Prediction]  # one arm's predictions, by item


class Facts(Record, frozen=True, kw_only=True):
    """eval/facts.json: what items and predictions do not tell."""

    metrics: tuple[str, ...]  # labels, the headline first
    reference_free: bool = False  # the headline looks at an answer alone
    student: str
    max_new_tokens: int | None = None
    trained: dict[str, Trained] = msgspec.field(default_factory=dict)  # by arm
    timing: Timing = Timing()  # of the student
    teacher_usd: float | None = None
    teacher_request_usd: float | None = None
    student_request_usd: float | None = None
    judged: Judged | None = None
    draws: int = 10_000
    seed: int = 0
    notes: tuple[str, ...] = ()


class Evidence:
    """Items and predictions of an evaluation, and how a prediction counts on the headline metric."""

    def __init__(self, items: Sequence[Item], predictions: Iterable[Prediction], facts: Facts) -> None:
        self.items = {one.id: one for one in items}
        self.facts, self.metric = facts, facts.metrics[0]
        self.held_out = {one.id for one in items if not one.retention}
        everything = sorted(predictions, key=lambda one: (one.model, one.prompt_id))
        grouped = {arm: {one.prompt_id: one for one in found} for arm, found in groupby(everything, lambda p: p.model)}
        self.all_of = grouped
        self.arms = {arm: kept for arm, found in grouped.items() if (kept := self.measured(found)) and arm != AGAIN}
        self.scored = {label for one in self.arms.get("student", {}).values() for label in one.scores}
        held_to: Reference = "gold" if self.metric in self.scored else "teacher"
        self.reference: Reference = "none" if facts.reference_free else held_to

    def measured(self, found: Found) -> dict[str, Prediction]:
        """Those of the held-out items."""
        return {name: one for name, one in found.items() if name in self.held_out}

    def value(self, one: Prediction) -> float | None:
        """The headline value of a prediction: its score, or where there is no gold at all its agreement."""
        return (one.agreements if self.reference == "teacher" else one.scores).get(self.metric)

    def agreed(self) -> tuple[str, ...]:
        """The further metrics by which no answer has a score, and which are therefore of agreement."""
        return tuple(label for label in self.facts.metrics[1:] if label not in self.scored)

    def values(self, arm: str) -> dict[str, float]:
        """Headline values of an arm, by item."""
        found = {name: self.value(one) for name, one in self.arms.get(arm, {}).items()}
        return {name: value for name, value in found.items() if value is not None}

    def family(self, names: Iterable[str]) -> list[str]:
        """The families of items."""
        return [self.items[name].family for name in names]

    def slices(self) -> dict[str, set[str]]:
        """Items by the name of a slice; a slice that holds all of them tells nothing."""
        names = sorted({part for name in self.held_out for part in self.items[name].slices})
        found = {part: {name for name in self.held_out if part in self.items[name].slices} for part in names}
        return {part: members for part, members in found.items() if len(members) < len(self.held_out)}


def estimate(seen: Evidence, values: Mapping[str, float]) -> Estimate | None:
    """The mean of scores by item, with the interval that their families leave it; None without any."""
    if not values:
        return None
    families, scores = seen.family(values), list(values.values())
    interval = rate_interval(scores, families)
    value = sum(scores) / len(scores)
    return Estimate(value=value, low=interval.low, high=interval.high, n=len(scores), families=len(set(families)))


def likelihood(found: Iterable[Prediction]) -> Likelihood | None:
    """Token-weighted over all answers: sums over sums, never a mean of means."""
    known = [(one.nll, one.nll_tokens, one.nll_bytes) for one in found if one.nll is not None and one.nll_tokens]
    if not known:
        return None
    nll, tokens, size = (sum(column) for column in zip(*known, strict=True))
    nats, bits = nats_per_token(nll, int(tokens)), bits_per_byte(nll, int(size))
    if nats is None or bits is None:
        return None
    return Likelihood(nats_per_token=nats, bits_per_byte=bits, tokens=int(tokens))


def mean(values: Sequence[float]) -> float | None:
    """The mean; None without values."""
    return sum(values) / len(values) if values else None
