"""What the judgements add up to: win rates with their intervals, and how far the judge agrees with people."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from blackbox_kd.config.judge import Judge
from blackbox_kd.errors import InputError
from blackbox_kd.measures import Judged
from blackbox_kd.stages.evaluating.judging import Judgement, Winner
from blackbox_kd.stats import cohen_kappa, length_controlled_win_rate, rate_interval
from blackbox_kd.strategies.files import json_rows, plain

WINS: dict[Winner, float] = {"student": 1.0, "tie": 0.5, "other": 0.0}
Labels = Mapping[str, Winner]  # by prompt id


def judged(
    judgements: Sequence[Judgement],
    families: Mapping[str, str],
    labels: Labels,
    judge: Judge,
    draws: int = 10_000,
    seed: int = 0,
) -> Judged | None:
    """The student's win rate over the pairs with a verdict; None if there is none. `families` are by prompt id.

    Intervals are by family: Wilson's with a clustered variance for the rate, a bootstrap for the one at equal length.
    """
    decided = {one.id: one.winner for one in judgements if one.winner is not None}
    if not decided:
        return None
    wins = [WINS[winner] for winner in decided.values()]
    lengths = [float(one.student_chars - one.other_chars) for one in judgements if one.id in decided]
    clusters = [families[name] for name in decided]
    raw = rate_interval(wins, clusters)
    controlled = length_controlled_win_rate(wins, lengths, clusters, draws=draws, seed=seed)
    both = [name for name in decided if name in labels]
    theirs = [labels[name] for name in both]
    kappa = cohen_kappa([decided[name] for name in both], theirs, [families[name] for name in both])
    costs = [one.cost_usd for one in judgements if one.cost_usd is not None]
    return Judged(
        judge=judge.model,
        against=judge.against,
        n=len(decided),
        win_rate=sum(wins) / len(wins),
        low=raw.low,
        high=raw.high,
        controlled=controlled.controlled,
        controlled_low=controlled.low,
        controlled_high=controlled.high,
        ties=sum(winner == "tie" for winner in decided.values()),
        order_disagreements=sum(one.first != one.second for one in judgements if one.id in decided),
        unusable=sum((one.first is None) + (one.second is None) for one in judgements),
        kappa=kappa.value,
        kappa_low=kappa.low,
        kappa_high=kappa.high,
        labels=len(both),
        human_agreement=kappa.observed,
        base_rate=max(Counter(theirs).values()) / len(theirs) if theirs else None,
        cost_usd=sum(costs) if len(costs) == len(judgements) else None,
    )


def labels_of(judge: Judge, root: Path, ids: Sequence[str], note: Callable[[str], None]) -> dict[str, Winner]:
    """The human verdicts on these items; those on others are counted in a note.

    Raises `InputError` naming file and line for a label without an id or a winner, or a second one for an item.
    """
    if not judge.labels:
        return {}
    names: dict[object, Winner] = {"student": "student", judge.against: "other", "tie": "tie"}
    found: dict[str, Winner] = {}
    for where, row in json_rows(root / judge.labels):
        winner = row.get("winner")
        if row.get("id") in (None, ""):
            raise InputError(f"{where}: a label needs an `id`", 'Write {"id": "...", "winner": "student"}.')
        if not isinstance(winner, str) or winner not in names:
            fix = f"The winner is one of: {', '.join(map(str, names))}."
            raise InputError(f"{where}: winner is {winner!r}", fix)
        if (name := plain(row["id"])) in found:
            raise InputError(f"{where}: a second label for {name!r}", "Keep one label an item.")
        found[name] = names[winner]
    known = {name: winner for name, winner in found.items() if name in set(ids)}
    if others := len(found) - len(known):
        note(f"judge: {others} of {len(found)} labels in {judge.labels} are for items that were not judged")
    return known
