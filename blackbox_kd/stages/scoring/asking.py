"""What a judge is asked about completions, before anybody is asked, and what to make of its replies."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Completion, Prompt
from blackbox_kd.stages.evaluating.opinions import Opinion

Opinions = Mapping[str, Opinion]  # by the id of the prompt to the judge
References = Mapping[str, str]  # by prompt id


class Asking(NamedTuple):
    """Prompts to the judge about `rows` completions, and the scores by completion id that its replies come to."""

    prompts: list[Prompt]
    rows: int
    scores: Callable[[Opinions], dict[str, float]]


def by_digest(names: Iterable[str]) -> list[str]:
    """Ids in an order of chance that is always the same: who judges, or reviews, a few of them takes the first ones."""
    return sorted(names, key=lambda name: text_digest("judge", name))


def first(rows: Sequence[Completion], count: int | None) -> list[Completion]:
    """At most `count` of the completions, chosen by the digest of their ids."""
    chosen = set(by_digest(one.id for one in rows)[:count])
    return [one for one in rows if one.id in chosen]
