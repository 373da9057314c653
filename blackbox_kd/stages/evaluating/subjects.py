"""What is measured: the held-out prompts with the teacher's answers to them, or the rows of a file of completions."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_rows, text_digest
from blackbox_kd.records import Completion, Example, Item, Prediction, Prompt
from blackbox_kd.run import COMPLETIONS, PROMPTS, TRAIN_ROWS, RunDir, require
from blackbox_kd.shingles import nearest
from blackbox_kd.stages.content import asked_text, content_key
from blackbox_kd.stages.evaluating.evidence import AGAIN
from blackbox_kd.stages.evaluating.logged import logged

NEAR = 0.5  # of a prompt's own shingles: from here on a training prompt is near


class Subjects(NamedTuple):
    """Prompts by id, sorted; the teacher's answers, where there are any; what is given of the student's."""

    prompts: dict[str, Prompt]
    teacher: dict[str, Prediction]
    again: tuple[Prediction, ...] = ()  # the teacher's second answers
    given: tuple[Prediction, ...] = ()  # the student's answers, from a file
    request_usd: float | None = None  # what the teacher's answer to one of the run's prompts among these cost, mean
    notes: tuple[str, ...] = ()


def subjects(run: RunDir, config: Config) -> Subjects:
    """What there is to measure; raises `InputError` where that is nothing."""
    if config.evaluate.completions:
        return from_file(run, config, run.root / config.evaluate.completions)
    found = list(read_rows(require(run / COMPLETIONS, "generate"), Completion))
    answers = {one.prompt_id: one for one in found if one.split == "held_out" and one.sample == 0}
    if not answers:
        raise InputError("no held-out prompt has an answer", "Set [prompts] held_out above 0, then `bbkd generate`.")
    held_out = [one for one in read_rows(run / PROMPTS, Prompt) if one.split == "held_out"]
    chosen = limited((one for one in held_out if one.id in answers), config.evaluate.limit)
    wanted = min(len(held_out), config.evaluate.limit or len(held_out))
    missing = wanted - len(chosen)
    note = f"{missing} of {wanted} held-out prompts have no answer of the teacher and are left out."
    seconds = [one for one in found if one.prompt_id in chosen and one.split == "held_out" and one.sample == 1]
    return Subjects(
        prompts={one.id: one for one in held_out if one.id in chosen},
        teacher={name: predicted("teacher", answers[name]) for name in sorted(chosen)},
        again=tuple(predicted(AGAIN, one) for one in seconds),
        request_usd=request_usd(answers, chosen),
        notes=(note,) if missing else (),
    )


def from_file(run: RunDir, config: Config, path: Path) -> Subjects:
    """The rows of a file: answers that the student gave somewhere else, on prompts of the run or on others."""
    known = list(read_rows(run / PROMPTS, Prompt)) if (run / PROMPTS).exists() else []
    completions = read_rows(run / COMPLETIONS, Completion) if (run / COMPLETIONS).exists() else ()
    answers = {one.prompt_id: one for one in completions if one.split == "held_out" and one.sample == 0}
    found = logged(path, known, answers, config.train.system, config.prompts.near_duplicate)
    chosen = limited(found.prompts, config.evaluate.limit)
    teacher = {
        name: predicted("teacher", answers[name])
        if name in answers and answers[name].text == text
        else Prediction(prompt_id=name, model="teacher", text=text, finish_reason="unknown", completion_tokens=0)
        for name, text in sorted(found.teacher.items())
        if name in chosen
    }
    return Subjects(
        prompts={one.id: one for one in sorted(found.prompts, key=lambda one: one.id) if one.id in chosen},
        teacher=teacher,
        given=tuple(found.student[name] for name in sorted(chosen)),
        request_usd=request_usd(answers, chosen),
        notes=found.notes,
    )


def limited(prompts: Iterable[Prompt], limit: int | None) -> set[str]:
    """The ids of at most so many prompts, those with a reference first, else by digest: a limit takes no one side."""
    chosen = sorted(prompts, key=lambda one: (one.reference is None, text_digest("evaluate", one.id)))
    return {one.id for one in chosen[:limit]}


def request_usd(answers: Mapping[str, Completion], names: Iterable[str]) -> float | None:
    """What a request to the teacher cost, mean over the prompts of these that it answered; None if one is unknown."""
    costs = [answers[name].cost_usd for name in sorted(names) if name in answers]
    known = [cost for cost in costs if cost is not None]
    return sum(known) / len(known) if known and len(known) == len(costs) else None


def predicted(model: str, completion: Completion) -> Prediction:
    """The teacher's completion as a prediction."""
    return Prediction(
        prompt_id=completion.prompt_id,
        model=model,
        text=completion.text,
        finish_reason=completion.finish_reason,
        completion_tokens=completion.usage.completion_tokens,
    )


def items_of(prompts: Mapping[str, Prompt], run: RunDir) -> list[Item]:
    """The prompts as items, each with how near a training prompt comes to it; only what was trained on counts."""
    texts = [asked_text(one.messages) for one in prompts.values()]
    near: list[float | None] = [None] * len(texts)
    if (run / TRAIN_ROWS).exists():
        trained = [asked_text(one.prompt) for one in read_rows(run / TRAIN_ROWS, Example)]
        near = [0.0 if one is None else one[1] for one in nearest(texts, trained)]
    return [item(prompt, similarity) for prompt, similarity in zip(prompts.values(), near, strict=True)]


def item(prompt: Prompt, similarity: float | None, retention: bool = False) -> Item:
    """One prompt as an item."""
    found = [prompt.slice] if prompt.slice else []
    if similarity is not None:
        found.append("near training" if similarity >= NEAR else "far from training")
    return Item(
        id=prompt.id,
        key=content_key(prompt.messages),
        family=prompt.family,
        slices=tuple(found),
        reference=prompt.reference,
        nearest=None if similarity is None else round(similarity, 4),
        retention=retention,
    )
