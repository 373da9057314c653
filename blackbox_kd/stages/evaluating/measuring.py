"""What predictions add up to: pure functions of items, predictions and facts; the same files give the same bytes."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import msgspec

from blackbox_kd.measures import Arm, Comparison, Copied, CurvePoint, Estimate, Gap, Measured, Part, headline
from blackbox_kd.metrics.length_ratio import length_ratio
from blackbox_kd.metrics.loops import loops
from blackbox_kd.metrics.stopped import stop_rate
from blackbox_kd.records import Item, Prediction
from blackbox_kd.stages.evaluating.economics import economics, handed_back
from blackbox_kd.stages.evaluating.evidence import AGAIN, Evidence, Facts, estimate, likelihood, mean
from blackbox_kd.stages.evaluating.forgetting import retention
from blackbox_kd.stats import (
    holm,
    mcnemar_exact,
    minimum_detectable,
    paired_bootstrap_pgr,
    paired_difference,
    power_statement,
    seed_spread,
)

SCHEMA = 3
ORDER = ("base", "base_full_prompt", "base_few_shot", "shuffled", "gold")  # then shares, seeds, student, teacher
LAST = ("student", "teacher")


def measured(items: Sequence[Item], predictions: Iterable[Prediction], facts: Facts) -> Measured:
    """eval/metrics.json, from the other files of eval/ alone; the order of rows plays no part."""
    seen = Evidence(items, predictions, facts)
    arms = tuple(arm_of(seen, name) for name in ordered(seen.arms))
    values = list(seen.values("student").values())
    rate = sum(values) / len(values) if values else 0.0
    return Measured(
        schema=SCHEMA,
        metric=seen.metric,
        reference=seen.reference,
        agreements=tuple(label for label in seen.agreed() if any(label in one.whole.metrics for one in arms)),
        items=len(seen.held_out),
        with_reference=sum(seen.items[name].reference is not None for name in seen.held_out),
        student=facts.student,
        arms=arms,
        comparisons=tuple(comparisons(seen)),
        gaps={one.name: gap(seen, one.name) for one in arms if one.name not in ("base", "teacher")},
        self_agreement=again(seen),
        copied=copied(seen),
        curve=curve(seen, arms),
        seeds=seeds(seen),
        retention=retention(seen),
        coverage=handed_back(seen),
        economics=economics(seen),
        judged=facts.judged,
        minimum_detectable=minimum_detectable(len(values), rate),
        power=power_statement(len(values), rate, len(set(seen.family(seen.values("student"))))),
        max_new_tokens=facts.max_new_tokens,
        notes=facts.notes,
    )


def ordered(names: Iterable[str]) -> list[str]:
    """Arms as a table shows them."""
    found = set(names)
    middle = sorted(found - {*ORDER, *LAST})
    return [name for name in (*ORDER, *middle, *LAST) if name in found]


def arm_of(seen: Evidence, name: str) -> Arm:
    """One arm: its scores over all items and by slice, and how its answers look."""
    found = seen.arms[name]
    teacher = seen.arms.get("teacher", {})
    texts = [one.text for one in found.values()]
    pairs = [(one.text, teacher[key].text) for key, one in found.items() if key in teacher]
    ratios = [ratio for text, answer in pairs if (ratio := length_ratio(text, answer)) is not None]
    counts = [one.completion_tokens for one in found.values() if one.completion_tokens]
    return Arm(
        name=name,
        whole=part(seen, name, seen.held_out),
        slices={label: part(seen, name, members) for label, members in seen.slices().items()},
        stopped=stop_rate(one.finish_reason for one in found.values()),
        looped=mean([float(loops(text)) for text in texts]),
        length_ratio=median(ratios) if ratios and name != "teacher" else None,
        completion_tokens=mean(counts),
        likelihood=likelihood(found.values()),
        trained=seen.facts.trained.get(name),
    )


def part(seen: Evidence, arm: str, members: set[str]) -> Part:
    """One arm's scores on some of the items."""
    found = {name: one for name, one in seen.arms[arm].items() if name in members}
    scores = {name: one.scores for name, one in found.items()}
    agreements = {name: one.agreements for name, one in found.items() if arm != "teacher"}
    agreed = seen.agreed()
    further = {label: by(seen, agreements if label in agreed else scores, label) for label in seen.facts.metrics[1:]}
    return Part(
        accuracy=by(seen, scores, seen.metric),
        agreement=by(seen, agreements, seen.metric),
        metrics={label: one for label, one in further.items() if one is not None},
    )


def by(seen: Evidence, scores: Mapping[str, Mapping[str, float]], label: str) -> Estimate | None:
    """The mean by one metric, of scores by item and metric; None where no item has it."""
    return estimate(seen, {name: found[label] for name, found in scores.items() if label in found})


