"""What training took away, on prompts that the training data does not cover."""

from blackbox_kd.measures import Retention
from blackbox_kd.stages.evaluating.evidence import Evidence, estimate, likelihood
from blackbox_kd.stats import mcnemar_exact


def retention(seen: Evidence) -> Retention | None:
    """What training took away, on prompts that the training data does not cover."""
    base = {name: one for name, one in seen.all_of.get("base", {}).items() if name not in seen.held_out}
    student = {name: one for name, one in seen.all_of.get("student", {}).items() if name not in seen.held_out}
    before, after = likelihood(base.values()), likelihood(student.values())
    kept = {name: float(one.text == base[name].text) for name, one in student.items() if name in base}
    found = estimate(seen, kept)
    if before is None or after is None or found is None:
        return None
    was = {name: one.scores[seen.metric] for name, one in base.items() if seen.metric in one.scores}
    now = {name: one.scores[seen.metric] for name, one in student.items() if seen.metric in one.scores and name in was}
    lost, won = (sum(sign * now[name] > sign * was[name] for name in now) for sign in (-1, 1))
    return Retention(
        n=len(kept),
        before=before,
        after=after,
        kept=found,
        base=estimate(seen, was),
        student=estimate(seen, now),
        p=mcnemar_exact(won, lost) if now and {*now.values(), *was.values()} <= {0.0, 1.0} else None,
    )
