"""Reference-based verification: an answer against the prompt's reference, by metrics; nothing is asked."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from blackbox_kd.jsonl import read_rows, text_digest
from blackbox_kd.metrics import Metric
from blackbox_kd.records import Prompt
from blackbox_kd.run import PROMPTS, Progress, RunDir, require
from blackbox_kd.stages.evaluating.scoring import Scorer, scorer


def verifiers(specs: Iterable[str | Metric], root: Path) -> tuple[Scorer, ...]:
    """The metrics of `[scoring] verify`, ready; raises `UsageError` for one that cannot work."""
    return tuple(scorer(spec, root)[1] for spec in specs)


def references_of(run: RunDir) -> dict[str, str]:
    """The references of the train prompts that have one, by prompt id."""
    prompts = read_rows(require(run / PROMPTS, "prompts"), Prompt)
    references = {one.id: one.reference or "" for one in prompts if one.split == "train"}
    return {name: text for name, text in references.items() if text.strip()}


def verified(text: str, reference: str | None, metrics: Iterable[Scorer]) -> float | None:
    """The smallest score, from 0 to 1, by the metrics that can be told; None where there is none.

    Without a reference that is by those that need none. Execution ends at each metric's own limits.
    """
    usable = [one for one in metrics if reference is not None or not one.needs_reference]
    return min((one.score(text, reference or "") for one in usable), default=None)


def verified_all(
    answers: Mapping[str, str], references: Mapping[str, str], metrics: tuple[Scorer, ...], progress: Progress
) -> dict[str, float]:
    """`verified` of answers by completion id, equal answers to a prompt once."""
    if not metrics:
        return {}
    found: dict[str, float] = {}
    known: dict[str, float | None] = {}
    progress.start("judge: verifying", len(answers))
    for name, text in answers.items():
        prompt = name.rpartition("#")[0]
        key = text_digest(prompt, text, length=32)
        if key not in known:
            known[key] = verified(text, references.get(prompt), metrics)
        if (score := known[key]) is not None:
            found[name] = score
        progress.advance()
    progress.finish()
    return found