def comparisons(seen: Evidence) -> Iterable[Comparison]:
    """The student against every other arm, and each further student against the untuned one."""
    others = [name for name in ordered(seen.arms) if name != "student"]
    pairs = [("student", name) for name in others]
    pairs += [(name, "base") for name in others if not name.startswith("base") and name != "teacher"]
    for arm, against in pairs:
        whole = compared(seen, arm, against, seen.held_out)
        if whole is None:
            continue
        yield whole
        if against in ("base", "teacher") and arm == "student":
            yield from by_slice(seen, arm, against)


def by_slice(seen: Evidence, arm: str, against: str) -> list[Comparison]:
    """The comparison in each slice, p adjusted for their number."""
    found = [compared(seen, arm, against, members, label) for label, members in seen.slices().items()]
    known = [one for one in found if one is not None]
    tested = [one for one in known if one.p is not None]
    adjusted = dict(zip([one.slice for one in tested], holm([one.p or 0.0 for one in tested]), strict=True))
    return [msgspec.structs.replace(one, p_holm=adjusted.get(one.slice)) for one in known]


def compared(seen: Evidence, arm: str, against: str, members: set[str], label: str = "") -> Comparison | None:
    """Two arms on the items that both were scored on; None where there are none."""
    one, other = seen.values(arm), seen.values(against)
    names = [name for name in one if name in other and name in members]
    if not names:
        return None
    new, old = [one[name] for name in names], [other[name] for name in names]
    found = paired_difference(old, new, seen.family(names))
    if found.value is None:
        return None
    binary = {*new, *old} <= {0.0, 1.0}
    better = sum(a > b for a, b in zip(new, old, strict=True))
    worse = sum(a < b for a, b in zip(new, old, strict=True))
    return Comparison(
        arm=arm,
        against=against,
        slice=label,
        difference=found.value,
        low=found.low,
        high=found.high,
        p=mcnemar_exact(better, worse) if binary else None,
        n=len(names),
    )


def gap(seen: Evidence, arm: str) -> Gap:
    """The share of the gap between untuned student and teacher that an arm closes, on the items that all three have."""
    base, one, teacher = seen.values("base"), seen.values(arm), seen.values("teacher")
    if seen.reference == "teacher":
        teacher = dict.fromkeys(seen.arms.get("teacher", {}), 1.0)
    names = [name for name in one if name in base and name in teacher]
    if not names:
        why = "untuned student, teacher and this one have no scored item in common"
        return Gap(undefined=why, reference=seen.reference)
    low, middle, high = ([values[name] for name in names] for values in (base, one, teacher))
    found = paired_bootstrap_pgr(low, middle, high, seen.family(names), seen.facts.draws, seen.facts.seed)
    return Gap(value=found.value, low=found.low, high=found.high, undefined=found.undefined, reference=seen.reference)


def again(seen: Evidence) -> Estimate | None:
    """How often the teacher gives its own answer again: no student can be expected to agree with it more."""
    found = seen.measured(seen.all_of.get(AGAIN, {}))
    return by(seen, {name: one.agreements for name, one in found.items()}, seen.metric)


def copied(seen: Evidence) -> Copied | None:
    """The items that the teacher got wrong, by what the student did with them; None without gold, or graded scores."""
    student = seen.arms["student"]
    teacher = {name: value for name, value in seen.values("teacher").items() if seen.items[name].reference is not None}
    if seen.reference != "gold" or not teacher or not {*teacher.values()} <= {0.0, 1.0}:
        return None
    wrong = [name for name, value in teacher.items() if value < 1 and name in student]
    right = seen.values("student")
    return Copied(
        teacher_wrong=len(wrong),
        copied=sum(student[name].agreements.get(seen.metric) == 1 and right.get(name) != 1 for name in wrong),
        student_right=sum(right.get(name) == 1 for name in wrong),
    )


def curve(seen: Evidence, arms: Sequence[Arm]) -> tuple[CurvePoint, ...]:
    """The learning curve: shares of the rows, and all of them; empty unless a share was trained."""
    found = [one for one in arms if one.trained and ("/" in one.name or one.name == "student")]
    points = [
        CurvePoint(arm=one.name, rows=one.trained.rows, score=score)
        for one in found
        if one.trained and (score := headline(one.whole))
    ]
    return tuple(sorted(points, key=lambda point: (point.rows, point.arm))) if len(points) > 1 else ()


def seeds(seen: Evidence) -> Estimate | None:
    """The headline over trainings that differ by their seed alone; None unless there are two."""
    names = [name for name in ordered(seen.arms) if name.startswith("seed:")]
    names += ["student"] if "student" in seen.facts.trained else []
    means = [value for name in names if (value := mean(list(seen.values(name).values()))) is not None]
    if len(means) < 2:
        return None
    spread = seed_spread(means)
    families = len(set(seen.family(seen.values("student"))))
    return Estimate(value=spread.mean, low=spread.low, high=spread.high, n=spread.n, families=families)
