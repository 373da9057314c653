"""filter: what the student will learn from, and a reason for everything else. It never asks anybody anything."""

from collections import Counter
from collections.abc import Iterable

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.filters import Filter, SetFilter
from blackbox_kd.jsonl import read_rows, text_digest, write_rows
from blackbox_kd.records import Completion, Example, Message, Rejection, Verdict
from blackbox_kd.run import COMPLETIONS, REJECTED, TRAIN_ROWS, VALIDATION_ROWS, Counts, RunDir, require
from blackbox_kd.stages.stage import Stage
from blackbox_kd.text import fold


def main(run: RunDir, config: Config) -> Counts:
    """Judge every train completion; writes dataset/train.jsonl, dataset/validation.jsonl and rejected.jsonl.

    Raises `InputError` if no row is left.
    """
    found = list(read_rows(require(run / COMPLETIONS, "generate"), Completion))
    completions = [one for one in found if one.split == "train"]
    verdicts = judged(completions, config.filter.rules())
    kept = [one for one in completions if not verdicts[one.id]]
    rejections = [rejection(one, verdicts[one.id]) for one in completions if verdicts[one.id]]
    if len(kept) + len(rejections) != len(completions):
        raise AssertionError(f"{len(kept)} kept + {len(rejections)} rejected != {len(completions)}")
    reasons = Counter(one.reason for one in rejections)
    write_rows(run / REJECTED, rejections)
    if not kept:
        for name in (TRAIN_ROWS, VALIDATION_ROWS):  # of another filtering: nothing is left to train on
            (run / name).unlink(missing_ok=True)
        common = ", ".join(f"{name} {count}" for name, count in reasons.most_common(5)) or "no completions of prompts"
        raise InputError(
            f"no row is left of {len(completions)}: {common}",
            f"Look into {run / REJECTED}, then loosen a filter in [filter].",
        )
    share = config.filter.validation
    validation = [one for one in kept if is_validation(one, share)]
    train = [one for one in kept if not is_validation(one, share)]
    if not train:
        train, validation = validation, []
    apart(train, validation, [one for one in found if one.split == "held_out"])
    write_rows(run / TRAIN_ROWS, map(example, train))
    write_rows(run / VALIDATION_ROWS, map(example, validation))
    rows = len(train)
    counts: Counts = {"completions": len(completions), "held_out": len(found) - len(completions), "kept": len(kept)}
    counts |= {"rejected": len(rejections), "train_rows": rows, "validation_rows": len(kept) - rows}
    return counts | cost(completions, len(kept)) | {f"rejected.{name}": n for name, n in sorted(reasons.items())}


def cost(completions: list[Completion], kept: int) -> Counts:
    """What a kept row cost, in USD: all money of the train completions shared out; absent where a price is unknown.

    Equal prompts under different ids share one reply, which was paid once.
    """
    found = {(one.teacher, one.sample, one.messages): one.cost_usd for one in completions}
    known = [usd for usd in found.values() if usd is not None]
    if not kept or len(known) < len(found):
        return {}
    return {"cost_per_kept_usd": float(f"{sum(known) / kept:.4g}")}


def judged(completions: list[Completion], rules: Iterable[Filter]) -> dict[str, tuple[Verdict, ...]]:
    """The verdicts against each completion: all that row filters find; set filters see what those kept."""
    against: dict[str, list[Verdict]] = {one.id: [] for one in completions}
    for rule in rules:
        still = completions
        if isinstance(rule, SetFilter):
            still = [one for one in completions if not against[one.id]]
            verdicts = rule.run(still)
        else:
            verdicts = map(rule.check, completions)
        for one, verdict in zip(still, verdicts, strict=True):
            if not verdict.kept:
                against[one.id].append(verdict)
    return {name: tuple(verdicts) for name, verdicts in against.items()}


def rejection(completion: Completion, verdicts: tuple[Verdict, ...]) -> Rejection:
    """The record of a completion that did not pass."""
    first = verdicts[0]
    return Rejection(id=completion.id, reason=f"{first.rule}:{first.reason}", verdicts=verdicts, completion=completion)


def is_validation(completion: Completion, share: float) -> bool:
    """Whether a prompt's rows measure validation loss: fixed by its family, which stays on one side."""
    return int(text_digest("validation", completion.family or completion.prompt_id), 16) / 16**16 < share


def apart(*sides: list[Completion]) -> None:
    """Raise `InputError` if a prompt's text is on two sides."""
    where: dict[str, int] = {}
    for number, side in enumerate(sides):
        for one in side:
            text = fold("\n".join(turn.content for turn in one.messages))
            if where.setdefault(text, number) != number:
                message = f"the prompt of {one.id} is on two sides of the split: {one.messages[-1].content[:60]!r}"
                raise InputError(message, "Run `bbkd prompts` again: it keeps equal prompts together.")


def example(completion: Completion) -> Example:
    """The row to train on."""
    answer = (Message(role="assistant", content=completion.text.strip()),)
    return Example(id=completion.id, prompt=completion.messages, completion=answer, weight=completion.weight)


STAGE = Stage(
    name="filter",
    settings=lambda config: {"": config.filter},
    reads=lambda run, config: [run / COMPLETIONS],
    writes=(TRAIN_ROWS, VALIDATION_ROWS, REJECTED),
    main=main,
)
