"""The judge's part of an evaluation: which answers it compares, what it found, and what asking it would cost."""

from collections.abc import Iterable, Mapping, Sequence

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_rows
from blackbox_kd.measures import Judged
from blackbox_kd.records import Item, Prediction, Prompt
from blackbox_kd.run import ITEMS, PREDICTIONS, RunDir, require
from blackbox_kd.stages.estimating import Estimate
from blackbox_kd.stages.evaluating.judging import Pair, judge_estimate, judge_pairs, still_valid
from blackbox_kd.stages.evaluating.opinions import judge_of
from blackbox_kd.stages.evaluating.subjects import subjects
from blackbox_kd.stages.evaluating.winning import judged, labels_of


def judged_by(
    run: RunDir, config: Config, prompts: Mapping[str, Prompt], predictions: Iterable[Prediction], items: Sequence[Item]
) -> Judged | None:
    """What the judge found: asked with `--judge`, else what is on file of the very same texts; None without either.

    Raises `UsageError` for `--judge` without `[judge]`, and what asking a teacher raises.
    """
    if config.judge is None and not config.evaluate.judge:
        return None
    judge = judge_of(config)
    found = pairs(prompts, predictions, judge.against)
    judgements = (judge_pairs if config.evaluate.judge else still_valid)(run, config, found)
    if not judgements:
        return None
    families = {one.id: one.family for one in items}
    labels = labels_of(judge, run.root, [one.id for one in judgements], run.progress.note)
    return judged(judgements, families, labels, judge, draws=config.evaluate.draws, seed=config.seed)


def pairs(prompts: Mapping[str, Prompt], predictions: Iterable[Prediction], against: str) -> list[Pair]:
    """The student's answers beside those of the other arm, by prompt, where there are both."""
    texts = {(one.model, one.prompt_id): one.text for one in predictions if one.model in ("student", against)}
    return [
        Pair(
            id=name,
            messages=prompt.messages,
            student=texts["student", name],
            other=texts[against, name],
            reference=prompt.reference,
        )
        for name, prompt in prompts.items()
        if ("student", name) in texts and (against, name) in texts
    ]


def forecast(run: RunDir, config: Config) -> Estimate:
    """What `--judge` would ask and cost, for the answers of the last evaluation; no network, no change."""
    judge = judge_of(config)
    held_out = {one.id for one in read_rows(require(run / ITEMS, "evaluate"), Item) if not one.retention}
    prompts = {name: one for name, one in subjects(run, config).prompts.items() if name in held_out}
    found = pairs(prompts, read_rows(require(run / PREDICTIONS, "evaluate"), Prediction), judge.against)
    if not found:
        raise InputError("no answers to judge", "Run `bbkd evaluate` first.")
    return judge_estimate(run, config, found)
