"""How far the judge agrees with people: kappa, and raw agreement beside what one constant verdict would reach."""

from collections import Counter
from collections.abc import Mapping, Sequence

from blackbox_kd.config.whole import Config
from blackbox_kd.records import Completion
from blackbox_kd.run import Counts
from blackbox_kd.stages.scoring.reviewing import Review
from blackbox_kd.stats import cohen_kappa

LEAST = {"pointwise": 3.0, "pairwise": 0.5}  # the judge's score from which on it says keep, unless [filter.judged] does
WORDS = {True: "keep", False: "reject"}


def threshold(config: Config) -> float:
    """The judge's score from which on it counts as saying keep: `[filter.judged] min_score` where that filter is on."""
    rule = getattr(config.filter, "judged", None)
    least = LEAST.get(config.scoring.judge, LEAST["pointwise"])
    return least if rule is None or "judged" in config.filter.off else float(getattr(rule, "min_score", least))


def agreement(
    rows: Sequence[Completion], reviews: Mapping[str, Review], judged: Mapping[str, float], least: float
) -> Counts:
    """Counts on the answers that both a person and the judge spoke on; kappa's interval is over families."""
    both = [one for one in rows if one.id in judged and one.id in reviews]
    theirs = [WORDS[reviews[one.id].keep] for one in both]
    own = [WORDS[judged[one.id] >= least] for one in both]
    kappa = cohen_kappa(own, theirs, [one.family or one.prompt_id for one in both])
    if kappa.observed is None:
        return {}
    found: Counts = {"labels": kappa.n, "human_agreement": rounded(kappa.observed)}
    found["base_rate"] = rounded(max(Counter(theirs).values()) / kappa.n)
    named = {"kappa": kappa.value, "kappa_low": kappa.low, "kappa_high": kappa.high}
    return found | {name: rounded(value) for name, value in named.items() if value is not None}


def rounded(value: float) -> float:
    """A share to four places."""
    return round(value, 4) + 0.0  # never -0.0


def told(found: Counts, least: float) -> str:
    """The agreement in a line."""
    between = f" ({found['kappa_low']:.2f} to {found['kappa_high']:.2f})" if "kappa_low" in found else ""
    kappa = f"{found['kappa']:.2f}{between}" if "kappa" in found else "undefined: all verdicts are the same"
    return (
        f"judge: at {least:g} and above it agrees with people on {found['human_agreement']:.0%} of {found['labels']} "
        f"answers (always saying the commoner verdict: {found['base_rate']:.0%}); Cohen's kappa {kappa}"
    )
