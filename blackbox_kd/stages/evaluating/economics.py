"""What the student cost, what it saves, and what it is worth to send the least sure answers back to the teacher."""

from blackbox_kd.measures import CoveragePoint, Economics
from blackbox_kd.stages.evaluating.evidence import Evidence, mean
from blackbox_kd.stats import coverage_curve


def economics(seen: Evidence) -> Economics:
    """Money and speed; what is not known stays None."""
    facts = seen.facts
    base, student = mean(list(seen.values("base").values())), mean(list(seen.values("student").values()))
    points = None if base is None or student is None else 100 * (student - base)
    saved = None
    if facts.teacher_request_usd is not None:
        saved = facts.teacher_request_usd - (facts.student_request_usd or 0.0)
    spent = facts.teacher_usd
    return Economics(
        teacher_usd=spent,
        teacher_request_usd=facts.teacher_request_usd,
        student_request_usd=facts.student_request_usd,
        points=points,
        usd_per_point=spent / points if spent is not None and points and points > 0 else None,
        break_even_requests=spent / saved if spent is not None and saved and saved > 0 else None,
        latency_s=facts.timing.latency_s,
        tokens_per_second=facts.timing.tokens_per_second,
        prompts_per_second=facts.timing.prompts_per_second,
    )


def handed_back(seen: Evidence) -> tuple[CoveragePoint, ...]:
    """Accuracy by coverage: the teacher answers where the student is least sure (El-Yaniv & Wiener 2010).

    Sureness is the mean log-probability of the answer's tokens; empty where a student's server does not tell it.
    """
    student, values = seen.arms.get("student", {}), seen.values("student")
    teacher = seen.values("teacher")
    if seen.reference == "teacher":
        teacher = dict.fromkeys(seen.arms.get("teacher", {}), 1.0)
    sure = {name: one.logprob for name, one in student.items() if one.logprob is not None}
    names = [name for name in values if name in teacher and name in sure]
    if not names:
        return ()
    columns = [[column[name] for name in names] for column in (sure, values, teacher)]
    asked, own = seen.facts.teacher_request_usd, seen.facts.student_request_usd or 0.0
    return tuple(
        CoveragePoint(
            coverage=point.coverage,
            accuracy=point.accuracy,
            student_accuracy=point.student_only,
            request_usd=None if asked is None else own + (1 - point.coverage) * asked,  # the student is asked first
        )
        for point in coverage_curve(*columns)
    )
